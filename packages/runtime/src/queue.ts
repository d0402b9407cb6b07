// The only door to BullMQ. The queue is a doorbell: a job says "these customers have something pending", nothing
// more, and may be lost, doubled or late, because the worker's sweep finds in PostgreSQL what no job announced.
// REDIS_URL set: Redis. Not set: the same PostgreSQL. Nothing else in the code knows which.

import { setTimeout as pause } from 'node:timers/promises';
import { createPostgresBackend, Queue, type QueueOptions, UnrecoverableError, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { createBatcher } from './batcher.ts';
import { CANARIES, type Replaceable, watchWorker } from './canary.ts';
import { describeError, type Log } from './log.ts';
import { createSampler } from './sampler.ts';
import { currentTraceparent, inTrace, queueTelemetry } from './trace.ts';

export const QUEUE_NAME = 'loyalty';

/** What a job's data holds, `{ transactions: Ring[] }`: ids only, no person and no points. */
export interface Ring {
  id: string;
  customer_id: string;
}

export interface QueueConfig {
  redis_url: string | null;
  direct_database_url: string;
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
const RETRY_MS = 1_000;
/** How long jobs under way may take to finish at the end of a worker. */
const CLOSE_MS = 5_000;

/** Some errors come by the dozen when a connection is cut: one line a second is enough. */
export function logErrors(emitter: { on(event: 'error', listener: (error: Error) => void): unknown }, log: Log): void {
  const isFirst = createSampler(1);
  emitter.on('error', (error) => isFirst() !== undefined && log.warn({ error }, 'queue connection'));
}

export const reconnect = (attempt: number) => Math.min(attempt * 50, RETRY_MS);

/** After a failover: the server that answers has become a replica. Once a second, for each time ioredis listens once more. */
function leaveReplica(): (error: Error) => boolean {
  const isFirst = createSampler(1);
  return ({ message }) => message.startsWith('READONLY') && isFirst() !== undefined;
}

/** Fails at once instead of collecting commands while Redis is away. */
function connectToRing(url: string): Redis {
  return new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 250,
    // A half-open connection never fails by itself: it is given up after as long without a byte of an answer.
    socketTimeout: 2_000,
    retryStrategy: reconnect,
    reconnectOnError: leaveReplica(),
  });
}

export interface SharedMemory {
  /** An ioredis client, for a library that takes one. */
  client: unknown;
  close(): Promise<void>;
}

/** A connection to Redis for what may be lost, such as counts: every command fails at once while Redis is away. */
export function openSharedMemory(url: string, log: Log): SharedMemory {
  const client = connectToRing(url);
  // The doorbell's connection to the same Redis tells the operator of an outage; once is enough.
  client.on('error', (error) => log.debug({ error }, 'shared memory connection'));
  return { client, close: async () => client.disconnect() };
}

/** Waits for ever, but notices a half-open connection: the socket times out after 8 s without a byte, four times what an idle worker waits for a job. */
function connectToWork(url: string): Redis {
  return new Redis(url, {
    maxRetriesPerRequest: null,
    socketTimeout: 8_000,
    retryStrategy: reconnect,
    reconnectOnError: leaveReplica(),
  });
}

/** BullMQ's PostgreSQL pools have no time limit of their own, and hang on a connection that is silently gone. */
export function postgresConnection(url: string, max: number) {
  return {
    connectionString: url,
    max,
    query_timeout: 10_000,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: `queue ${QUEUE_NAME}`,
  };
}

export const JOB_OPTIONS: QueueOptions['defaultJobOptions'] = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 200, jitter: 0.5 },
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { count: 1_000 },
};

/** Creates what the queue needs in PostgreSQL; on Redis there is nothing to create. Part of the migration step. */
export async function prepareQueue(config: QueueConfig): Promise<void> {
  if (config.redis_url !== null) return;
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  const connection = { ...postgresConnection(config.direct_database_url, 1), query_timeout: 0, migrate: true };
  const queue = new PostgresQueue(QUEUE_NAME, { connection });
  try {
    await queue.waitUntilReady();
    // The first job of a queue creates its sequence, for which API and worker may lack the right (database-roles.sql).
    const first = await queue.add('prepare', {}, { delay: 60_000 });
    await first.remove();
  } finally {
    await queue.close();
  }
}

