// Brings a database to the newest schema: the .sql files of the top-level migrations folder, in the order of their
// names, once each. Several processes may call it at the same time.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Database, openDatabase, rows } from './connect.ts';
import { isStorageFault } from './faults.ts';

const DIRECTORY = fileURLToPath(new URL('../../../migrations/', import.meta.url));
const LOCK = createHash('sha256').update('customer-service migrations').digest().readInt32BE(0);
const LOCK_WAIT_MS = 120_000;
const LOCK_POLL_MS = 100;

/** Names are recorded without their ending, so they are the same wherever the files lie. */
const source = {
  getMigrations: async () => (await readdir(DIRECTORY)).filter((file) => file.endsWith('.sql')).sort(),
  getMigrationName: (file: string) => file.replace(/\.sql$/, ''),
  getMigration: async (file: string) => {
    const sql = await readFile(join(DIRECTORY, file), 'utf8');
    return {
      // A question mark would be taken for a placeholder.
      up: (db: Database) => db.raw(sql.replaceAll('?', '\\?')),
      down: () => Promise.reject(new Error('migrations go forward only: restore a backup, or write a new one')),
      // CREATE INDEX CONCURRENTLY and its like can't run inside a transaction; such a file says so in its first line and
      // holds that one statement only, because several sent at once are a transaction again.
      config: { transaction: !sql.startsWith('-- no transaction') },
    };
  },
};

/**
 * @param url a direct connection: a pooler in transaction mode can't hold the lock
 * @returns the names of the migrations that ran now
 */
export async function migrate(url: string): Promise<string[]> {
  const options = { url, application_name: 'migrate', statement_timeout_ms: 0 };
  const lockHolder = openDatabase({ ...options, pool_min: 1, pool_max: 1 });
  const db = openDatabase({ ...options, pool_max: 2 });
  try {
    await waitForLock(lockHolder);
    // Whoever holds the advisory lock is alone, so a lock row of knex's can only be a dead process's.
    await db.migrate.forceFreeMigrationsLock({ migrationSource: source });
    // A newer version may have been here: its migrations are not ours to know, and its schema is one we run on.
    const config = { migrationSource: source, disableMigrationsListValidation: true };
    const [, names] = (await db.migrate.latest(config)) as [number, string[]];
    return names;
  } finally {
    await Promise.all([db.destroy(), lockHolder.destroy()]);
  }
}

/** Polls: waiting inside pg_advisory_lock() would hold a snapshot that CREATE INDEX CONCURRENTLY waits for. */
async function waitForLock(db: Database): Promise<void> {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const [answer] = await rows<{ locked: boolean }>(db, 'select pg_try_advisory_lock(?) as locked', [LOCK]);
    if (answer?.locked) return;
    if (Date.now() > deadline) throw new Error('another process has been migrating this database for two minutes');
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
}

/** How long a process that starts waits for a database that starts as well. */
const BOOT_WAIT_MS = 10_000;

/** What a queue on PostgreSQL connects to; null as `redis_url`: it does. */
interface QueueDatabase {
  redis_url: string | null;
  direct_database_url: string;
}

/**
 * Waits for the database, and refuses one this build can't run on. A newer schema is none of those: the version before
 * runs on it.
 * @param queue waits for its database as well: BullMQ never recovers from a start without it
 * @throws Error with its cure: an older schema, or commits that a crash may undo
 */
export async function assertReady(db: Database, queue?: QueueDatabase): Promise<void> {
  const deadline = Date.now() + BOOT_WAIT_MS;
  for (;;) {
    try {
      await checkDatabase(db);
      if (queue?.redis_url === null) await checkReachable(queue.direct_database_url);
      return;
    } catch (error) {
      if (!isStorageFault(error) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

async function checkReachable(url: string): Promise<void> {
  const direct = openDatabase({ url, pool_max: 1, application_name: 'start' });
  try {
    await rows(direct, 'select 1');
  } finally {
    await direct.destroy();
  }
}

async function checkDatabase(db: Database): Promise<void> {
  const [setting] = await rows<{ synchronous_commit: string }>(db, 'show synchronous_commit');
  if (setting?.synchronous_commit === 'off') {
    throw new Error('synchronous_commit is off: an accepted transaction could be lost. Set it to on for this role.');
  }
  const wanted = (await source.getMigrations()).map(source.getMigrationName);
  const applied = await rows<{ name: string }>(db, 'select name from knex_migrations').catch((error) => {
    if (error.code !== '42P01') throw error;
    return [];
  });
  const missing = wanted.filter((name) => !applied.some((row) => row.name === name));
  if (missing.length > 0) {
    throw new Error(`the database lacks migration ${missing.join(', ')}: run the migration step first`);
  }
}
