// The audit finds nothing in a ledger that the service wrote, and finds each thing changed behind its back.

import { randomUUID } from 'node:crypto';
import { type AuditDifference, applyPending, type Database } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomer, auditAll, points, purchase } from './fixtures.ts';

const MARCH = { occurred_at: '2026-03-15T12:00:00Z' };

/** Earns, redeems and is refused, with two tiers on the way: 8 decided transactions, balance 1,110, gold. */
async function addHistory(db: Database): Promise<string> {
  const customer = await addCustomer(db);
  await accept(
    db,
    ...[purchase(customer, 50_000, MARCH), points('redeem', customer, 10), points('redeem', customer, 9_999)],
    ...[purchase(customer, 150_050, MARCH), points('earn', customer, 100), points('redeem', customer, 1_280)],
    ...[purchase(customer, 3, { currency: 'JPY' })],
  );
  await applyPending(db, [customer]);
  await db('customers').where({ id: customer }).update({ status: 'suspended' });
  await accept(db, purchase(customer, 777));
  await applyPending(db, [customer]);
  return customer;
}

interface Plant {
  what: string;
  sql: string;
  /** [field, sequence or null for the account, expected, actual]; of hashes, which are never the same, only where. */
  found: [string, number | null, unknown?, unknown?][];
}

const transaction = (sequence: number, set: string) =>
  `update loyalty_transactions set ${set} where customer_id = :customer and sequence = ${sequence}`;
const account = (set: string) => `update loyalty_accounts set ${set} where customer_id = :customer`;
const remove = (sequence: number) =>
  `delete from loyalty_transactions where customer_id = :customer and sequence = ${sequence}`;

const lots = (count: number) => [{ points: count, expires_at: null }];
const activity = (spend_minor: number) => [{ month: '2026-03', spend_minor, visits: 2, points: 2_300 }];

const explained = (multiplier_bp: number) => ({
  ...{ programme_version: 1, tier: 'silver', multiplier_bp },
});

const plants: Plant[] = [
  {
    what: 'points that nobody earned',
    sql: account('points_balance = points_balance + 5, lifetime_points_earned = lifetime_points_earned + 5'),
    found: [
      ['points_balance', null, 1_110, 1_115],
      ['lifetime_points_earned', null, 2_400, 2_405],
    ],
  },
  {
    what: 'a redemption taken back',
    sql: account('points_balance = points_balance + 10, lifetime_points_redeemed = lifetime_points_redeemed - 10'),
    found: [
      ['points_balance', null, 1_110, 1_120],
      ['lifetime_points_redeemed', null, 1_290, 1_280],
    ],
  },
  { what: 'a tier', sql: account(`tier = 'diamond'`), found: [['tier', null, 'gold', 'diamond']] },
  {
    what: 'spend',
    sql: account('total_spent_minor = total_spent_minor + 1'),
    found: [['total_spent_minor', null, 200_050, 200_051]],
  },
  { what: 'a visit', sql: account('visits_count = 3'), found: [['visits_count', null, 2, 3]] },
  { what: 'the number of decided transactions', sql: account('sequence = 9'), found: [['sequence', null, 8, 9]] },
  {
    what: 'the points of a purchase',
    sql: transaction(4, 'points = 1'),
    found: [
      ['points', 4, 1_800, 1],
      ['hash', 4],
    ],
  },
  {
    what: 'the points of a redemption',
    sql: transaction(2, 'points = 11'),
    found: [
      ['balance_after', 2, 489, 490],
      ['balance_after', 3, 489, 490],
      ['balance_after', 4, 2_289, 2_290],
      ['balance_after', 5, 2_389, 2_390],
      ['balance_after', 6, 1_109, 1_110],
      ['balance_after', 7, 1_109, 1_110],
      ['balance_after', 8, 1_109, 1_110],
      ['points_balance', null, 1_109, 1_110],
      ['lifetime_points_redeemed', null, 1_291, 1_290],
      ['state.lots', null, lots(1_109), lots(1_110)],
      ['hash', 2],
    ],
  },
  {
    what: 'a balance after',
    sql: transaction(3, 'balance_after = 0'),
    found: [
      ['balance_after', 3, 490, 0],
      ['hash', 3],
    ],
  },
  {
    what: 'an amount, by a cent that earns no point',
    sql: transaction(4, 'amount_minor = amount_minor - 1'),
    found: [
      ['total_spent_minor', null, 200_049, 200_050],
      ['state.activity', null, activity(200_049), activity(200_050)],
      ['hash', 4],
    ],
  },
  {
    what: 'a reason for a rejection',
    sql: transaction(3, `rejection_code = 'limit-exceeded'`),
    found: [
      ['rejection_code', 3, 'insufficient-points', 'limit-exceeded'],
      ['hash', 3],
    ],
  },
  {
    what: 'a rejection made out of an application',
    sql: transaction(6, `status = 'rejected', rejection_code = 'insufficient-points'`),
    found: [
      ['status', 6, 'applied', 'rejected'],
      ['rejection_code', 6, null, 'insufficient-points'],
      ['hash', 6],
    ],
  },
  {
    what: 'the last row gone',
    sql: remove(8),
    found: [
      ['sequence', null, 7, 8],
      ['ledger_hash', null],
    ],
  },
  {
    what: 'a rejected row gone from the midst',
    sql: remove(7),
    found: [
      ['sequence', 8, 7, 8],
      ['sequence', null, 7, 8],
      ['hash', 8],
    ],
  },
  {
    what: 'a row that the account never saw',
    sql: `insert into loyalty_transactions (id, customer_id, idempotency_key, fingerprint, type, status, points,
            balance_after, tier_after, sequence, accepted_from, occurred_at, applied_at, accepted_at, explanation)
          select '${randomUUID()}', customer_id, 'forged', '', 'earn', 'applied', 0, 1110, 'gold', 9, 'x', occurred_at, now(),
            accepted_at, '{"programme_version":1}'
            from loyalty_transactions where customer_id = :customer and sequence = 6`,
    found: [
      ['sequence', null, 9, 8],
      ['hash', 9],
    ],
  },
  // What only the chain of hashes tells.
  {
    what: 'the moment at which a purchase happened, within its month',
    sql: transaction(1, `occurred_at = occurred_at - interval '1 hour'`),
    found: [['hash', 1]],
  },
  {
    what: 'the moment of acceptance',
    sql: transaction(2, `accepted_at = accepted_at - interval '1 millisecond'`),
    found: [['hash', 2]],
  },
  {
    what: 'the terms of a line, of which no rule took notice',
    sql: transaction(2, `terms = '{"reason_code":"x"}'`),
    found: [['hash', 2]],
  },
  {
    what: 'a line put in the place of another one',
    sql: transaction(7, `id = '${randomUUID()}'`),
    found: [['hash', 7]],
  },
  {
    what: 'a hash',
    sql: transaction(4, `hash = sha256('forged')`),
    found: [['hash', 4]],
  },
  {
    what: 'hashes taken out of the whole ledger',
    sql: `update loyalty_transactions set hash = null where customer_id = :customer`,
    found: [['ledger_hash', null]],
  },
  { what: 'the hash of the account', sql: account(`ledger_hash = sha256('forged')`), found: [['ledger_hash', null]] },
  {
    what: 'why a line is what it is',
    sql: transaction(4, `explanation = (explanation::jsonb || '{"multiplier_bp":10000}')::json`),
    found: [
      ['explanation', 4, explained(12_000), explained(10_000)],
      ['hash', 4],
    ],
  },
  // What the rules remember.
  {
    what: 'a lot that lapses later',
    sql: account(`state = jsonb_set(state, '{lots,0,expires_at}', '"2030-01-01T00:00:00.000Z"')`),
    found: [['state.lots', null, lots(1_110), [{ points: 1_110, expires_at: '2030-01-01T00:00:00.000Z' }]]],
  },
  { what: 'a debt let off', sql: account(`state = state || '{"debt":-5}'`), found: [['state.debt', null, 0, -5]] },
  { what: 'points held by nobody', sql: account('points_held = 5'), found: [['points_held', null, 0, 5]] },
  {
    what: 'points said to be lapsed',
    sql: account('lifetime_points_expired = 5, lifetime_points_adjusted = 5'),
    found: [
      ['lifetime_points_expired', null, 0, 5],
      ['lifetime_points_adjusted', null, 0, 5],
    ],
  },
  {
    what: 'a tier that was never lost',
    sql: `delete from loyalty_tier_changes where customer_id = :customer and to_tier = 'gold'`,
    found: [['tier_changes', null, 2, 1]],
  },
  {
    what: 'a moment at which something lapses',
    sql: account(`settles_at = '2030-01-01T00:00:00Z'`),
    found: [['settles_at', null, null, '2030-01-01T00:00:00.000Z']],
  },
];

