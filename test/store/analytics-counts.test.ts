// What is counted beside the tables: by the migration for what was there before it, for a worker of the version before,
// by one fold at a time, and under the eyes of the audit.

import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import {
  applyPending,
  auditFigures,
  type Database,
  foldAnalytics,
  mergeCustomers,
  openDatabase,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomers, an_actor, points, purchase } from './fixtures.ts';

const DIRECTORY = new URL('../../migrations/', import.meta.url);
const MIGRATION = '0004_analytics.sql';
const read = (file: string) => readFileSync(new URL(file, DIRECTORY), 'utf8');

describe('what is counted for analytics', () => {
  let database: TestDatabase;
  let db: Database;
  let ids: string[];

  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
    ids = await addCustomers(db, 3);
    const [ada, grace, alan] = ids as [string, string, string];
    const at = (day: number) => ({ occurred_at: `2026-01-${String(day).padStart(2, '0')}T12:00:00Z` });
    for (const day of [1, 2, 2, 5])
      await accept(db, purchase(ada, 49_000, at(day)), purchase(grace, 150_000, at(day + 1)));
    for (let visit = 0; visit < 11; visit += 1) await accept(db, purchase(alan, 100, at(3 + visit)));
    await accept(
      db,
      points('redeem', ada, 5, at(7)),
      points('redeem', ada, 999_999, at(8)),
      points('earn', alan, 3, at(1)),
    );
    await applyPending(db, ids);
    const transfer_ids = { out: randomUUID(), in: randomUUID() };
    await mergeCustomers(db, { target_id: ada, source_id: grace, transfer_ids, actor: an_actor });
    await accept(db, purchase(ada, 100, at(9)));
    await applyPending(db, [ada]);
  });
  afterEach(() => database.drop());

  const readCounts = (from: Database) =>
    from('analytics_figures')
      .select('figure', 'part', 'day')
      .sum('value as value')
      .whereNot('figure', 'buyers_by_month')
      .groupBy('figure', 'part', 'day')
      .having(from.raw('sum(value) <> 0'))
      .orderBy(['figure', 'part', 'day']);
  const readTiers = (from: Database) => from('loyalty_transactions').select('id', 'tier_after').orderBy('position');

  it('is what the migration makes of tables that were there before it', async () => {
    const older = await createOlder(db);
    try {
      for (const file of migrations().filter((name) => name >= MIGRATION)) await older.raw(read(file));
      expect(await readCounts(older)).to.deep.equal(await readCounts(db));
      expect(await readTiers(older)).to.deep.equal(await readTiers(db));
      expect(await auditFigures(older)).to.deep.equal([]);
      expect((await readTiers(db)).map((row) => row.tier_after)).to.include.members([
        'bronze',
        'silver',
        'gold',
        'platinum',
      ]);
    } finally {
      await older.destroy();
    }
  });

  it('is complete when a worker of the version before decides, which knows no tier_after', async () => {
    const [, , alan] = ids as [string, string, string];
    const [accepted] = await accept(db, points('earn', alan, 50, { occurred_at: '2026-02-01T00:00:00Z' }));
    const earned = 'points_balance = points_balance + 50, lifetime_points_earned = lifetime_points_earned + 50';
    await db.raw(`update loyalty_accounts set ${earned} where customer_id = ?`, [alan]);
    await db.raw(
      `update loyalty_transactions set status = 'applied', balance_after = 1, sequence = 100, applied_at = now() where id = ?`,
      [accepted?.id as string],
    );
    expect(await db('loyalty_transactions').where({ id: accepted?.id }).first('tier_after')).to.deep.equal({
      tier_after: 'silver',
    });
    expect(await auditFigures(db)).to.deep.equal([]);
    expect(await readCounts(db)).to.deep.include({
      figure: 'points_earned',
      part: 'silver',
      day: '2026-02-01',
      value: 50,
    });
  });

  it('is folded by one at a time, to the last row and without a change of any figure', async () => {
    const before = await readCounts(db);
    await Promise.all([1, 2, 3, 4].map(() => foldAnalytics(db)));
    expect(await readCounts(db)).to.deep.equal(before);
    for (const table of ['analytics_deltas', 'analytics_visits']) {
      expect(await db(table).count('* as left').first(), table).to.deep.equal({ left: 0 });
    }
    const busy = await db.transaction();
    await busy.raw(`select pg_advisory_xact_lock(hashtext('customer-service analytics'))`);
    await accept(db, points('earn', ids[0] as string, 1));
    await applyPending(db, [ids[0] as string]);
    expect(await foldAnalytics(db)).to.equal(false);
    await busy.rollback();
    expect(await db('analytics_visits').count('* as left').first()).to.deep.equal({ left: 1 });
  });

  const plants: [string, string, string][] = [
    [
      'a point too many',
      `update analytics_counts set value = value + 1 where figure = 'points_earned'`,
      'points_earned',
    ],
    ['a day that was lost', `delete from analytics_counts where figure = 'active_customers'`, 'active_customers'],
    ['a buyer who never bought', `insert into analytics_counts values ('buyers', '', '2026-01-20', 1)`, 'buyers'],
    [
      'months that say another thing than days',
      `delete from analytics_counts where figure = 'buyers_by_month'`,
      'buyers_by_month',
    ],
    ['a delta from nowhere', `insert into analytics_deltas values ('visits', 'gold', '2026-01-20', 1)`, 'visits'],
    [
      'a visit from nowhere',
      `insert into analytics_visits select id, 0, '2026-01-20', 'gold', false from customers`,
      'active_customers',
    ],
  ];
  for (const [what, sql, figure] of plants) {
    it(`is audited: ${what}`, async () => {
      await foldAnalytics(db);
      expect(await auditFigures(db)).to.deep.equal([]);
      await db.raw(sql);
      const found = await auditFigures(db);
      expect(found).to.have.length.above(0);
      expect(found.map((difference) => difference.figure)).to.include(figure);
    });
  }
});

const migrations = () =>
  readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.sql'))
    .sort();

/** A database of the schema before the migration, with the customers, accounts and ledger of `db`. */
async function createOlder(db: Database): Promise<Database> {
  const url = new URL(process.env.TEST_POSTGRES_URL as string);
  const server = openDatabase({ url: url.href, pool_max: 1, application_name: 'test' });
  url.pathname = `test_${randomBytes(6).toString('hex')}`;
  await server.raw(`create database ${url.pathname.slice(1)}`);
  await server.destroy();
  const older = openDatabase({ url: url.href, pool_max: 1, application_name: 'test' });
  for (const file of migrations().filter((name) => name < MIGRATION)) await older.raw(read(file));
  await older.raw('alter table loyalty_transactions disable trigger user');
  for (const table of ['customers', 'loyalty_accounts', 'loyalty_transactions']) {
    const { rows } = await db.raw(`select jsonb_agg(t order by t::text) as all_rows from ${table} t`);
    const columns = await older('information_schema.columns')
      .where({ table_name: table, table_schema: 'public', is_generated: 'NEVER' })
      .pluck('column_name');
    await older.raw(
      `insert into ${table} (${columns.join(', ')}) overriding system value
       select ${columns.join(', ')} from jsonb_populate_recordset(null::${table}, ?::jsonb)`,
      [JSON.stringify(rows[0].all_rows)],
    );
  }
  await older.raw('alter table loyalty_transactions enable trigger user');
  return older;
}
