// The worker's end of a queue: takes jobs and finishes each when it is answered. A worker that has stopped listening is
// replaced.

import { setTimeout as pause } from 'node:timers/promises';
import { CANARIES, type Replaceable, watchWorker } from './canary.ts';
import { describeError, type Log } from './log.ts';
import {
  connectToWork,
  type Library,
  loadQueue,
  logErrors,
  openQueue,
  postgresConnection,
  type QueueConfig,
  type QueueName,
} from './queue-connections.ts';
import { queueTelemetry } from './trace.ts';

/** How long jobs under way may take to finish at the end of a worker. */
const CLOSE_MS = 5_000;

export interface QueueWorker {
  isUp(): boolean;
  close(): Promise<void>;
}

export interface QueueWorkerOptions {
  name: QueueName;
  /** Jobs at once; on PostgreSQL a quarter of it. */
  concurrency: number;
  /** Its connections, where the queue is on PostgreSQL. */
  connections: number;
  /** @throws NoJobError, or anything else, which has the job tried again */
  answer(data: unknown): Promise<unknown>;
  canary_every_ms?: number | undefined;
}

/** What nobody of us can have made: it fails at once and is kept for ops to see. */
export class NoJobError extends Error {}

/** A job that means nothing but "are you there?": see canary.ts. */
const CANARY = { name: 'canary', data: {}, opts: { attempts: 1, removeOnComplete: true, removeOnFail: true } };

export async function openQueueWorker(
  config: QueueConfig,
  log: Log,
  options: QueueWorkerOptions,
): Promise<QueueWorker> {
  const library = await loadQueue();
  const bell = await openQueue(config, options.name, log);
  bell.queue.on('error', () => {}); // The worker tells of the same outage.
  const process = async (job: { name: string; data: unknown }) => {
    try {
      if (job.name !== CANARY.name) await options.answer(job.data);
    } catch (error) {
      if (error instanceof NoJobError) throw new library.UnrecoverableError(error.message);
      // BullMQ keeps message and stack of what is thrown with the failed job.
      const { type, code, constraint } = describeError(error);
      throw new Error([type, code, constraint].filter((part) => part !== undefined).join(' '));
    } finally {
      watched.heard();
    }
  };
  const watched = watchWorker({
    ...{ open: () => startWorker(library, { config, log, options, process }), log, every_ms: options.canary_every_ms },
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

interface Started {
  config: QueueConfig;
  log: Log;
  options: QueueWorkerOptions;
  process: Process;
}

function startWorker(library: Library, { config, log, options: wanted, process }: Started): Replaceable {
  const { name, concurrency, connections } = wanted;
  const options = {
    concurrency,
    lockDuration: 10_000,
    stalledInterval: 5_000,
    // A job of a killed worker is taken up again however often that happens: to answer it twice is harmless.
    maxStalledCount: 1_000_000,
    drainDelay: 2,
    ...queueTelemetry(),
  };
  if (config.redis_url === null) {
    const { Worker: PostgresWorker } = library.withBackend(library.createPostgresBackend);
    const connection = postgresConnection(config.direct_database_url, connections, name);
    const worker = new PostgresWorker(name, process, {
      ...{ ...options, concurrency: Math.ceil(concurrency / 4), connection },
    });
    logErrors(worker, log);
    return { close: (force) => worker.close(force) };
  }
  const connection = connectToWork(library, config.redis_url);
  connection.on('error', () => {});
  const worker = new library.Worker(name, process, { ...options, connection });
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
