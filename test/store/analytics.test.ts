// The summary against data made by hand: what belongs to a period, to the millisecond, and what counts at all.

import { applyPending, type Database, insertCustomer, openDatabase, summarise } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { a_profile, accept, addCustomer, an_actor, points, purchase, uuidOf } from './fixtures.ts';

describe('the summary', () => {
  let database: TestDatabase;
  let db: Database;

  before(async () => {
    database = await createDatabase();
    db = database.db;
    const [ada, grace, alan, nobody] = [uuidOf(1), uuidOf(2), uuidOf(3), uuidOf(4)] as const;
    const created: [string, string, 'active' | 'inactive' | 'suspended'][] = [
      [ada, '2026-02-28T23:59:59.999Z', 'active'],
      [grace, '2026-03-01T00:00:00.000Z', 'active'],
      [alan, '2026-03-31T23:59:59.999Z', 'suspended'],
      [nobody, '2026-04-01T00:00:00.000Z', 'inactive'],
    ];
    for (const [id, created_at] of created) {
      await insertCustomer(db, { id, profile: a_profile, actor: an_actor });
      await db('customers').where({ id }).update({ created_at });
    }
    const at = (occurred_at: string) => ({ occurred_at });
    await accept(
      db,
      purchase(ada, 60_000, at('2026-02-28T23:59:59.999Z')), // 600 points, silver
      purchase(ada, 10_000, at('2026-03-01T00:00:00.000Z')), // 120 points
      points('redeem', ada, 20, at('2026-03-15T12:00:00Z')),
      points('redeem', ada, 100_000, at('2026-03-15T12:00:00Z')), // rejected
      purchase(grace, 1_001, at('2026-04-01T01:59:59.999+02:00')), // 10 points, in March by UTC
      purchase(grace, 500, at('2026-04-01T00:00:00.000Z')), // 5 points
      points('earn', grace, 7, at('2026-03-31T23:59:59.999Z')), // a bonus
      points('earn', nobody, 3, at('2026-03-02T00:00:00Z')), // a bonus and nothing else
      points('redeem', nobody, 1, at('2026-04-01T00:00:00Z')),
    );
    await applyPending(db, [ada, grace, nobody]);
    for (const [id, , status] of created) await db('customers').where({ id }).update({ status });
    await accept(db, purchase(alan, 9_999, at('2026-03-10T00:00:00Z'))); // rejected: suspended
    await applyPending(db, [alan]);
    await accept(db, purchase(ada, 7_777, at('2026-03-10T00:00:00Z'))); // stays pending
  });
  after(() => database.drop());

  const now = {
    customers: {
      total: 4,
      by_status: { active: 2, inactive: 1, suspended: 1 },
      by_tier: { bronze: 3, silver: 1, gold: 0, platinum: 0, diamond: 0 },
    },
    outstanding: 600 + 120 - 20 + 10 + 5 + 7 + 3 - 1,
  };

  type Figures = {
    new: number;
    earned: number;
    redeemed: number;
    total_minor: number;
    customers: number;
    visits: number;
  };
  const march = { earned: 120 + 10 + 7 + 3, redeemed: 20, total_minor: 11_001, customers: 2, visits: 2, new: 2 };
  const periods: [string, { date_from?: string; date_to?: string }, Figures][] = [
    ['of all time', {}, { new: 4, earned: 745, redeemed: 21, total_minor: 71_501, customers: 2, visits: 4 }],
    ['of a month, both days included, by UTC', { date_from: '2026-03-01', date_to: '2026-03-31' }, march],
    [
      'up to a day',
      { date_to: '2026-02-28' },
      { new: 1, earned: 600, redeemed: 0, total_minor: 60_000, customers: 1, visits: 1 },
    ],
    [
      'from a day on',
      { date_from: '2026-04-01' },
      { new: 1, earned: 5, redeemed: 1, total_minor: 500, customers: 1, visits: 1 },
    ],
    [
      'of a single day',
      { date_from: '2026-03-31', date_to: '2026-03-31' },
      { new: 1, earned: 17, redeemed: 0, total_minor: 1_001, customers: 1, visits: 1 },
    ],
    [
      'of an open period that has everything, as of all time',
      { date_from: '2000-01-01' },
      { new: 4, earned: 745, redeemed: 21, total_minor: 71_501, customers: 2, visits: 4 },
    ],
    [
      'of a period without anything',
      { date_from: '2025-01-01', date_to: '2025-12-31' },
      { new: 0, earned: 0, redeemed: 0, total_minor: 0, customers: 0, visits: 0 },
    ],
  ];
  for (const [what, period, figures] of periods) {
    it(`counts what was applied ${what}`, async () => {
      const { as_of, ...summary } = await summarise(db, period);
      const { new: created, earned, redeemed, total_minor, customers, visits } = figures;
      const average_per_customer_minor = customers === 0 ? 0 : Math.floor(total_minor / customers);
      expect(summary).to.deep.equal({
        customers: { ...now.customers, new: created },
        points: { outstanding: now.outstanding, earned, redeemed },
        spend: { total_minor, customers, average_per_customer_minor, visits },
        date_from: period.date_from ?? null,
        date_to: period.date_to ?? null,
      });
      expect(Math.abs(Date.now() - Date.parse(as_of))).to.be.below(60_000);
    });
  }

  it('rounds the average down', async () => {
    const { spend } = await summarise(db, { date_from: '2026-03-01', date_to: '2026-03-31' });
    expect(spend).to.deep.include({ total_minor: 11_001, customers: 2, average_per_customer_minor: 5_500 });
  });

  it('is by UTC in a database that lives elsewhere', async () => {
    const [{ name }] = (await db.raw('select current_database() as name')).rows;
    await db.raw(`alter database ${name} set timezone = 'America/New_York'`);
    const elsewhere = openDatabase({ url: database.url, pool_max: 1, application_name: 'test' });
    const { points: moved, customers } = await summarise(elsewhere, { date_from: '2026-03-01', date_to: '2026-03-31' });
    await elsewhere.destroy();
    expect([moved.earned, customers.new]).to.deep.equal([march.earned, march.new]);
  });

  it('is all zeros in an empty database', async () => {
    const empty = await createDatabase();
    const { customers, points: moved, spend } = await summarise(empty.db, {});
    await empty.drop();
    expect({ total: customers.total, new: customers.new, ...moved }).to.deep.equal({
      ...{ total: 0, new: 0, outstanding: 0, earned: 0, redeemed: 0 },
    });
    expect(spend).to.deep.equal({ total_minor: 0, customers: 0, average_per_customer_minor: 0, visits: 0 });
  });

  it('counts a customer who came back as one', async () => {
    const customer = await addCustomer(db);
    const day = { occurred_at: '2027-01-01T12:00:00Z' };
    await accept(db, purchase(customer, 100, day), purchase(customer, 200, day));
    await applyPending(db, [customer]);
    const { spend } = await summarise(db, { date_from: '2027-01-01', date_to: '2027-01-01' });
    expect(spend).to.deep.equal({ total_minor: 300, customers: 1, average_per_customer_minor: 300, visits: 2 });
  });
});
