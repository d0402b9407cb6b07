// The door to the queue `webhooks`. A job says "so many deliveries are new", and wakes one of the workers that send them.
// PostgreSQL knows which; what no job announced is found by looking there once a second.

import { createBatcher } from './batcher.ts';
import type { Log } from './log.ts';
import { logErrors, openQueue, type QueueConfig } from './queue-connections.ts';
import { openQueueWorker, type QueueWorker } from './queue-worker.ts';

export const WEBHOOKS_QUEUE = 'webhooks' as const;

export interface WebhookBell {
  /** Never throws and never waits. */
  ring(deliveries: number): void;
  close(): Promise<void>;
}

/** Rings that share a job, while the one before is on its way; more than that are dropped. */
const MAX_RINGS = 1_000;

export async function openWebhookBell(config: QueueConfig, log: Log): Promise<WebhookBell> {
  const { queue, isUp, disconnect } = await openQueue(config, WEBHOOKS_QUEUE, log);
  logErrors(queue, log);
  const batcher = createBatcher<number, null>(async (counts) => {
    const deliveries = counts.reduce((sum, count) => sum + count, 0);
    await queue.addBulk([{ name: 'deliver', data: { deliveries } }]);
    return counts.map(() => null);
  }, MAX_RINGS);
  return {
    ring: (deliveries) => {
      if (!isUp() || batcher.size() >= MAX_RINGS) return;
      batcher.add(deliveries).catch((error) => log.warn({ error }, 'ring lost'));
    },
    close: async () => {
      await queue.close();
      disconnect();
    },
  };
}

/** The worker's end. Whatever a job says, it means: look. */
export function openWebhookWorker(config: QueueConfig, log: Log, look: () => Promise<unknown>): Promise<QueueWorker> {
  return openQueueWorker(config, log, { name: WEBHOOKS_QUEUE, concurrency: 4, connections: 2, answer: look });
}
