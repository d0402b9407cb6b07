// A backlog of the service: rows accepted as the API accepts them, and rings made as the API makes them, in a queue that is
// held until the clock starts.

import { createHash } from 'node:crypto';
import { createLog, openDoorbell, QUEUE_NAME, type QueueConfig, type Ring } from '@customer-service/runtime';
import { type Accepted, acceptTransactions, type NewTransaction, openDatabase } from '@customer-service/store';
import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { v7 as uuidv7 } from 'uuid';
import { type Event, type EventsOf, makeEvents } from './events.ts';
import type { Services } from './services.ts';
import { type Shop, untilApplied } from './shop.ts';

/** As many as the API takes with one INSERT. */
const ACCEPTED_AT_ONCE = 500;

function rowOf(event: Event, shop: Shop): NewTransaction {
  const { type, key, points, amount_minor } = event;
  return {
    ...{
      id: uuidv7(),
      customer_id: shop.ids[event.customer] as string,
      idempotency_key: key,
      type,
      points,
      amount_minor,
    },
    ...{ currency: amount_minor === null ? null : 'USD', fingerprint: createHash('sha256').update(key).digest() },
    ...{ order_id: null, source: null, external_reference: null, description: null, occurred_at: null, terms: null },
    accepted_from: 'service:bench',
  };
}

/**
 * Accepts a lot of events in their order. They say that they were accepted an hour from now, by the service's test clock,
 * so that the worker's sweep, which applies without the queue what has waited for half a second, leaves them alone. All in
 * one SQL transaction, so that nobody else sees that clock, or the sweep would be an hour ahead as well.
 * @param accepted is called with each lot of rows that went in together
 */
export async function acceptLot(
  shop: Shop,
  lot: EventsOf,
  accepted: (rows: Accepted['transaction'][]) => void = () => {},
): Promise<Event[]> {
  const db = openDatabase({ url: shop.url, pool_max: 1, application_name: 'bench' });
  const events = makeEvents(lot);
  try {
    await db.transaction(async (tx) => {
      await tx('test_clock').insert({ ahead_by: '1 hour' });
      for (let first = 0; first < events.length; first += ACCEPTED_AT_ONCE) {
        const some = events.slice(first, first + ACCEPTED_AT_ONCE).map((event) => rowOf(event, shop));
        const answers = await acceptTransactions(tx, some);
        accepted(answers.map((answer) => (answer as Accepted).transaction));
      }
      await tx('test_clock').delete();
    });
    shop.posted += events.length;
  } finally {
    await db.destroy();
  }
  return events;
}

/** The queue of a running worker, to be held and let go. */
export interface HeldQueue {
  /** Accepts the events, rings for them, and lets the worker begin. @returns events a second until all is applied */
  drain(lot: EventsOf): Promise<number>;
}

export function holdQueue(services: Services, shop: Shop, redis_url: string | null): HeldQueue {
  const config: QueueConfig = { redis_url, direct_database_url: shop.url };
  const log = createLog('bench', 'fatal');
  const doorbell = openDoorbell(config, log);
  const { queue, disconnect } = openQueue(config);
  queue.on('error', () => {}); // what was asked of it fails, and tells
  services.onClose(async () => {
    await (await doorbell).close();
    await queue.close();
    disconnect();
  });
  return {
    drain: async (lot) => {
      const bell = await doorbell;
      await queue.pause();
      const accepted = new Map<string, Accepted['transaction']>();
      const ring = (id: string) => {
        const { type, customer_id } = accepted.get(id) as Accepted['transaction'];
        bell.ring(type, { id, customer_id });
      };
      await acceptLot(shop, lot, (rows) => {
        for (const row of rows) {
          accepted.set(row.id, row);
          ring(row.id);
        }
      });
      await untilRung(queue, [...accepted.keys()], ring);
      await shop.db.query('checkpoint');
      const began = performance.now();
      await queue.resume();
      await untilApplied(shop);
      return (lot.count / (performance.now() - began)) * 1_000;
    },
  };
}

type AnyQueue = Pick<Queue, 'pause' | 'resume' | 'getJobs' | 'close' | 'on'>;

function openQueue({ redis_url, direct_database_url }: QueueConfig): { queue: AnyQueue; disconnect(): void } {
  if (redis_url === null) {
    const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
    const queue = new PostgresQueue(QUEUE_NAME, { connection: { connectionString: direct_database_url, max: 1 } });
    return { queue: queue as unknown as AnyQueue, disconnect() {} };
  }
  const connection = new Redis(redis_url, { maxRetriesPerRequest: null });
  return { queue: new Queue(QUEUE_NAME, { connection }), disconnect: () => connection.disconnect() };
}

/** Other jobs of the service have no rings. None may be missing, or the sweep would have to make good for it: what a busy machine has lost is rung for again. */
async function untilRung(queue: AnyQueue, ids: readonly string[], ring: (id: string) => void): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (let again = Date.now() + 1_000; ; ) {
    const jobs = (await queue.getJobs(['waiting'])) as { data: { transactions?: Ring[] } }[];
    const rung = new Set(jobs.flatMap(({ data }) => (data.transactions ?? []).map(({ id }) => id)));
    const missing = ids.filter((id) => !rung.has(id));
    if (missing.length === 0) return;
    if (Date.now() > deadline) throw new Error(`${missing.length} of ${ids.length} rings did not reach the queue`);
    if (Date.now() > again) {
      for (const id of missing) ring(id);
      again = Date.now() + 1_000;
    }
  }
}
