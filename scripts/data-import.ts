// Customers from a file into a service, over HTTP, a batch at a time: memory does not grow with the file. What is in
// already is recognised, so that the way to go on after an interruption is to begin again.

import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { type Client, type CustomerBatch, type CustomerBatchAnswer, ProblemError } from '@customer-service/client';
import { csvLine } from './data-csv.ts';
import { type BadField, columnsOf, type Mapping, mapRow } from './data-mapping.ts';
import { type BadRow, type Row, readRows } from './data-rows.ts';

export interface ImportOptions {
  client: Client;
  file: string;
  /** Null: a file of NDJSON whose lines are what the API takes. */
  mapping: Mapping | null;
  dry_run: boolean;
  /** Where the refused rows are written. */
  refused_file: string;
  report?: (progress: { bytes: number; total: number; rows: number }) => void;
}

export interface Refusal {
  line: number;
  /** As a path; empty when it is the whole row. */
  field: string;
  code: string;
  reason: string;
}

export interface ImportReport {
  rows: number;
  created: number;
  changed: number;
  unchanged: number;
  /** Rows of an external_id that came before, left out because the mapping says so. */
  repeated: number;
  refused: number;
  /** Opening balances that were accepted now, and that had been before. */
  balances_accepted: number;
  balances_replayed: number;
  /** The first of them. */
  refusals: Refusal[];
}

interface Item {
  line: number;
  body: object;
  bytes: number;
}

interface Problem {
  code: string;
  detail?: string;
  errors?: { pointer?: string | undefined; code: string; detail: string }[];
}

/** Below what the service takes at once: 500 items and 1 MiB. */
const BATCH_ITEMS = 250;
const BATCH_BYTES = 900_000;
const REFUSALS_KEPT = 10;

/** @throws Error when the file or the service is not what it should be; what was sent until then is in */
export async function importCustomers(options: ImportOptions): Promise<ImportReport> {
  const report = emptyReport();
  const refusals = openRefusals(options.refused_file, report);
  const total = statSync(options.file).size;
  let bytes = 0;
  let batch: Item[] = [];
  let size = 0;
  const send = async () => {
    await sendBatch(batch, options, { report, refuse: refusals.add });
    batch = [];
    size = 0;
    options.report?.({ bytes, total, rows: report.rows });
  };
  try {
    const rows = readRows(options.file, { ...formatOf(options), onRead: (read) => (bytes += read) });
    for await (const item of itemsOf(rows, options, { report, refuse: refusals.add })) {
      if (batch.length === BATCH_ITEMS || size + item.bytes > BATCH_BYTES) await send();
      batch.push(item);
      size += item.bytes;
    }
    await send();
  } catch (error) {
    throw new Error(`${(error as Error).message}\nNot finished. Begin again: what is in is recognised.`, {
      cause: error,
    });
  } finally {
    refusals.close();
  }
  return report;
}

function emptyReport(): ImportReport {
  return {
    ...{ rows: 0, created: 0, changed: 0, unchanged: 0, repeated: 0, refused: 0 },
    ...{ balances_accepted: 0, balances_replayed: 0, refusals: [] },
  };
}

function formatOf({ file, mapping }: ImportOptions) {
  const format = mapping?.format ?? (/\.(ndjson|jsonl)$/i.test(file) ? 'ndjson' : 'csv');
  if (mapping === null && format === 'csv') {
    throw new Error('A file of CSV needs a --mapping that says which column is which field.');
  }
  const { delimiter = ',', encoding = 'utf-8' } = mapping ?? {};
  return { format, delimiter, encoding, columns: mapping === null ? [] : columnsOf(mapping) } as const;
}

interface Told {
  report: ImportReport;
  refuse: (line: number, faults: Omit<Refusal, 'line'>[]) => void;
}

async function* itemsOf(
  rows: AsyncIterable<Row | BadRow>,
  { mapping }: ImportOptions,
  { report, refuse }: Told,
): AsyncGenerator<Item> {
  const seen = mapping?.repeats === 'first' ? new Set<unknown>() : undefined;
  for await (const row of rows) {
    report.rows += 1;
    const { item, bad } = 'values' in row ? mapped(row, mapping) : { item: {}, bad: [{ field: '', ...row }] };
    const { external_id } = item as { external_id?: unknown };
    if (bad.length > 0) refuse(row.line, bad);
    else if (seen?.has(external_id)) report.repeated += 1;
    else {
      if (external_id !== undefined) seen?.add(external_id);
      yield { line: row.line, body: item, bytes: Buffer.byteLength(JSON.stringify(item)) };
    }
  }
}

function mapped({ values }: Row, mapping: Mapping | null): { item: object; bad: BadField[] } {
  return mapping === null ? { item: values, bad: [] } : mapRow(mapping, values);
}

/** A body that can't be read, such as one with half a character, is looked for among its halves. */
async function sendBatch(batch: Item[], options: ImportOptions, told: Told): Promise<void> {
  const [first] = batch;
  if (first === undefined) return;
  // Rows are what they are: the service says what is wrong with them.
  const body = { items: batch.map((item) => item.body) } as CustomerBatch;
  const { batch: send, tryBatch } = options.client.customers;
  const answer = await (options.dry_run ? tryBatch : send)(body).catch((error) => {
    if (error instanceof ProblemError && (error.status === 400 || error.status === 413)) return error;
    throw error;
  });
  if (!(answer instanceof ProblemError)) return count(batch, answer, told);
  if (batch.length === 1) return told.refuse(first.line, faultsOf(answer));
  const half = Math.ceil(batch.length / 2);
  await sendBatch(batch.slice(0, half), options, told);
  await sendBatch(batch.slice(half), options, told);
}

function count(batch: Item[], { items }: CustomerBatchAnswer, { report, refuse }: Told): void {
  for (const [index, { outcome, opening_balance, problem }] of items.entries()) {
    if (outcome === 'refused') refuse(batch[index]?.line ?? 0, faultsOf(problem as Problem));
    else report[outcome] += 1;
    if (opening_balance !== undefined) report[`balances_${opening_balance}`] += 1;
  }
}

function faultsOf({ code, detail = '', errors = [] }: Problem): Omit<Refusal, 'line'>[] {
  if (errors.length === 0) return [{ field: '', code, reason: detail }];
  return errors.map((error) => {
    const field = (error.pointer ?? '').slice(1).replaceAll('/', '.');
    return { field, code: error.code, reason: error.detail };
  });
}

/** A file of CSV, made with the first refusal. A reason may quote the value that is wrong, so nobody else may read it. */
function openRefusals(file: string, report: ImportReport) {
  let descriptor: number | undefined;
  rmSync(file, { force: true });
  return {
    add: (line: number, faults: Omit<Refusal, 'line'>[]): void => {
      if (descriptor === undefined) {
        descriptor = openSync(file, 'wx', 0o600);
        writeSync(descriptor, csvLine(['line', 'field', 'code', 'reason']));
      }
      report.refused += 1;
      for (const { field, code, reason } of faults) {
        writeSync(descriptor, csvLine([line, field, code, reason]));
        if (report.refusals.length < REFUSALS_KEPT) report.refusals.push({ line, field, code, reason });
      }
    },
    close: (): void => {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}
