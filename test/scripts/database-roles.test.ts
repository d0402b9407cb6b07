// Three database roles: one that migrates, one for API and worker, one that reads. The service does all it does with
// the second, and that one can do nothing else.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { prepareQueue } from '@customer-service/runtime';
import { type Database, migrate, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { runScript } from '../helpers/command.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { backends, nextRedisUrl, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, isRung, post, redeem, settled } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

type Role = 'migrator' | 'app' | 'readonly';
const PASSWORD = randomBytes(12).toString('hex');
const FILE = new URL('../../scripts/database-roles.sql', import.meta.url);
const WAIT = { Prefer: 'wait=10' };

function urlOf(database: TestDatabase, role: Role): string {
  const url = new URL(database.url);
  url.username = `customer_service_${role}`;
  url.password = PASSWORD;
  return url.href;
}

async function run(path: string, environment: Record<string, string>, ...args: string[]): Promise<void> {
  const { code, output } = await runScript(path, environment, ...args);
  expect(code, output).to.equal(0);
}

async function giveRoles(database: TestDatabase): Promise<void> {
  await database.db.raw(readFileSync(FILE, 'utf8'));
  for (const role of ['migrator', 'app', 'readonly'])
    await database.db.raw(`alter role customer_service_${role} password '${PASSWORD}'`);
}

/** A new database as the documentation says: roles, migrations as the one, roles again for what the tables are. */
async function install(redis_url: string | null): Promise<TestDatabase> {
  const database = await createDatabase('template1');
  await giveRoles(database);
  await migrate(urlOf(database, 'migrator'));
  await prepareQueue({ redis_url, direct_database_url: urlOf(database, 'migrator') });
  await giveRoles(database);
  return database;
}

async function asRole<Result>(database: TestDatabase, role: Role, work: (db: Database) => Promise<Result>) {
  const db = openDatabase({ url: urlOf(database, role), pool_max: 1, application_name: 'test' });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

for (const backend of backends) {
  describe(`a service whose role may change no table, the queue on ${backend}`, () => {
    let service: Service;
    before(async () => {
      const database = await install(backend === 'redis' ? nextRedisUrl() : null);
      const environment = { DATABASE_URL: urlOf(database, 'app') };
      service = await startService({ backend, workers: 1, database, environment });
    });
    after(() => service.stop());

    it('accepts, rings and applies', async () => {
      const customer = await createCustomer(service);
      await until(
        async () => {
          const { headers } = await earn(service, customer, { amount_minor: 60_000, currency: 'USD' });
          return isRung(await settled(service, headers.get('location') as string));
        },
        { what: 'a transaction applied by its ring' },
      );
    });

    it('sets points aside, takes back, corrects, and opens another programme', async () => {
      const customer = await createCustomer(service);
      const path = `/customers/${customer}/loyalty`;
      const sale = { amount_minor: 60_000, currency: 'USD', order_id: 'order-1' };
      const answers = [
        await earn(service, customer, sale, WAIT),
        await redeem(service, customer, 10, WAIT),
        await post(service, `${path}/holds`, { points: 20 }, { headers: WAIT }),
        await post(
          service,
          `${path}/reversals`,
          { order_id: 'order-1', amount_minor: 100, currency: 'USD' },
          { headers: WAIT },
        ),
      ];
      const large = { direction: 'credit', points: 20_000, reason_code: 'goodwill' };
      const asked = await post(service, `${path}/adjustments`, large, { role: 'manager' });
      answers.push(await service.request('POST', `/loyalty/adjustments/${asked.body.id}/approve`, { sub: 'boss' }));
      const { body } = await service.request('GET', '/loyalty/programme');
      const { version, effective_from, ...rules } = body.current;
      const next = await service.request('PUT', '/loyalty/programme', { body: rules });
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200]);
      expect(next.status).to.be.oneOf([200, 201]);
    });

    it('changes, finds, merges and erases customers', async () => {
      const [kept, merged] = [await createCustomer(service), await createCustomer(service, { last_name: 'Byron' })];
      await earn(service, merged, { points: 5 }, WAIT);
      const changes = {
        body: { last_name: 'King' },
        headers: { 'If-Match': '*', 'Content-Type': 'application/merge-patch+json' },
      };
      const statuses = [
        await service.request('PATCH', `/customers/${kept}`, changes),
        await service.request('GET', '/customers?search=Kingg&include_total=true'),
        await service.request('POST', `/customers/${kept}/merge`, {
          body: { from_customer_id: merged, reason: 'one' },
        }),
        await service.request('GET', `/customers/${kept}/export`),
        await service.request('GET', '/customers/duplicates'),
        await service.request('GET', '/audit'),
        await service.request('DELETE', `/customers/${kept}`, { body: { reason: 'asked' } }),
        await service.request('GET', '/customers/analytics/summary'),
        await service.request('GET', '/loyalty/verify'),
        await service.request('GET', '/loyalty/liability'),
      ].map(({ status }) => status);
      expect(statuses).to.deep.equal([200, 200, 200, 200, 200, 200, 204, 200, 200, 200]);
    });

    it('ends with every account equal to its ledger, as the role that only reads can tell', async () => {
      await drained(service);
      await balancesAgree(service);
      const folded = async () => {
        const [left] = await service.database.db('analytics_deltas').count('* as rows');
        return Number(left?.rows) === 0;
      };
      await until(folded, { what: 'analytics to be folded' });
      await run('scripts/ops.ts', { DATABASE_URL: urlOf(service.database, 'readonly') }, 'reconcile');
    });
  });
}

