// Runs once around the whole suite: the compiled service, a real PostgreSQL with a migrated template database, and a real
// Redis when there is one to start. What can't be tested on this machine is printed with its reason.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareQueue } from '@customer-service/runtime';
import { migrate, openDatabase } from '@customer-service/store';
import { type EmbeddedPostgres, startPostgres } from '../../scripts/embedded-postgres.ts';
import { compile } from './command.ts';
import { TEMPLATE } from './database.ts';
import { type PrivateRedis, redisProgram, startRedis } from './redis.ts';

interface Started {
  data_dir?: string;
  postgres?: EmbeddedPostgres;
  redis?: PrivateRedis;
}
const started: Started = {};

export async function mochaGlobalSetup(): Promise<void> {
  compile();
  started.data_dir = mkdtempSync(join(tmpdir(), 'customer-service-test-'));
  // The suite kills processes, never the machine: what fsync protects from can't happen here.
  const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };
  started.postgres = await startPostgres({ data_dir: started.data_dir, settings });
  process.env.TEST_POSTGRES_URL = started.postgres.url;
  await makeTemplate(started.postgres.url);

  if (process.env.TEST_REDIS_URL) return;
  const program = redisProgram();
  if (program !== undefined) {
    started.redis = await startRedis(program);
    process.env.TEST_REDIS_URL = started.redis.url;
  } else {
    console.log(
      'LEFT OUT: flows on Redis, because there is no redis-server or valkey-server and TEST_REDIS_URL is unset',
    );
  }
}

export async function mochaGlobalTeardown(): Promise<void> {
  await started.redis?.stop();
  await started.postgres?.stop();
  if (started.data_dir) rmSync(started.data_dir, { recursive: true, force: true });
}

/** Each test file gets a copy of it, which takes milliseconds where the migrations take a second. */
async function makeTemplate(server_url: string): Promise<void> {
  const server = openDatabase({ url: server_url, pool_max: 1, application_name: 'test' });
  await server.raw(`create database ${TEMPLATE}`);
  await server.destroy();
  const url = new URL(server_url);
  url.pathname = TEMPLATE;
  await migrate(url.href);
  await prepareQueue({ redis_url: null, direct_database_url: url.href });
}
