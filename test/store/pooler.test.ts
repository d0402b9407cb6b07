// Behind PgBouncer in transaction mode each transaction may have another connection, so that nothing may be prepared on
// one and used on the next. Straight to PostgreSQL the statements of every movement are prepared.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPending, type Database, databaseAnswers, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { freePort } from '../helpers/redis.ts';
import { until } from '../helpers/until.ts';
import { accept, addCustomers, auditAll, points } from './fixtures.ts';

const PROGRAM = '/usr/sbin/pgbouncer';
const CONNECTIONS = 2;

interface Pooler {
  url: string;
  stop(): Promise<void>;
}

/** It refuses to be root: then it becomes the account that PostgreSQL's package made. */
async function startPooler(database: TestDatabase): Promise<Pooler> {
  const folder = mkdtempSync(join(tmpdir(), 'customer-service-pooler-'));
  chmodSync(folder, 0o755);
  const { hostname, port, username, password, pathname } = new URL(database.url);
  const listen_port = await freePort();
  const settings = [
    '[databases]',
    `${pathname.slice(1)} = host=${hostname} port=${port} user=${username} password='${password}'`,
    '[pgbouncer]',
    ...['pool_mode = transaction', `default_pool_size = ${CONNECTIONS}`, 'auth_type = any', 'unix_socket_dir ='],
    ...['listen_addr = 127.0.0.1', `listen_port = ${listen_port}`, 'ignore_startup_parameters = extra_float_digits'],
  ];
  writeFileSync(join(folder, 'pgbouncer.ini'), settings.join('\n'));
  const user = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const child: ChildProcess = spawn(PROGRAM, ['-q', ...user, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = new URL(database.url);
  url.port = String(listen_port);
  const db = openDatabase({ url: url.href, pool_max: 1, application_name: 'test' });
  await until(() => databaseAnswers(db), { what: 'PgBouncer' });
  await db.destroy();
  return {
    url: url.href,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describe('statements that are prepared by name', () => {
  let database: TestDatabase;
  const ours = (db: Database) =>
    db('pg_prepared_statements').where('name', 'like', '%loyalty_%').orderBy('name').pluck('name');

  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  /** Thirty customers at once over four connections. */
  async function trade(db: Database): Promise<string[]> {
    const customers = await addCustomers(database.db, 30);
    await Promise.all(customers.map((customer) => accept(db, points('earn', customer, 10))));
    await Promise.all(customers.map((customer) => applyPending(db, [customer])));
    expect((await auditAll(database.db)).differences).to.deep.equal([]);
    return customers;
  }

  it('are those of every movement, straight to PostgreSQL', async () => {
    const db = openDatabase({ url: database.url, pool_max: 1, application_name: 'test' });
    try {
      await trade(db);
      expect(await ours(db)).to.include.members(['insert into loyalty_transactions', 'update loyalty_transactions']);
    } finally {
      await db.destroy();
    }
  });

  it('are none behind a pooler that gives each transaction another connection', async function () {
    if (spawnSync(PROGRAM, ['--version']).status !== 0) {
      console.log(`LEFT OUT: PgBouncer, because there is no ${PROGRAM}`);
      this.skip();
    }
    const pooler = await startPooler(database);
    const db = openDatabase({ url: pooler.url, pool_max: 4, application_name: 'test' });
    try {
      const customers = await trade(db);
      const left = await database
        .db('loyalty_transactions')
        .where({ status: 'pending' })
        .whereIn('customer_id', customers);
      expect(left).to.deep.equal([]);
      expect(await ours(db)).to.deep.equal([]);
    } finally {
      await db.destroy();
      await pooler.stop();
    }
  });
});