describe('the audit', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  const lines = (differences: AuditDifference[]) =>
    differences.map(({ field, sequence, expected, actual }) =>
      field.endsWith('hash')
        ? [field, sequence]
        : field === 'tier_changes'
          ? [field, sequence, (expected as unknown[]).length, (actual as unknown[]).length]
          : [field, sequence, expected, actual],
    );

  /** Writes past the rules of the ledger, as only who owns the tables can. */
  async function plant(sql: string, customer: string): Promise<void> {
    const tables = ['loyalty_transactions', 'loyalty_tier_changes'];
    for (const table of tables) await db.raw(`alter table ${table} disable trigger user`);
    await db.raw(sql, { customer });
    for (const table of tables) await db.raw(`alter table ${table} enable trigger user`);
  }

  it('finds no difference in what the service wrote, pending transactions aside', async () => {
    const customer = await addHistory(db);
    await accept(db, points('earn', customer, 1));
    expect(await auditAll(db)).to.deep.equal({ accounts: 1, differences: [] });
  });

  for (const { what, sql, found } of plants) {
    it(`finds ${what}, and the customer whose it is`, async () => {
      const [customer, neighbour] = [await addHistory(db), await addHistory(db)];
      await plant(sql, customer);
      const { differences } = await auditAll(db);
      const mine = differences.filter((difference) => difference.customer_id === customer);
      expect(lines(mine)).to.deep.equal(found);
      expect(differences.filter((difference) => difference.customer_id === neighbour)).to.deep.equal([]);
    });
  }
});

describe('the audit of many accounts', () => {
  it('goes through all of them, page after page, each once', async () => {
    const database = await createDatabase();
    const { db } = database;
    await db.raw(`
      insert into customers (id, first_name, last_name, preferences)
        select gen_random_uuid(), 'a', 'b', '{}' from generate_series(1, 1001);
      insert into loyalty_accounts (customer_id) select id from customers;
      update loyalty_accounts set tier = 'gold'
        where customer_id in (select customer_id from loyalty_accounts order by customer_id desc limit 1)`);
    const { accounts, differences } = await auditAll(db);
    await database.drop();
    expect(accounts).to.equal(1_001);
    expect(differences.map((difference) => difference.field)).to.deep.equal(['tier']);
  });
});
