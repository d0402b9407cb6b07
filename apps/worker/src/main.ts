// Composition root of the worker: opens the database and the queue, applies what waits, closes in reverse order.

import { createRequire } from 'node:module';
import { TRANSACTION_TYPES } from '@customer-service/domain';
import {
  announceReady,
  createApplyMetrics,
  createLog,
  createMetrics,
  createProbes,
  createReconcileMetrics,
  createShutdown,
  createWebhookMetrics,
  createWebhookSender,
  healthOf,
  keepHeapSmall,
  listenForProbes,
  loadQueue,
  loadWorkerConfig,
  openWebhookBell,
  openWebhookWorker,
  openWorker,
  startActivityReports,
  watchPools,
} from '@customer-service/runtime';
import { activityOf, assertReady, databaseAnswers, openDatabase, poolUsage } from '@customer-service/store';
import { createApplier } from './batch.ts';
import { createAnnouncer, startDelivering } from './deliver.ts';
import { startFold } from './fold.ts';
import { createObserve } from './observe.ts';
import { startPublishing } from './publish.ts';
import { startReconciling } from './reconcile.ts';
import { startSettling } from './settle.ts';
import { startSweep } from './sweep.ts';

keepHeapSmall();
const config = loadWorkerConfig();
const log = createLog('worker', config.log_level);
const shutdown = createShutdown(log);

/** Nobody waits here as a client does: who has an account for longer keeps no other from being served. */
const lock_timeout_ms = 300;
const db = openDatabase({ url: config.database_url, pool_max: 4, application_name: 'worker', lock_timeout_ms });
shutdown.onClose('database', () => db.destroy());
// Its own connections, so that whatever keeps the others busy can't keep the sweep from its work. The fold and the publisher share them.
const sweepDb = openDatabase({
  ...{ url: config.database_url, pool_max: 2, application_name: 'worker sweep', lock_timeout_ms },
});
shutdown.onClose('sweep database', () => sweepDb.destroy());
await assertReady(db);

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const metrics = createMetrics('worker', version);
watchPools(metrics, { worker: () => poolUsage(db), sweep: () => poolUsage(sweepDb) });
const observe = createObserve(
  createApplyMetrics(metrics, { types: TRANSACTION_TYPES, by: ['queue', 'sweep', 'settling'] }),
  log,
);
// Closed after all that does something, so that its last report has everything.
const reports = startActivityReports(metrics, activityOf(sweepDb, 'worker', version), log);
shutdown.onClose('activity', reports.stop);
const sweep = startSweep(sweepDb, observe('sweep'), log);
shutdown.onClose('sweep', sweep.stop);
const fold = startFold(sweepDb, log);
shutdown.onClose('fold', fold.stop);
const settling = startSettling(sweepDb, observe('settling'), log);
shutdown.onClose('settling', settling.stop);
const reconciling = startReconciling(db, createReconcileMetrics(metrics), log);
shutdown.onClose('reconciling', reconciling.stop);
// What waited while there was no worker does not wait for the queue to be loaded and opened as well.
await sweep.first;
await loadQueue();
// Right before, because BullMQ never recovers from a start without its database, which may have gone since.
await assertReady(db, config);
const worker = await openWorker(config, log, createApplier(db, observe('queue'), log));
shutdown.onClose('queue worker', worker.close);
const sender = createWebhookSender({ allow_private: config.webhooks_allow_private, version });
const delivering = startDelivering(db, { sender, metrics: createWebhookMetrics(metrics), log });
shutdown.onClose('webhooks', delivering.stop);
const webhookBell = await openWebhookBell(config, log);
shutdown.onClose('webhook bell', webhookBell.close);
const webhookWorker = await openWebhookWorker(config, log, async () => delivering.look());
shutdown.onClose('webhook worker', webhookWorker.close);
const publishing = startPublishing(sweepDb, createAnnouncer(sweepDb, webhookBell, log), log);
shutdown.onClose('publishing', publishing.stop);

const health = async () =>
  healthOf({ version, redis_url: config.redis_url, database: await databaseAnswers(db), queue: worker.isUp() });
const ops =
  config.ops_port === null
    ? null
    : await listenForProbes(
        { host: config.ops_host, port: config.ops_port },
        createProbes({ metrics, health, isEnding: shutdown.isEnding }),
        log,
      );
if (ops) shutdown.onClose('ops listener', ops.close);

announceReady({ ops_url: ops?.url });
log.info({ ops_url: ops?.url, queue: config.redis_url === null ? 'postgresql' : 'redis' }, 'worker ready');
