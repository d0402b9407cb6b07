// A database of its own for each test file: a copy of the migrated template.

import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '@customer-service/store';

export const TEMPLATE = 'template_service';

export interface TestDatabase {
  url: string;
  db: Database;
  drop(): Promise<void>;
}

/** @param template what it is a copy of; `template1` is empty */
export async function createDatabase(template = TEMPLATE): Promise<TestDatabase> {
  const server_url = process.env.TEST_POSTGRES_URL as string;
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(server_url, `create database ${name} template ${template}`);
  const url = new URL(server_url);
  url.pathname = name;
  // What a test prepares or counts may take long where others use the machine.
  const db = openDatabase({ url: url.href, pool_max: 10, application_name: 'test', statement_timeout_ms: 60_000 });
  return {
    url: url.href,
    db,
    drop: async () => {
      await db.destroy();
      await onServer(server_url, `drop database ${name} with (force)`);
    },
  };
}

async function onServer(url: string, sql: string): Promise<void> {
  const server = openDatabase({ url, pool_max: 1, application_name: 'test', statement_timeout_ms: 0 });
  try {
    await server.raw(sql);
  } finally {
    await server.destroy();
  }
}
