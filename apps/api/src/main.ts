// Composition root of the API: opens the database and the queue, listens, closes in reverse order.

import { createRequire } from 'node:module';
import { DomainError, TRANSACTION_TYPES } from '@customer-service/domain';
import {
  announceReady,
  createApplyMetrics,
  createBatcher,
  createLog,
  createMetrics,
  createProbes,
  createShutdown,
  createWebhookSender,
  inTrace,
  keepHeapSmall,
  loadApiConfig,
  loadQueue,
  openDoorbell,
  openQueueView,
  openSharedMemory,
  startActivityReports,
  traceDecisions,
  watchPools,
} from '@customer-service/runtime';
import {
  type Accepted,
  type AppliedRun,
  acceptTransactions,
  activityOf,
  applyApart,
  assertReady,
  databaseAnswers,
  isStorageFault,
  type NewTransaction,
  openDatabase,
  poolUsage,
} from '@customer-service/store';
import { createApp } from './app.ts';
import { listen } from './listen.ts';
import { openApiDocument } from './openapi.ts';
import { checkHealth } from './ops/handlers.ts';
import { createOpsApp } from './ops-listener/app.ts';
import { createDesk } from './ops-listener/desk.ts';
import { createApiMetrics, watchService } from './ops-listener/metrics.ts';
import { Problem } from './problems.ts';
import type { Services, ToApply } from './route.ts';
import { routes } from './routes.ts';

/** Transactions that one INSERT takes, and customers that one immediate apply takes. */
const MAX_ACCEPTED = 500;
const MAX_APPLIED = 100;

/** How long a transaction waits for its INSERT to begin. */
const MAX_WAIT_MS = 1_000;

/** What waits behind a batch that could not reach the database would only meet the same a second later. */
function refuseWaiting(fault?: unknown): Error | undefined {
  if (fault === undefined) return new Problem('overloaded', 'This has waited too long for its turn.');
  const away = fault instanceof DomainError || isStorageFault(fault);
  return away ? new Problem('storage-unavailable', 'The database can not answer now; nothing was written.') : undefined;
}

keepHeapSmall();
// First of all: whether its database answers is asked right before the queue is opened.
await loadQueue();
const config = loadApiConfig();
const log = createLog('api', config.log_level);
const shutdown = createShutdown(log);

const db = openDatabase({ url: config.database_url, pool_max: 10, application_name: 'api' });
shutdown.onClose('database', () => db.destroy());
await assertReady(db, config);
// Its own connections, so that whatever keeps the others busy can't keep anybody from seeing it.
const opsDb = openDatabase({ url: config.database_url, pool_max: 2, application_name: 'api ops' });
shutdown.onClose('ops database', () => opsDb.destroy());

const doorbell = await openDoorbell(config, log);
shutdown.onClose('doorbell', doorbell.close);

const shared = config.redis_url === null ? null : await openSharedMemory(config.redis_url, log);
if (shared) shutdown.onClose('shared memory', shared.close);

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const metrics = createMetrics('api', version);
const apiMetrics = createApiMetrics(metrics, TRANSACTION_TYPES);
const applyMetrics = createApplyMetrics(metrics, { types: TRANSACTION_TYPES, by: ['request'] });
const sender = createWebhookSender({ allow_private: config.webhooks_allow_private, version });
shutdown.onClose('webhook sender', async () => sender.close());
const services: Services = {
  db,
  doorbell,
  accept: createBatcher<NewTransaction, Accepted>(
    async (items) => {
      // One INSERT for requests of several traces: a part of the first.
      const parent = items[0]?.traceparent ?? null;
      const answers = await inTrace({ name: 'accept', parent }, () => acceptTransactions(db, items));
      apiMetrics.accepted(items, answers);
      return answers;
    },
    MAX_ACCEPTED,
    { wait_ms: MAX_WAIT_MS, refuse: refuseWaiting },
  ),
  apply: createBatcher<ToApply, null>(async (waiting) => {
    const customerIds = waiting.map(({ customer_id }) => customer_id);
    const onApplied = (run: AppliedRun) => {
      applyMetrics.applied('request', run);
      traceDecisions('request', run);
    };
    const parent = waiting[0]?.traceparent ?? null;
    const failures = await inTrace({ name: 'apply', parent }, () => applyApart(db, customerIds, { onApplied }));
    applyMetrics.failed('request', failures.size);
    return customerIds.map((customerId) => failures.get(customerId) ?? null);
  }, MAX_APPLIED),
  isDatabaseUp: createBatcher<null, boolean>(async (items) => {
    const up = await databaseAnswers(db);
    return items.map(() => up);
  }, 10_000),
  sender,
  config,
  log,
  metrics: apiMetrics,
  version,
  document: openApiDocument(routes, version),
};
watchPools(metrics, { api: () => poolUsage(db), ops: () => poolUsage(opsDb) });
const views = { loyalty: await openQueueView(config, log), webhooks: await openQueueView(config, log, 'webhooks') };
for (const view of Object.values(views)) shutdown.onClose('queue view', view.close);
watchService(metrics, { db: opsDb, doorbell, webhooks: views.webhooks, accepting: services.accept.size });
const probes = createProbes({ metrics, health: () => checkHealth(services), isEnding: shutdown.isEnding });
const reports = startActivityReports(metrics, activityOf(opsDb, 'api', version), log);
shutdown.onClose('activity', reports.stop);
const ops = await listen(
  createOpsApp(probes, createDesk({ ...services, db: opsDb }, views), log).callback(),
  { host: config.ops_host, port: config.ops_port, variable: 'OPS_PORT' },
  log,
);
shutdown.onClose('ops listener', ops.close);
const { host, port } = config;
const server = await listen(createApp(services, shared).callback(), { host, port, variable: 'PORT' }, log);
shutdown.onClose('server', server.close);

announceReady({ url: server.url, ops_url: ops.url });
log.info({ url: server.url, ops_url: ops.url, queue: config.redis_url === null ? 'postgresql' : 'redis' }, 'api ready');
