// The steps of a replay, each over HTTP and nothing else: create the customers, post the orders as a till would, wait
// until nothing is pending, read what came of it. They must not know the loyalty rules or what the outcome should be.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './http-client.ts';
import type { SuperstoreCustomer, SuperstoreOrder } from './superstore.ts';

/** What every step needs. `advance` says that one more item of the step is done. */
export interface Run {
  client: Client;
  concurrency: number;
  advance: () => void;
}

export interface Posted {
  transaction_id: string;
  was_replayed: boolean;
}

export interface Outcome {
  loyalty: Loyalty;
  /** How many of this shop's transactions stand in each status; what else the customer did isn't counted. */
  applied: number;
  rejected: number;
}

export interface Loyalty {
  points_available: number;
  tier: string;
  total_spent_minor: number;
  visits_count: number;
}

interface Customer {
  id: string;
  external_id: string | null;
  loyalty: Loyalty;
}

interface Transaction {
  id: string;
  status: string;
}

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Creates the customers, or finds those that exist: external id → id. */
export async function createCustomers(run: Run, customers: SuperstoreCustomer[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  await inParallel(run.concurrency, customers, async (customer) => {
    const body = customer;
    const answer = await run.client<Customer>({ method: 'POST', path: '/customers', body, expect: [201, 409] });
    const id = answer.status === 201 ? answer.body.id : await findCustomer(run.client, customer.external_id);
    ids.set(customer.external_id, id);
    run.advance();
  });
  return ids;
}

async function findCustomer(client: Client, external_id: string): Promise<string> {
  const path = `/customers?external_id=${encodeURIComponent(external_id)}`;
  const { body } = await client<Page<Customer>>({ method: 'GET', path, expect: [200] });
  const found = body.items.find((customer) => customer.external_id === external_id);
  if (!found) throw new Error(`Customer ${external_id} is refused as existing, but GET ${path} doesn't find it`);
  return found.id;
}

/**
 * Posts the orders in the order given, each under its order id as the idempotency key: order id → what was answered.
 * Two orders of one customer are never under way together: the second waits for the 202 of the first, because that is
 * what makes the service apply them in this order.
 */
export async function postOrders(
  run: Run,
  orders: SuperstoreOrder[],
  ids: Map<string, string>,
): Promise<Map<string, Posted>> {
  const posted = new Map<string, Posted>();
  const latest = new Map<string, Promise<Posted>>();
  await inParallel(run.concurrency, orders, async (order) => {
    // Orders are begun in their order, so the one waited for is always under way: no two can wait for each other.
    const sent = afterwards(latest.get(order.external_id), () => postOrder(run.client, order, ids));
    latest.set(order.external_id, sent);
    posted.set(order.order_id, await sent);
    run.advance();
  });
  return posted;
}

async function afterwards<T>(previous: Promise<T> | undefined, next: () => Promise<T>): Promise<T> {
  await previous;
  return next();
}

async function postOrder(client: Client, order: SuperstoreOrder, ids: Map<string, string>): Promise<Posted> {
  const { order_id, external_id, amount_minor, occurred_at } = order;
  const { headers, body } = await client<Transaction>({
    method: 'POST',
    path: `/customers/${ids.get(external_id)}/loyalty/earn`,
    body: { amount_minor, currency: 'USD', order_id, source: 'superstore', occurred_at },
    idempotency_key: order_id,
    expect: [202],
  });
  return { transaction_id: body.id, was_replayed: headers.get('idempotent-replayed') === 'true' };
}

/** Returns when none of the customers has a pending transaction; throws when `deadline_ms` runs out before that. */
export async function waitUntilSettled(run: Run, ids: Iterable<string>, deadline_ms: number): Promise<void> {
  const deadline = performance.now() + deadline_ms;
  let waiting = [...ids];
  while (waiting.length > 0) {
    const still: string[] = [];
    await inParallel(run.concurrency, waiting, async (id) => {
      const path = `/customers/${id}/loyalty/transactions?status=pending&limit=1`;
      const { body } = await run.client<Page<Transaction>>({ method: 'GET', path, expect: [200] });
      if (body.items.length > 0) still.push(id);
      else run.advance();
    });
    if (still.length > 0 && performance.now() > deadline) {
      const seconds = deadline_ms / 1000;
      throw new Error(`${still.length} customers have pending transactions after ${seconds} s: is a worker running?`);
    }
    waiting = still;
    if (waiting.length > 0) await sleep(100);
  }
}

/** Reads each customer's account and the outcomes of the transactions in `posted`: external id → outcome. */
export async function readOutcomes(
  run: Run,
  ids: Map<string, string>,
  posted: Map<string, Posted>,
): Promise<Map<string, Outcome>> {
  const ours = new Set([...posted.values()].map((row) => row.transaction_id));
  const outcomes = new Map<string, Outcome>();
  await inParallel(run.concurrency, [...ids], async ([external_id, id]) => {
    const { body } = await run.client<Customer>({ method: 'GET', path: `/customers/${id}`, expect: [200] });
    const applied = await countOurs(run.client, `/customers/${id}/loyalty/transactions?status=applied`, ours);
    const rejected = await countOurs(run.client, `/customers/${id}/loyalty/transactions?status=rejected`, ours);
    outcomes.set(external_id, { loyalty: body.loyalty, applied, rejected });
    run.advance();
  });
  return outcomes;
}

async function countOurs(client: Client, list: string, ours: Set<string>): Promise<number> {
  let count = 0;
  let cursor: string | null = null;
  do {
    const path: string = `${list}&limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await client<Page<Transaction>>({ method: 'GET', path, expect: [200] });
    count += body.items.filter((transaction) => ours.has(transaction.id)).length;
    cursor = body.next_cursor;
  } while (cursor !== null);
  return count;
}

/** Begins the items in their order, at most `concurrency` at once. The first fault is thrown and nothing new begun. */
export async function inParallel<T>(concurrency: number, items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  let failed = false;
  async function takeTurns(): Promise<void> {
    for (const item of rest) {
      if (failed) return;
      await work(item).catch((fault: unknown) => {
        failed = true;
        throw fault;
      });
    }
  }
  await Promise.all(Array.from({ length: concurrency }, takeTurns));
}
