// Customers, and the points that are outstanding, out of a service, over HTTP, a page at a time.

import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Client } from '@customer-service/client';
import { csvLine } from './data-csv.ts';

export interface ExportOptions {
  client: Client;
  format: 'csv' | 'ndjson';
  /** Undefined: the standard output. It appears when it is complete. */
  file: string | undefined;
  report?: (rows: number) => void;
}

/** What the API answers, of which only the names are known here. */
type Item = Record<string, unknown>;

type Columns = [name: string, value: (item: Item) => unknown][];

/** The address that is the primary one, or else the first. */
const addressOf = ({ addresses }: Item): Item => {
  const all = addresses as Item[];
  return all.find(({ is_primary }) => is_primary) ?? all[0] ?? {};
};
const within = (part: string, names: string[]): Columns =>
  names.map((name) => [`${part}.${name}`, (item) => listed((item[part] as Item)[name])]);
/** A list of texts in one cell; of anything else as JSON. */
const listed = (value: unknown): unknown =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value.join(';') : value;
const plain = (names: string[]): Columns => names.map((name) => [name, (item) => listed(item[name])]);

const CUSTOMER_COLUMNS: Columns = [
  ...plain(['id', 'external_id', 'first_name', 'last_name', 'email', 'phone', 'alternate_email', 'alternate_phone']),
  ...['label', 'street', 'city', 'state', 'postal_code', 'country'].map((name): Columns[number] => [
    `address.${name}`,
    (item) => addressOf(item)[name],
  ]),
  ...plain(['date_of_birth', 'gender', 'status', 'tags', 'notes', 'referral_source', 'metadata']),
  ...within('preferences', ['dietary_restrictions', 'allergies', 'favorite_cuisines', 'preferred_payment_method']),
  ...within('preferences', ['notification_channels', 'marketing_consent', 'consents', 'language']),
  ...within('loyalty', ['points_available', 'points_pending', 'tier', 'total_spent_minor', 'visits_count']),
  ...within('loyalty', ['last_visit_at']),
  ...plain(['version', 'created_at', 'updated_at']),
];

/** Those who are there when their page is read, the oldest first. @returns how many */
export function exportCustomers(options: ExportOptions): Promise<number> {
  return write(options.client.customers.list({ sort: 'created', limit: 200 }), CUSTOMER_COLUMNS, options);
}

/** A line a month in which points lapse; without a month: never, or after inactivity. @returns how many lines */
export function exportLiability(options: ExportOptions): Promise<number> {
  return write(listMonths(options.client), plain(['month', 'points', 'as_of']), options);
}

async function* listMonths(client: Client): AsyncGenerator<object> {
  const { by_expiry_month, as_of } = await client.loyalty.liability();
  for (const month of by_expiry_month) yield { ...month, as_of };
}

async function write(items: AsyncIterable<object>, columns: Columns, options: ExportOptions): Promise<number> {
  const { file, format, report } = options;
  let rows = 0;
  async function* texts() {
    if (format === 'csv') yield csvLine(columns.map(([name]) => name));
    for await (const item of items) {
      yield format === 'csv' ? csvLine(columns.map(([, value]) => value(item as Item))) : `${JSON.stringify(item)}\n`;
      rows += 1;
      report?.(rows);
    }
  }
  if (file === undefined) {
    await pipeline(texts, process.stdout, { end: false });
    return rows;
  }
  const partial = `${file}.partial`;
  try {
    await pipeline(texts, createWriteStream(partial, { flush: true, mode: 0o600 }));
    renameSync(partial, file);
    return rows;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
