// The queue as a dashboard sees it. Every question fails at once while the queue is away: a page must say so, and not hang.

import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import type { Log } from './log.ts';
import { logErrors, postgresConnection, QUEUE_NAME, type QueueConfig, reconnect } from './queue.ts';

export interface QueueView {
  /** BullMQ's Queue, for a library that takes one. */
  queue: Queue;
  close(): Promise<void>;
}

export function openQueueView(config: QueueConfig, log: Log): QueueView {
  if (config.redis_url === null) {
    const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
    const connection = postgresConnection(config.direct_database_url, 2);
    const queue = new PostgresQueue(QUEUE_NAME, { connection }) as unknown as Queue;
    logErrors(queue, log);
    return { queue, close: () => queue.close() };
  }
  const connection = new Redis(config.redis_url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    retryStrategy: reconnect,
  });
  connection.on('error', () => {}); // BullMQ passes it on as the queue's own.
  const queue = new Queue(QUEUE_NAME, { connection });
  logErrors(queue, log);
  return {
    queue,
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}
