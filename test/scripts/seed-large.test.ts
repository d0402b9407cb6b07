// The large shop, in small: made in SQL, and held to every rule that the service keeps itself.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { auditAccounts, listCustomers } from '@customer-service/store';
import { expect } from 'chai';
import { SOURCE_FLAGS } from '../helpers/command.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, purchase } from '../store/fixtures.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/seed-large.ts', import.meta.url));
const CUSTOMERS = 2_000;
const LINES = 6_000;

describe('npm run seed:large', () => {
  let database: TestDatabase;
  let indexes: string[];
  const listIndexes = async () =>
    (await database.db('pg_indexes').where({ schemaname: 'public' })).map((row) => row.indexdef).sort();
  const run = (...args: string[]) => {
    const flags = [...SOURCE_FLAGS, SCRIPT, ...args];
    const env = { PATH: process.env.PATH, DATABASE_URL: database.url };
    return spawnSync(process.execPath, flags, { env, encoding: 'utf8' });
  };
  before(async () => {
    database = await createDatabase();
    indexes = await listIndexes();
    const { status, stderr } = run('--customers', String(CUSTOMERS), '--lines', String(LINES));
    expect(status, stderr).to.equal(0);
  });
  after(() => database.drop());

  it('makes as many customers as it was told, whose accounts the audit agrees with', async () => {
    let accounts = 0;
    for await (const page of auditAccounts(database.db)) {
      accounts += page.accounts;
      expect(page.differences).to.deep.equal([]);
    }
    expect(accounts).to.equal(CUSTOMERS);
    const [ledger] = await database
      .db('loyalty_transactions')
      .where({ type: 'earn', status: 'applied' })
      .countDistinct({ customers: 'customer_id' });
    expect(ledger?.customers).to.equal(CUSTOMERS);
  });

  it('makes the ledger as long as it was told, with regulars who have many lines, in a chain', async () => {
    const { rows } = await database.db.raw(
      'select count(*) as lines, count(*) filter (where hash is not null) as chained from loyalty_transactions',
    );
    expect(rows[0].lines).to.be.within(LINES, LINES * 1.1);
    const regulars = (await database.db('loyalty_accounts').whereNotNull('ledger_hash')).length;
    expect(regulars).to.be.within(5, CUSTOMERS / 10);
    expect(rows[0].chained / regulars).to.be.within(50, 200);
  });

  it('spreads them over tiers, cities, tags and birthdays, with some who never bought', async () => {
    const [spread] = await database
      .db('customers as c')
      .join('loyalty_accounts as a', 'a.customer_id', 'c.id')
      .select(
        database.db.raw(`count(distinct tier)::int as tiers, count(distinct tags)::int as tags,
        count(distinct addresses -> 0 ->> 'city')::int as cities, count(distinct extract(month from date_of_birth))::int as months,
        count(*) filter (where last_visit_at is null)::int as never, count(distinct last_name)::int as names`),
      );
    expect(spread.tiers).to.be.at.least(3);
    expect(spread.tags).to.be.above(10);
    expect(spread.cities).to.be.above(25);
    expect(spread.months).to.equal(12);
    expect(spread.never).to.be.within(100, 400);
    expect(spread.names).to.be.above(500);
  });

  it('leaves triggers, indexes and the words of names as they must be', async () => {
    const disabled = await database.db('pg_trigger').where('tgenabled', '<>', 'O').andWhere({ tgisinternal: false });
    expect(disabled).to.deep.equal([]);
    expect(await listIndexes()).to.deep.equal(indexes);
    const missing = await database.db.raw(`
      select string_to_table(words(first_name || ' ' || last_name), ' ') from customers except select word from name_words`);
    expect(missing.rows).to.deep.equal([]);
  });

  it('leaves a service that goes on: a customer is found, and earns', async () => {
    const { customers } = await listCustomers(database.db, { search: 'maria', limit: 1 });
    const id = customers[0]?.id as string;
    const [accepted] = await accept(database.db, purchase(id, 100));
    expect(accepted).to.include({ customer_id: id, status: 'pending' });
  });

  it('refuses to do it twice, and numbers that are none', () => {
    expect(run('--customers', '10')).to.deep.include({ status: 1 });
    for (const wrong of ['0', '-1', '1.5', 'many', '10000001']) {
      expect(run(`--customers=${wrong}`).status, wrong).to.equal(2);
    }
    expect(run('--lines', 'many').status).to.equal(2);
  });
});
