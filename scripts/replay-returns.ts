// Replays the shop's four years again in the data's own time: the service's test clock goes from day to day, points
// lapse after 365 days, and every twentieth order comes back in part a fortnight later. Ends by holding every customer
// against an independent fold. Wants a service without other customers, and with TEST_CLOCK=1.

import type { Client } from '@customer-service/client';
import type { ReplayProgress } from './replay.ts';
import type { Difference } from './replay-report.ts';
import { createCustomers, inParallel, waitUntilSettled } from './replay-steps.ts';
import { readSuperstore, type SuperstoreOrder } from './superstore.ts';
import {
  type ExpectedWithReturns,
  type FoldOrder,
  type FoldReturn,
  foldWithReturns,
} from './superstore-returns-fold.ts';

export interface ReturnsOptions {
  client: Client;
  concurrency: number;
  /** Only the first so many customers (by first purchase) and their orders. */
  customers_limit?: number;
  report?: (progress: ReplayProgress) => void;
}

export interface ReturnsReport {
  customers: number;
  orders: number;
  returns: number;
  days: number;
  points_available: number;
  points_expired: number;
  differences: Difference[];
}

const RETURNED_EVERY = 20;
const RETURNED_AFTER_DAYS = 14;
const DAY_MS = 86_400_000;

const addDays = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);

/** In the order in which they happen: by day, and on a day first what is bought, then what comes back. */
function eventsOf(orders: SuperstoreOrder[]): (FoldOrder | FoldReturn)[] {
  const bought: FoldOrder[] = orders.map(({ external_id, order_id, amount_minor, occurred_at }) => ({
    ...{ external_id, order_id, amount_minor },
    date: occurred_at.slice(0, 10),
  }));
  const returned: FoldReturn[] = bought
    .filter((order, index) => (index + 1) % RETURNED_EVERY === 0 && order.amount_minor > 1)
    .map((order) => ({
      ...order,
      date: addDays(order.date, RETURNED_AFTER_DAYS),
      returned_minor: Math.floor(order.amount_minor / 2),
    }));
  return [...bought, ...returned].sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

function groupBy<Item>(items: Item[], key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

export async function replayReturns(options: ReturnsOptions): Promise<ReturnsReport> {
  const { client, concurrency, report } = options;
  const shop = readSuperstore();
  const customers = shop.customers.slice(0, options.customers_limit);
  const known = new Set(customers.map((customer) => customer.external_id));
  const events = eventsOf(shop.orders.filter((order) => known.has(order.external_id)));
  const days = groupBy(events, (event) => event.date);
  const last_date = addDays([...days.keys()].at(-1) as string, 1);

  const run = { client, concurrency, advance: () => {} };
  const ids = await createCustomers(run, customers);
  await setClock(client, addDays([...days.keys()][0] as string, -1));
  await lapseAfterAYear(client);
  let done = 0;
  for (const [date, todays] of days) {
    await setClock(client, date);
    // Of one customer one after the other; a day's few orders are hardly ever of one.
    const perCustomer = [...groupBy(todays, (event) => event.external_id).values()];
    await inParallel(concurrency, perCustomer, async (own) => {
      for (const event of own) await post(client, event, ids.get(event.external_id) as string);
    });
    done += todays.length;
    report?.({ phase: 'days', done, total: events.length });
  }
  await setClock(client, last_date);
  await waitUntilSettled(run, ids.values(), 60_000);
  return compare(options, { events, ids, last_date, days: days.size });
}

function setClock(client: Client, date: string): Promise<unknown> {
  return client.request('PUT /test-clock', { body: { now: `${date}T00:00:00.000Z` } });
}

async function lapseAfterAYear(client: Client): Promise<void> {
  const { versions } = await client.programme.get();
  const { version: _version, effective_from: _from, ...rules } = versions[0] as (typeof versions)[number];
  await client.programme.put({ ...rules, expiry: { policy: 'rolling_days', days: 365 } });
}

async function post(client: Client, event: FoldOrder | FoldReturn, id: string): Promise<void> {
  const { order_id, date } = event;
  const about = { currency: 'USD', order_id, source: 'superstore', occurred_at: `${date}T00:00:00.000Z` } as const;
  if ('returned_minor' in event) {
    const idempotency_key = `return-of-${order_id}`.replaceAll(' ', '-');
    await client.loyalty.refund(id, { amount_minor: event.returned_minor, ...about }, { idempotency_key });
  } else {
    const idempotency_key = `order-${order_id}`.replaceAll(' ', '-');
    await client.loyalty.earn(id, { amount_minor: event.amount_minor, ...about }, { idempotency_key });
  }
}

interface Compared {
  events: (FoldOrder | FoldReturn)[];
  ids: Map<string, string>;
  last_date: string;
  days: number;
}

async function compare(
  { client, concurrency }: ReturnsOptions,
  { events, ids, last_date, days }: Compared,
): Promise<ReturnsReport> {
  const expected = foldWithReturns(events, last_date);
  const differences: ReturnsReport['differences'] = [];
  let [points_available, points_expired] = [0, 0];
  await inParallel(concurrency, [...ids], async ([external_id, id]) => {
    const balance = await client.loyalty.balance(id);
    const actual: ExpectedWithReturns = {
      total_spent_minor: balance.lifetime.total_spent_minor,
      visits_count: balance.lifetime.visits_count,
      points_available: balance.points_available,
      points_expired: balance.lifetime.expired,
      tier: balance.tier,
    };
    points_available += actual.points_available;
    points_expired += actual.points_expired;
    for (const [field, value] of Object.entries(expected.get(external_id) ?? {})) {
      const found = actual[field as keyof ExpectedWithReturns];
      if (found !== value) differences.push({ external_id, field, expected: value, actual: found });
    }
  });
  const returns = events.filter((event) => 'returned_minor' in event).length;
  const orders = events.length - returns;
  return { customers: ids.size, orders, returns, days, points_available, points_expired, differences };
}
