// The queue as a dashboard sees it. Every question fails at once while the queue is away: a page must say so, and not hang.

import type { Queue } from 'bullmq';
import type { Log } from './log.ts';
import {
  loadQueue,
  logErrors,
  openPostgresQueue,
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
  const library = await loadQueue();
  if (config.redis_url === null) {
    const queue = await openPostgresQueue(library, config, name);
    logErrors(queue, log);
    return { queue, close: () => queue.close() };
  }
  const connection = new library.Redis(config.redis_url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    retryStrategy: reconnect,
  });
  connection.on('error', () => {}); // BullMQ passes it on as the queue's own.
  const queue = new library.Queue(name, { connection });
  logErrors(queue, log);
  return {
    queue,
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}