/** The API's end of the queue. On PostgreSQL: only once the database has answered, for a failed start is final. */
export function openDoorbell(config: QueueConfig, log: Log): Doorbell {
  const { queue, isUp, disconnect } = openQueue(config, log);
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

interface OpenQueue {
  queue: Pick<Queue, 'addBulk' | 'close' | 'getJobCounts' | 'on'>;
  isUp(): boolean;
  disconnect(): void;
}

function openQueue(config: QueueConfig, log: Log): OpenQueue {
  return config.redis_url === null ? postgresQueue(config) : redisQueue(config.redis_url, log);
}

/** A Redis that throws away keys when it is full throws away jobs: nothing is lost, but everything waits for the sweep. */
async function warnOfEviction(connection: Redis, log: Log): Promise<void> {
  const memory = await connection.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  if (policy !== 'noeviction') log.warn({ policy }, 'Redis may evict jobs: set its maxmemory-policy to noeviction');
}

function redisQueue(url: string, log: Log): OpenQueue {
  const connection = connectToRing(url);
  connection.on('error', () => {}); // BullMQ passes it on as the queue's own.
  connection.once('ready', () => void warnOfEviction(connection, log));
  const queue = new Queue(QUEUE_NAME, { connection, defaultJobOptions: JOB_OPTIONS, ...queueTelemetry() });
  return { queue, isUp: () => connection.status === 'ready', disconnect: () => connection.disconnect() };
}

function postgresQueue(config: QueueConfig): OpenQueue {
  const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
  const connection = postgresConnection(config.direct_database_url, 2);
  const queue = new PostgresQueue(QUEUE_NAME, { connection, defaultJobOptions: JOB_OPTIONS, ...queueTelemetry() });
  // It shares the database with the rows: whoever could commit the row can ring.
  return { queue: queue as unknown as Queue, isUp: () => true, disconnect() {} };
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

export interface QueueWorker {
  isUp(): boolean;
  close(): Promise<void>;
}

/** A job that means nothing but "are you there?": see canary.ts. */
const CANARY = { name: 'canary', data: {}, opts: { attempts: 1, removeOnComplete: true, removeOnFail: true } };

/**
 * The worker's end: calls `answer` with the customers of each job and finishes the job when it resolves. A throw makes
 * BullMQ try again later; the transactions are still pending, so nothing hangs on that. A worker that has stopped
 * listening is replaced.
 */
export function openWorker(
  config: QueueConfig,
  log: Log,
  answer: (customerIds: string[]) => Promise<unknown>,
  canary_every_ms?: number,
): QueueWorker {
  const bell = openQueue(config, log);
  bell.queue.on('error', () => {}); // The worker tells of the same outage.
  const process = async (job: { name: string; data: unknown }) => {
    try {
      if (job.name !== CANARY.name) await answer(customersOf(job.data));
    } catch (error) {
      if (error instanceof UnrecoverableError) throw error;
      // BullMQ keeps message and stack of what is thrown with the failed job.
      const { type, code, constraint } = describeError(error);
      throw new Error([type, code, constraint].filter((part) => part !== undefined).join(' '));
    } finally {
      watched.heard();
    }
  };
  const watched = watchWorker({
    ...{ open: () => startWorker(config, log, process), log, every_ms: canary_every_ms },
    ring: () => bell.queue.addBulk(Array(CANARIES).fill(CANARY)),
  });
  return {
    isUp: bell.isUp,
    close: async () => {
      await watched.close();
      // BullMQ waits for a Redis that is away.
      await Promise.race([bell.queue.close(), pause(bell.isUp() ? CLOSE_MS : 0)]).catch(() => {});
      bell.disconnect();
    },
  };
}

type Process = (job: { name: string; data: unknown }) => Promise<unknown>;

function startWorker(config: QueueConfig, log: Log, process: Process): Replaceable {
  const options = {
    // Many jobs at once, because they share runs: see createBatcher.
    concurrency: 200,
    lockDuration: 10_000,
    stalledInterval: 5_000,
    // A job of a killed worker is taken up again however often that happens: to answer it twice is harmless.
    maxStalledCount: 1_000_000,
    drainDelay: 2,
    ...queueTelemetry(),
  };
  if (config.redis_url === null) {
    const { Worker: PostgresWorker } = withBackend(createPostgresBackend);
    const connection = postgresConnection(config.direct_database_url, 10);
    const worker = new PostgresWorker(QUEUE_NAME, process, { ...options, concurrency: 50, connection });
    logErrors(worker, log);
    return { close: (force) => worker.close(force) };
  }
  const connection = connectToWork(config.redis_url);
  connection.on('error', () => {});
  const worker = new Worker(QUEUE_NAME, process, { ...options, connection });
  logErrors(worker, log);
  return {
    close: async (force = false) => {
      // With Redis away or frozen BullMQ would wait for it to come back; the jobs it holds are only rings.
      const up = connection.status === 'ready' && !force;
      await Promise.race([worker.close(!up), pause(up ? CLOSE_MS : 0)]);
      connection.disconnect();
    },
  };
}

/** @throws UnrecoverableError for a job nobody of us can have made: it fails at once and is kept for ops to see */
function customersOf(data: unknown): string[] {
  const transactions = (data as { transactions?: unknown } | null)?.transactions;
  const ids = Array.isArray(transactions)
    ? transactions.map((ring) => (ring as Partial<Ring> | null)?.customer_id)
    : [];
  const valid = ids.filter((id): id is string => typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id));
  if (valid.length === 0 || valid.length !== ids.length)
    throw new UnrecoverableError('not a ring: { transactions: [{ id, customer_id }] } expected');
  return [...new Set(valid)];
}
