// Composition root of the API: opens the database and the queue, listens, closes in reverse order.

import { createRequire } from 'node:module';
import {
  announceReady,
  createBatcher,
  createLog,
  createShutdown,
  loadApiConfig,
  openDoorbell,
  openSharedMemory,
} from '@customer-service/runtime';
import {
  type Accepted,
  acceptTransactions,
  applyApart,
  assertReady,
  databaseAnswers,
  type NewTransaction,
  openDatabase,
} from '@customer-service/store';
import { createApp } from './app.ts';
import { listen } from './listen.ts';
import { openApiDocument } from './openapi.ts';
import type { Services } from './route.ts';
import { routes } from './routes.ts';

/** Transactions that one INSERT takes, and customers that one immediate apply takes. */
const MAX_ACCEPTED = 500;
const MAX_APPLIED = 100;

const config = loadApiConfig();
const log = createLog('api', config.log_level);
const shutdown = createShutdown(log);

const db = openDatabase({ url: config.database_url, pool_max: 10, application_name: 'api' });
shutdown.onClose('database', () => db.destroy());
await assertReady(db);

const doorbell = openDoorbell(config, log);
shutdown.onClose('doorbell', doorbell.close);

const shared = config.redis_url === null ? null : openSharedMemory(config.redis_url, log);
if (shared) shutdown.onClose('shared memory', shared.close);

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const services: Services = {
  db,
  doorbell,
  accept: createBatcher<NewTransaction, Accepted>((items) => acceptTransactions(db, items), MAX_ACCEPTED),
  apply: createBatcher<string, null>(async (customerIds) => {
    const failures = await applyApart(db, customerIds);
    return customerIds.map((customerId) => failures.get(customerId) ?? null);
  }, MAX_APPLIED),
  isDatabaseUp: createBatcher<null, boolean>(async (items) => {
    const up = await databaseAnswers(db);
    return items.map(() => up);
  }, 10_000),
  config,
  log,
  version,
  document: openApiDocument(routes, version),
};
const server = await listen(createApp(services, shared).callback(), config, log);
shutdown.onClose('server', server.close);

announceReady({ url: server.url });
log.info({ url: server.url, queue: config.redis_url === null ? 'postgresql' : 'redis' }, 'api ready');
