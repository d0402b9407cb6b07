// How the queues are reached, on Redis or on PostgreSQL, with the time limits that keep a queue that is away from holding
// anybody up. Knows no jobs.

import type { Queue, QueueOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import pg from 'pg';
import type { Log } from './log.ts';
import { createSampler } from './sampler.ts';
import { queueTelemetry } from './trace.ts';

/** Of what was posted, and of what is to be sent to others. */
export const QUEUE_NAMES = ['loyalty', 'webhooks'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

export interface QueueConfig {
  redis_url: string | null;
  direct_database_url: string;
}

export type Library = typeof import('bullmq') & Pick<typeof import('ioredis'), 'Redis'>;

/** They take as long to load as all the rest of a process: a worker that has just been started sweeps before. */
export async function loadQueue(): Promise<Library> {
  const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
  return { ...bullmq, Redis };
}

const RETRY_MS = 1_000;

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
export function connectToRing({ Redis }: Library, url: string): Redis {
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

/** Waits for ever, but notices a half-open connection: the socket times out after 8 s without a byte, four times what an idle worker waits for a job. */
export function connectToWork({ Redis }: Library, url: string): Redis {
  return new Redis(url, {
    maxRetriesPerRequest: null,
    socketTimeout: 8_000,
    retryStrategy: reconnect,
    reconnectOnError: leaveReplica(),
  });
}

/**
 * While BullMQ has a connection out of its pool nobody listens to it: were it ended between two statements, the process
 * would be. Whoever asks it next is told.
 */
class HeardClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => {});
  }
}

/** BullMQ's PostgreSQL pools have no time limit of their own, and hang on a connection that is silently gone. */
export function postgresConnection(url: string, max: number, name: QueueName) {
  return {
    connectionString: url,
    max,
    query_timeout: 10_000,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: `queue ${name}`,
    Client: HeardClient,
  };
}

export const JOB_OPTIONS: QueueOptions['defaultJobOptions'] = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 200, jitter: 0.5 },
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { count: 1_000 },
};

export interface OpenQueue {
  queue: Pick<Queue, 'addBulk' | 'close' | 'getJobCounts' | 'on'>;
  isUp(): boolean;
  disconnect(): void;
}

export async function openQueue(config: QueueConfig, name: QueueName, log: Log): Promise<OpenQueue> {
  const library = await loadQueue();
  const { redis_url } = config;
  if (redis_url !== null) return redisQueue(library, { url: redis_url, name, log });
  const queue = await openPostgresQueue(library, config, name);
  // It shares the database with the rows: whoever could commit the row can ring.
  return { queue, isUp: () => true, disconnect() {} };
}

/** A Redis that throws away keys when it is full throws away jobs: nothing is lost, but everything waits for the sweep. */
async function warnOfEviction(connection: Redis, log: Log): Promise<void> {
  const memory = await connection.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  if (policy !== 'noeviction') log.warn({ policy }, 'Redis may evict jobs: set its maxmemory-policy to noeviction');
}

function redisQueue(library: Library, { url, name, log }: { url: string; name: QueueName; log: Log }): OpenQueue {
  const connection = connectToRing(library, url);
  connection.on('error', () => {}); // BullMQ passes it on as the queue's own.
  connection.once('ready', () => void warnOfEviction(connection, log));
  const queue = new library.Queue(name, { connection, defaultJobOptions: JOB_OPTIONS, ...queueTelemetry() });
  return { queue, isUp: () => connection.status === 'ready', disconnect: () => connection.disconnect() };
}

/** @throws when the database does not answer. BullMQ never recovers from a start without it, so neither do we begin one. */
export async function openPostgresQueue(library: Library, config: QueueConfig, name: QueueName): Promise<Queue> {
  const { Queue: PostgresQueue } = library.withBackend(library.createPostgresBackend);
  const connection = postgresConnection(config.direct_database_url, 2, name);
  const queue = new PostgresQueue(name, { connection, defaultJobOptions: JOB_OPTIONS, ...queueTelemetry() });
  queue.on('error', () => {}); // Until whoever opens it listens; the first is thrown here.
  await queue.waitUntilReady();
  return queue as unknown as Queue;
}
