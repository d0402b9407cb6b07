// The queue as a dashboard sees it. Every question fails at once while the queue is away: a page must say so, and not hang.

import type { Queue } from 'bullmq';
import type { Log } from './log.ts';
import {
  loadQueue,
  logErrors,
  postgresConnection,
  type QueueConfig,
  type QueueName,
  reconnect,
} from './queue-connections.ts';

export interface QueueView {
  /** BullMQ's Queue, for a library that takes one. */
  queue: Queue;
  close(): Promise<void>;
}

export async function openQueueView(config: QueueConfig, log: Log, name: QueueName = 'loyalty'): Promise<QueueView> {
  const { Queue: RedisQueue, Redis, createPostgresBackend, withBackend } = await loadQueue();
  if (config.redis_url === null) {
    const { Queue: PostgresQueue } = withBackend(createPostgresBackend);
    const connection = postgresConnection(config.direct_database_url, 2, name);
    const queue = new PostgresQueue(name, { connection }) as unknown as Queue;
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
  const queue = new RedisQueue(name, { connection });
  logErrors(queue, log);
  return {
    queue,
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}
