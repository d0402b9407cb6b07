// What a process needs to live: configuration, logs, the queue, batches, an orderly end. Knows nothing of customers.

export type { RateLimit, RateLimitName, RateLimits, TokenConfig } from './access-config.ts';
export { type ActivityCounts, type ActivityReports, latencyQuantile, startActivityReports } from './activity.ts';
export { type Batcher, type BatcherLimits, createBatcher } from './batcher.ts';
export { type ApiConfig, loadApiConfig, loadWorkerConfig, type WorkerConfig } from './config.ts';
export { createLog, type Log } from './log.ts';
export { keepHeapSmall } from './memory.ts';
export {
  type ApplyMetrics,
  type AttemptOutcome,
  createApplyMetrics,
  createMetrics,
  createReconcileMetrics,
  createWebhookMetrics,
  type Metrics,
  type ReconcileMetrics,
  type WebhookMetrics,
  watchPools,
} from './metrics.ts';
export { createProbes, type Health, healthOf, listenForProbes, type Probes, urlOf } from './probes.ts';
export { type Doorbell, openDoorbell, openWorker, prepareQueue, QUEUE_NAME, type Ring } from './queue.ts';
export { loadQueue, QUEUE_NAMES, type QueueConfig, type QueueName } from './queue-connections.ts';
export { type FailedJob, openQueueDesk, type QueueDesk, type RingJob } from './queue-desk.ts';
export { openSharedMemory, type SharedMemory } from './queue-memory.ts';
export { openQueueView, type QueueView } from './queue-view.ts';
export { openWebhookBell, openWebhookWorker, type WebhookBell } from './queue-webhooks.ts';
export type { QueueWorker } from './queue-worker.ts';
export { createSampler } from './sampler.ts';
export { announceReady, createShutdown, type Shutdown } from './shutdown.ts';
export {
  currentTraceId,
  currentTraceparent,
  inTrace,
  isTracing,
  traceDecisions,
} from './trace.ts';
export { isPublicAddress, publicLookup, type Resolve, webhookUrlFault } from './webhook-address.ts';
export {
  createWebhookSender,
  newWebhookSecret,
  type OutgoingWebhook,
  type SenderOptions,
  signWebhook,
  type WebhookAnswer,
  type WebhookSender,
} from './webhook-sender.ts';
