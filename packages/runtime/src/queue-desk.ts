// Looks into the queue and mends it, for people at a command line: what is in it, what failed and why, and rings that
// are known to have arrived. Unlike the doorbell it waits for the queue, and throws when it can't be reached.

import type { Job, Queue } from 'bullmq';
import { QUEUE_NAME, type Ring, toJobs } from './queue.ts';
import { JOB_OPTIONS, loadQueue, postgresConnection, type QueueConfig } from './queue-connections.ts';

const STATES = ['waiting', 'active', 'delayed', 'failed', 'completed'] as const;
export type QueueCounts = Record<(typeof STATES)[number], number>;

/** A job that rang for a transaction. Moments are RFC 3339; null: not yet. */
export interface RingJob {
  id: string;
  state: string;
  rung_at: string;
  taken_at: string | null;
  finished_at: string | null;
  attempts: number;
  failed_reason: string | null;
}

export interface FailedJob {
  id: string;
  type: string;
  transactions: number;
  attempts: number;
  failed_at: string | null;
  reason: string;
}

export interface QueueDesk {
  counts(): Promise<QueueCounts>;
  /** The latest first. */
  listFailed(limit: number): Promise<FailedJob[]>;
  /** Puts every failed job back. @returns how many there were */
  retryFailed(): Promise<number>;
  /** Forgets every failed job: what it rang for is applied by the sweep all the same. @returns how many there were */
  discardFailed(): Promise<number>;
  /** The job that announced this transaction, as long as the queue remembers it. */
  findRing(transactionId: string): Promise<RingJob | undefined>;
  ring(rings: readonly { type: string; ring: Ring }[]): Promise<void>;
  close(): Promise<void>;
}

type DeskQueue = Pick<Queue, 'addBulk' | 'clean' | 'close' | 'getJobCounts' | 'getJobs' | 'on' | 'retryJobs'>;

/** Jobs one look takes. */
const PAGE = 500;

/** @throws Error when the queue can't be reached, or was never prepared in this database */
export async function openQueueDesk(config: QueueConfig): Promise<QueueDesk> {
  const { queue, disconnect } =
    config.redis_url === null ? await openOnPostgres(config) : await openOnRedis(config.redis_url);
  const close = async () => {
    await queue.close().catch(() => {});
    disconnect();
  };
  const counts = async () => (await queue.getJobCounts(...STATES)) as QueueCounts;
  // BullMQ reports a broken connection here as well as to whoever waits for an answer.
  queue.on('error', () => {});
  return {
    counts,
    close,
    listFailed: async (limit) => (await queue.getJobs('failed', 0, limit - 1)).map(toFailedJob),
    retryFailed: async () => {
      const { failed } = await counts();
      if (failed > 0) await queue.retryJobs({ state: 'failed' });
      return failed;
    },
    discardFailed: async () => (await queue.clean(0, 0, 'failed')).length,
    findRing: (transactionId) => findRing(queue, transactionId),
    ring: async (rings) => {
      await queue.addBulk(toJobs(rings));
    },
  };
}

async function openOnRedis(url: string): Promise<{ queue: DeskQueue; disconnect(): void }> {
  const { Queue, Redis } = await loadQueue();
  const connection = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3_000,
    commandTimeout: 10_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let cause: Error | undefined;
  connection.on('error', (error) => (cause ??= error));
  await connection.connect().catch((error) => {
    throw new Error(`Redis can not be reached: ${cause?.message || error.message}`);
  });
  const queue = new Queue(QUEUE_NAME, { connection, defaultJobOptions: JOB_OPTIONS });
  return { queue, disconnect: () => connection.disconnect() };
}

async function openOnPostgres(config: QueueConfig): Promise<{ queue: DeskQueue; disconnect(): void }> {
  const { createPostgresBackend, withBackend } = await loadQueue();
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  const connection = postgresConnection(config.direct_database_url, 1, QUEUE_NAME);
  const queue = new PostgresQueue(QUEUE_NAME, { connection, defaultJobOptions: JOB_OPTIONS });
  queue.on('error', () => {});
  try {
    await queue.waitUntilReady();
  } catch (error) {
    // Else its pool would keep the process alive.
    await queue.close().catch(() => {});
    throw error;
  }
  return { queue: queue as unknown as DeskQueue, disconnect() {} };
}

const moment = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** What a job's data holds may be anything, if somebody else made it. */
const ringsOf = (job: Job): Partial<Ring>[] => {
  const { transactions } = (job.data ?? {}) as { transactions?: unknown };
  return Array.isArray(transactions) ? transactions : [];
};

function toFailedJob(job: Job): FailedJob {
  const transactions = ringsOf(job).length;
  const { id = '', name: type, attemptsMade: attempts, finishedOn, failedReason: reason } = job;
  return { id, type, transactions, attempts, failed_at: moment(finishedOn), reason };
}

/** Jobs are kept for an hour and a thousand at the most, so to look through them all is quick. */
async function findRing(queue: DeskQueue, transactionId: string): Promise<RingJob | undefined> {
  for (const state of STATES) {
    for (let start = 0; ; start += PAGE) {
      const jobs = await queue.getJobs(state, start, start + PAGE - 1);
      const job = jobs.find((each) => ringsOf(each).some((ring) => ring?.id === transactionId));
      if (job !== undefined) return toRingJob(job, state);
      if (jobs.length < PAGE) break;
    }
  }
  return undefined;
}

const toRingJob = (job: Job, state: string): RingJob => ({
  id: job.id ?? '',
  state,
  rung_at: moment(job.timestamp) as string,
  taken_at: moment(job.processedOn),
  finished_at: moment(job.finishedOn),
  attempts: job.attemptsMade,
  failed_reason: job.failedReason ?? null,
});
