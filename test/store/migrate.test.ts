// Migrations on empty databases: once each, however often and by however many they are called; no start without them.

import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assertReady, type Database, migrate, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { failureOf } from './fixtures.ts';

const MIGRATIONS = readdirSync(fileURLToPath(new URL('../../migrations/', import.meta.url)))
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.replace('.sql', ''))
  .sort();

describe('the migrations', () => {
  let server: Database;
  let name: string;
  let url: string;
  let db: Database;

  before(() => {
    const server_url = process.env.TEST_POSTGRES_URL as string;
    server = openDatabase({ url: server_url, pool_max: 1, application_name: 'test', statement_timeout_ms: 0 });
  });
  beforeEach(async () => {
    name = `test_${randomBytes(6).toString('hex')}`;
    await server.raw(`create database ${name}`);
    const own = new URL(process.env.TEST_POSTGRES_URL as string);
    own.pathname = name;
    url = own.href;
    db = openDatabase({ url, pool_max: 2, application_name: 'test' });
  });
  afterEach(async () => {
    await db.destroy();
    await server.raw(`drop database ${name} with (force)`);
  });
  after(() => server.destroy());

  const recorded = async () => (await db('knex_migrations').select('name').orderBy('id')).map((row) => row.name);

  it('run once when three processes start at the same time on an empty database', async () => {
    const ran = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(ran.flat()).to.deep.equal(MIGRATIONS);
    expect(await recorded()).to.deep.equal(MIGRATIONS);
    await assertReady(db);
  });

  it('do nothing the second time', async () => {
    await migrate(url);
    expect(await migrate(url)).to.deep.equal([]);
    expect(await recorded()).to.deep.equal(MIGRATIONS);
  });

  it('are not held up by the lock row of a process that died while it migrated', async () => {
    await db.raw(`
      create table knex_migrations (id serial primary key, name varchar(255), batch int, migration_time timestamptz);
      create table knex_migrations_lock (index serial primary key, is_locked int);
      insert into knex_migrations_lock (is_locked) values (1)`);
    expect(await migrate(url)).to.deep.equal(MIGRATIONS);
    await db('knex_migrations_lock').update({ is_locked: 1 });
    expect(await migrate(url)).to.deep.equal([]);
  });

  it('leave nothing half done when one of them fails', async () => {
    await db.raw('create table loyalty_transactions (mine text)');
    expect((await failureOf(migrate(url))).message).to.contain('already exists');
    expect(await recorded()).to.deep.equal([]);
    expect(await db.schema.hasTable('customers')).to.equal(false);
    await db.raw('drop table loyalty_transactions');
    expect(await migrate(url)).to.deep.equal(MIGRATIONS);
  });

  it('are missed by a process that starts without them, which names them and the cure', async () => {
    const lacking = `the database lacks migration ${MIGRATIONS.join(', ')}: run the migration step first`;
    expect((await failureOf(assertReady(db))).message).to.equal(lacking);
    await migrate(url);
    await assertReady(db);
    await db('knex_migrations').where({ name: MIGRATIONS[0] }).delete();
    expect((await failureOf(assertReady(db))).message).to.contain(`lacks migration ${MIGRATIONS[0]}:`);
  });

  for (const setting of ['off', 'local', 'on']) {
    const verdict = setting === 'off' ? 'refused' : 'accepted';
    it(`are not all there is to it: a database with synchronous_commit = ${setting} is ${verdict}`, async () => {
      await migrate(url);
      await server.raw(`alter database ${name} set synchronous_commit = ${setting}`);
      const fresh = openDatabase({ url, pool_max: 1, application_name: 'test' });
      const answer = await assertReady(fresh).then(
        () => 'accepted',
        (error: Error) => error.message,
      );
      await fresh.destroy();
      if (setting === 'off') expect(answer).to.match(/^synchronous_commit is off: .* Set it to on/);
      else expect(answer).to.equal('accepted');
    });
  }
});
