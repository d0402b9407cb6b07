// The steps of a replay, each over HTTP and nothing else: create the customers, post the orders as a till would, wait
// until nothing is pending, read what came of it. They must not know the loyalty rules or what the outcome should be.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, ConflictError, type Customer, type LoyaltyTransaction } from '@customer-service/client';
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
  loyalty: Customer['loyalty'];
  /** How many of this shop's transactions stand in each status; what else the customer did isn't counted. */
  applied: number;
  rejected: number;
}

/** Creates the customers, or finds those that exist: external id → id. */
export async function createCustomers(run: Run, customers: SuperstoreCustomer[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  await inParallel(run.concurrency, customers, async (customer) => {
    ids.set(customer.external_id, await createOrFind(run.client, customer));
    run.advance();
  });
  return ids;
}

/** Its external id makes a second one impossible, so that it may be sent again. */
async function createOrFind(client: Client, customer: SuperstoreCustomer): Promise<string> {
  const { external_id } = customer;
  try {
    return (await client.customers.create(customer, { repeatable: true })).id;
  } catch (fault) {
    if (!(fault instanceof ConflictError)) throw fault;
  }
  for await (const { id } of client.customers.list({ external_id })) return id;
  throw new Error(`Customer ${external_id} is refused as existing, but the list of customers doesn't have it`);
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
  const { headers, body } = await client.request('POST /customers/{customer_id}/loyalty/earn', {
    path: { customer_id: ids.get(external_id) as string },
    body: { amount_minor, currency: 'USD', order_id, source: 'superstore', occurred_at },
    idempotency_key: order_id,
  });
  return {
    transaction_id: (body as LoyaltyTransaction).id,
    was_replayed: headers.get('idempotent-replayed') === 'true',
  };
}

/** Returns when none of the customers has a pending transaction; throws when `deadline_ms` runs out before that. */
export async function waitUntilSettled(run: Run, ids: Iterable<string>, deadline_ms: number): Promise<void> {
  const deadline = performance.now() + deadline_ms;
  let waiting = [...ids];
  while (waiting.length > 0) {
    const still: string[] = [];
    await inParallel(run.concurrency, waiting, async (id) => {
      const pending = run.client.loyalty.transactions(id, { status: 'pending', limit: 1 });
      if (!(await pending.next()).done) still.push(id);
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
    const { loyalty } = await run.client.customers.get(id);
    const counts = { applied: 0, rejected: 0 };
    for await (const transaction of run.client.loyalty.transactions(id, { limit: 200 })) {
      const { status } = transaction;
      if (ours.has(transaction.id) && (status === 'applied' || status === 'rejected')) counts[status] += 1;
    }
    outcomes.set(external_id, { loyalty, ...counts });
    run.advance();
  });
  return outcomes;
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
