// What a process needs to live: configuration, logs, the queue, batches, an orderly end. Knows nothing of customers.

export type { RateLimit, RateLimitName, RateLimits, TokenConfig } from './access-config.ts';
export { type ActivityCounts, type ActivityReports, latencyQuantile, startActivityReports } from './activity.ts';
export { type Batcher, type BatcherLimits, createBatcher } from './batcher.ts';
export { type ApiConfig, loadApiConfig, loadWorkerConfig, type WorkerConfig } from './config.ts';
export { createLog, type Log } from './log.ts';
export { keepHeapSmall } from './memory.ts';
export {
  type ApplyMetrics,
  createApplyMetrics,
  createMetrics,
  createReconcileMetrics,
  type Metrics,
  type ReconcileMetrics,
  watchPools,
} from './metrics.ts';
export { createProbes, type Health, healthOf, listenForProbes, type Probes, urlOf } from './probes.ts';
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
export { type FailedJob, openQueueDesk, type QueueDesk, type RingJob } from './queue-desk.ts';
export { openQueueView, type QueueView } from './queue-view.ts';
export { createSampler } from './sampler.ts';
export { announceReady, createShutdown, type Shutdown } from './shutdown.ts';
export {
  currentTraceId,
  currentTraceparent,
  inTrace,
  isTracing,
  traceDecisions,
} from './trace.ts';
