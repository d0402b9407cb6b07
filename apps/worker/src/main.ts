// Composition root of the worker: opens the database and the queue, applies what waits, closes in reverse order.

import { announceReady, createLog, createShutdown, loadWorkerConfig, openWorker } from '@customer-service/runtime';
import { assertReady, openDatabase } from '@customer-service/store';
import { createApplier } from './batch.ts';
import { startFold } from './fold.ts';
import { startSettling } from './settle.ts';
import { startSweep } from './sweep.ts';

const config = loadWorkerConfig();
const log = createLog('worker', config.log_level);
const shutdown = createShutdown(log);

const db = openDatabase({ url: config.database_url, pool_max: 4, application_name: 'worker' });
shutdown.onClose('database', () => db.destroy());
// Its own connections, so that whatever keeps the others busy can't keep the sweep from its work. The fold shares them.
const sweepDb = openDatabase({ url: config.database_url, pool_max: 2, application_name: 'worker sweep' });
shutdown.onClose('sweep database', () => sweepDb.destroy());
await assertReady(db);

const sweep = startSweep(sweepDb, log);
shutdown.onClose('sweep', sweep.stop);
const fold = startFold(sweepDb, log);
shutdown.onClose('fold', fold.stop);
const settling = startSettling(sweepDb, log);
shutdown.onClose('settling', settling.stop);
const worker = openWorker(config, log, createApplier(db, log));
shutdown.onClose('queue worker', worker.close);

announceReady();
log.info({ queue: config.redis_url === null ? 'postgresql' : 'redis' }, 'worker ready');
