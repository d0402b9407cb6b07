// What a process needs to live: configuration, logs, the queue, batches, an orderly end. Knows nothing of customers.

export type { RateLimit, RateLimitName, RateLimits, TokenConfig } from './access-config.ts';
export { type Batcher, createBatcher } from './batcher.ts';
export { type ApiConfig, loadApiConfig, loadWorkerConfig, type WorkerConfig } from './config.ts';
export { createLog, type Log } from './log.ts';
export {
  type Doorbell,
  openDoorbell,
  openSharedMemory,
  openWorker,
  prepareQueue,
  QUEUE_NAME,
  type QueueConfig,
  type QueueWorker,
  type Ring,
  type SharedMemory,
} from './queue.ts';
export { announceReady, createShutdown, type Shutdown } from './shutdown.ts';