describe('the database roles', () => {
  let database: TestDatabase;
  before(async () => {
    // One that a single role, here the superuser, has made and owned so far.
    database = await createDatabase();
    await run('scripts/database-roles.ts', { DATABASE_URL: database.url });
    await giveRoles(database);
  });
  after(() => database.drop());

  const DENIED = '42501';
  const codeOf = (role: Role, sql: string) =>
    asRole(database, role, (db) =>
      db.raw(sql).then(
        () => 'done',
        (error) => error.code,
      ),
    );

  const REFUSED = [
    'create table mine (id int)',
    'create schema mine',
    'create extension pgcrypto',
    'drop table loyalty_transactions',
    'alter table loyalty_transactions disable trigger user',
    'set session_replication_role = replica',
    'alter table loyalty_accounts drop constraint loyalty_accounts_balance_is_the_sum',
    'create or replace function refuse_ledger_change() returns trigger language plpgsql as $$ begin return new; end $$',
    'truncate loyalty_transactions',
    'delete from loyalty_transactions',
    'update loyalty_transactions set amount_minor = 1',
    'update loyalty_transactions set customer_id = id',
    'delete from loyalty_accounts',
    'delete from customers',
    'delete from audit_log',
    'update audit_log set actor_sub = null',
    'update loyalty_tier_changes set at = now()',
    'delete from loyalty_programmes',
    "insert into test_clock (ahead_by) values ('1 year')",
    "update knex_migrations set name = ''",
    'set role customer_service_migrator',
  ];
  for (const sql of REFUSED) {
    it(`keep API and worker from: ${sql.slice(0, 70)}`, async () => {
      expect(await codeOf('app', sql)).to.equal(DENIED);
    });
  }

  it('let the one that reads write nothing', async () => {
    expect(await codeOf('readonly', 'select from customers, loyalty_transactions, audit_log')).to.equal('done');
    for (const sql of ['update customers set notes = null', 'delete from name_words', 'create table mine (id int)'])
      expect(await codeOf('readonly', sql)).to.equal(DENIED);
  });

  it('let the one that reads see endpoints, and no secret of theirs', async () => {
    expect(await codeOf('readonly', 'select * from webhook_endpoints, webhook_deliveries')).to.equal('done');
    for (const column of ['*', 'secret', 'previous_secret', 'count(*)'])
      expect(await codeOf('readonly', `select ${column} from webhook_secrets`), column).to.equal(DENIED);
    // Not even between the migration that made the table and the next run of the roles.
    const fresh = await createDatabase('template1');
    await giveRoles(fresh);
    await migrate(urlOf(fresh, 'migrator'));
    const read = (table: string) =>
      asRole(fresh, 'readonly', (db) =>
        db(table).then(
          () => 'done',
          ({ code }) => code,
        ),
      );
    expect([await read('webhook_endpoints'), await read('webhook_secrets')]).to.deep.equal(['done', DENIED]);
    await fresh.drop();
  });

  it('let nobody else in', async () => {
    const { rows } = await database.db.raw(
      "select has_database_privilege('public', current_database(), 'connect') as connects",
    );
    expect(rows).to.deep.equal([{ connects: false }]);
  });

  it('take over all that another role had made, so that the next migration may change it', async () => {
    const { rows } = await database.db.raw(`
      select relname from pg_class join pg_namespace n on n.oid = relnamespace
       where nspname in ('public', 'bullmq') and relowner <> 'customer_service_migrator'::regrole
      union all
      select proname from pg_proc p join pg_namespace n on n.oid = pronamespace
       where nspname in ('public', 'bullmq') and proowner <> 'customer_service_migrator'::regrole
         and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`);
    expect(rows).to.deep.equal([]);
    await run('apps/api/src/migrate.ts', { DATABASE_URL: urlOf(database, 'migrator') });
    const sql =
      'alter table customers add column later text; create table later (id bigint generated always as identity)';
    expect(await codeOf('migrator', sql)).to.equal('done');
    expect(await codeOf('app', 'insert into later default values')).to.equal('done');
    expect(await codeOf('app', 'delete from later')).to.equal(DENIED);
    expect(await codeOf('migrator', 'drop table later; alter table customers drop column later')).to.equal('done');
  });

  it('are made by an owner who is no superuser as well', async () => {
    const owner = `owner_${randomBytes(6).toString('hex')}`;
    const owned = await createDatabase('template1');
    await owned.db.raw(`create role ${owner} login createrole password '${PASSWORD}'`);
    await owned.db.raw(`grant customer_service_migrator to ${owner} with admin option`);
    await owned.db.raw(`alter database ${new URL(owned.url).pathname.slice(1)} owner to ${owner}`);
    const url = new URL(owned.url);
    url.username = owner;
    url.password = PASSWORD;
    await migrate(url.href);
    const db = openDatabase({ url: url.href, pool_max: 1, application_name: 'test' });
    for (let time = 0; time < 2; time += 1) await db.raw(readFileSync(FILE, 'utf8'));
    await db.destroy();
    expect(await asRole(owned, 'app', (app) => app('loyalty_accounts').count('* as rows'))).to.deep.equal([
      { rows: 0 },
    ]);
    await owned.drop();
    await database.db.raw(`drop role ${owner}`);
  });

  it('have a line for every table there is', async () => {
    const listed = [...readFileSync(FILE, 'utf8').matchAll(/^ {4}\['(\w+)',/gm)].map(([, table]) => table);
    const { rows } = await database.db.raw<{ rows: { relname: string }[] }>(
      "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') order by 1",
    );
    expect(listed.sort()).to.deep.equal(rows.map(({ relname }) => relname));
  });
});
