// The door to the loyalty queue. The queue is a doorbell: a job says "these customers have something pending", nothing
// more, and may be lost, doubled or late, because the worker's sweep finds in PostgreSQL what no job announced.
// REDIS_URL set: Redis. Not set: the same PostgreSQL. Nothing outside the queue*.ts knows which, nor of BullMQ.

import { createBatcher } from './batcher.ts';
import type { Log } from './log.ts';
import {
  loadQueue,
  logErrors,
  openQueue,
  postgresConnection,
  QUEUE_NAMES,
  type QueueConfig,
} from './queue-connections.ts';
import { NoJobError, openQueueWorker, type QueueWorker } from './queue-worker.ts';
import { currentTraceparent, inTrace } from './trace.ts';

export const QUEUE_NAME = 'loyalty' as const;

/** What a job's data holds, `{ transactions: Ring[] }`: ids only, no person and no points. */
export interface Ring {
  id: string;
  customer_id: string;
}

export interface Doorbell {
  /** Never throws and never waits: a ring that fails is the sweep's to make good. */
  ring(type: string, ring: Ring): void;
  isUp(): boolean;
  /** Jobs by state. @throws when the queue is away */
  counts(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

const RINGS_PER_JOB = 50;
/** Rings gathered while the queue is slow; those past it are dropped, and swept. */
const MAX_WAITING = 10_000;

/** Creates what the queues need in PostgreSQL; on Redis there is nothing to create. Part of the migration step. */
export async function prepareQueue(config: QueueConfig): Promise<void> {
  if (config.redis_url !== null) return;
  const { createPostgresBackend, withBackend } = await loadQueue();
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  for (const name of QUEUE_NAMES) {
    const connection = { ...postgresConnection(config.direct_database_url, 1, name), query_timeout: 0, migrate: true };
    const queue = new PostgresQueue(name, { connection });
    try {
      await queue.waitUntilReady();
      // The first job of a queue creates its sequence, for which API and worker may lack the right (database-roles.sql).
      const first = await queue.add('prepare', {}, { delay: 60_000 });
      await first.remove();
    } finally {
      await queue.close();
    }
  }
}

/** The API's end of the queue. On PostgreSQL: only once the database has answered, for a failed start is final. */
export async function openDoorbell(config: QueueConfig, log: Log): Promise<Doorbell> {
  const { queue, isUp, disconnect } = await openQueue(config, QUEUE_NAME, log);
  logErrors(queue, log);
  const batcher = createBatcher<Waiting, null>(async (items) => {
    // Rings of several traces share a job: it goes on with the first. The others are joined again by their rows.
    await inTrace({ name: 'ring', parent: items[0]?.traceparent ?? null }, () => queue.addBulk(toJobs(items)));
    return items.map(() => null);
  }, 1_000);
  return {
    ring: (type, ring) => {
      if (!isUp() || batcher.size() >= MAX_WAITING) return;
      batcher.add({ type, ring, traceparent: currentTraceparent() }).catch((error) => log.warn({ error }, 'ring lost'));
    },
    isUp,
    counts: () => queue.getJobCounts(),
    close: async () => {
      await queue.close();
      disconnect();
    },
  };
}

interface Waiting {
  type: string;
  ring: Ring;
  traceparent: string | null;
}

/** Jobs of one type with up to RINGS_PER_JOB transactions each, in the order in which they were rung. */
export function toJobs(items: readonly { type: string; ring: Ring }[]) {
  const jobs: { name: string; data: { transactions: Ring[] } }[] = [];
  for (const { type, ring } of items) {
    const last = jobs.findLast((job) => job.name === type);
    if (last === undefined || last.data.transactions.length === RINGS_PER_JOB)
      jobs.push({ name: type, data: { transactions: [ring] } });
    else last.data.transactions.push(ring);
  }
  return jobs;
}

/**
 * The worker's end: calls `answer` with the customers of each job and finishes the job when it resolves. A throw makes
 * BullMQ try again later; the transactions are still pending, so nothing hangs on that.
 */
export function openWorker(
  config: QueueConfig,
  log: Log,
  answer: (customerIds: string[]) => Promise<unknown>,
  canary_every_ms?: number,
): Promise<QueueWorker> {
  return openQueueWorker(config, log, {
    ...{ name: QUEUE_NAME, connections: 10, canary_every_ms },
    // Many jobs at once, because they share runs: see createBatcher.
    concurrency: 200,
    answer: (data) => answer(customersOf(data)),
  });
}

/** @throws NoJobError */
function customersOf(data: unknown): string[] {
  const transactions = (data as { transactions?: unknown } | null)?.transactions;
  const ids = Array.isArray(transactions)
    ? transactions.map((ring) => (ring as Partial<Ring> | null)?.customer_id)
    : [];
  const valid = ids.filter((id): id is string => typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id));
  if (valid.length === 0 || valid.length !== ids.length)
    throw new NoJobError('not a ring: { transactions: [{ id, customer_id }] } expected');
  return [...new Set(valid)];
}
