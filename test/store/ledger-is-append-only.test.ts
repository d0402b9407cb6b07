// The ledger defends itself: whatever SQL is sent, a decided row stays as it is and a pending one can only be decided.

import { randomUUID } from 'node:crypto';
import { applyPending, type Database } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomer, failureOf, points, purchase, readLedger } from './fixtures.ts';

const RESTRICTED = '23001';
const CHECK_VIOLATED = '23514';

/** For a column of this type, an expression whose value is another than the one it has. */
const OTHER: Record<string, (column: string) => string> = {
  uuid: () => 'gen_random_uuid()',
  bigint: (column) => `coalesce(${column}, 0) + 1`,
  text: (column) => `coalesce(${column}, '') || 'x'`,
  bytea: (column) => `coalesce(${column}, '') || '\\x00'::bytea`,
  jsonb: (column) => `coalesce(${column}, '{}') || '{"x":1}'`,
  json: (column) => `(coalesce(${column}::jsonb, '{}') || '{"x":1}')::json`,
  'timestamp with time zone': (column) => `coalesce(${column}, now()) + interval '1 day'`,
};

describe('the ledger', () => {
  let database: TestDatabase;
  let db: Database;
  let customer: string;
  /** Of every column, what would change it: [name, expression]. */
  let changes: [string, string][];

  before(async () => {
    database = await createDatabase();
    db = database.db;
    customer = await addCustomer(db);
    await accept(db, purchase(customer, 12_345, { source: 'till-3', external_reference: '17', order_id: 'CA-1' }));
    await accept(db, points('redeem', customer, 1_000));
    await applyPending(db, [customer]);
    await accept(db, purchase(customer, 500), points('earn', customer, 7));
    const columns = await db('information_schema.columns')
      .select('column_name', 'data_type')
      .where({ table_name: 'loyalty_transactions', table_schema: 'public' });
    changes = columns.map(({ column_name, data_type }) => [column_name, OTHER[data_type]?.(column_name) as string]);
  });
  after(() => database.drop());

  const decidedColumns = [
    'status',
    'rejection_code',
    'points',
    'balance_after',
    'tier_after',
    'sequence',
    'applied_at',
    'explanation',
    'hash',
  ];

  /** Sends `sql` and sees that it is refused and that no row is another afterwards. @returns the SQLSTATE */
  async function refused(sql: string): Promise<string | undefined> {
    const before = await readLedger(db);
    const { code } = await failureOf(db.raw(sql));
    expect(await readLedger(db)).to.deep.equal(before);
    return code;
  }

  for (const status of ['applied', 'rejected', 'pending']) {
    it(`refuses to change any column of a row that is ${status}`, async () => {
      expect(changes).to.have.length.above(20);
      for (const [column, other] of changes) {
        const sql = `update loyalty_transactions set ${column} = ${other} where status = '${status}'`;
        // An identity column refuses before the trigger is asked.
        const expected = column === 'position' ? '428C9' : RESTRICTED;
        expect(await refused(sql), column).to.equal(expected);
      }
    });
  }

  it('refuses to change nothing, too: a row is written twice and not more', async () => {
    expect(await refused(`update loyalty_transactions set points = points where sequence = 1`)).to.equal(RESTRICTED);
  });

  it('refuses to take a decision back, or to decide again', async () => {
    const undone = decidedColumns.slice(1).map((column) => `${column} = null`);
    const where = `where sequence = 1`;
    const sql = `update loyalty_transactions set status = 'pending', ${undone.join(', ')} ${where}`;
    expect(await refused(sql)).to.equal(RESTRICTED);
    const again = `update loyalty_transactions set status = 'rejected', rejection_code = 'x' ${where}`;
    expect(await refused(again)).to.equal(RESTRICTED);
  });

  const decide = (more = '') => `update loyalty_transactions set status = 'applied', points = coalesce(points, 5),
    balance_after = 1, sequence = position + 100, applied_at = now() ${more} where status = 'pending'`;

  it('refuses to change what was accepted along with the decision, column by column', async () => {
    for (const [column, other] of changes) {
      if (decidedColumns.includes(column) || column === 'position') continue;
      expect(await refused(decide(`, ${column} = ${other}`)), column).to.equal(RESTRICTED);
    }
    const given = decide().replace('coalesce(points, 5)', 'coalesce(points + 1, 5)');
    expect(await refused(given), 'points that were given').to.equal(RESTRICTED);
  });

  it('lets a decision through that changes nothing else', async () => {
    const tx = await db.transaction();
    expect(await tx.raw(decide())).to.have.property('rowCount', 2);
    await tx.rollback();
  });

  const losses: [string, string, string][] = [
    ['to delete a decided row', `delete from loyalty_transactions where sequence = 1`, RESTRICTED],
    ['to delete a pending row', `delete from loyalty_transactions where status = 'pending'`, RESTRICTED],
    ['to be truncated', 'truncate loyalty_transactions cascade', RESTRICTED],
    ['to be truncated alone, which other tables forbid already', 'truncate loyalty_transactions', '0A000'],
    ['to be truncated with the accounts', 'truncate loyalty_accounts cascade', RESTRICTED],
    ['to be truncated with the customers', 'truncate customers cascade', RESTRICTED],
    ['to lose its account', 'delete from loyalty_accounts', '23503'],
    ['to lose its customer', 'delete from customers', '23503'],
  ];
  for (const [what, sql, code] of losses) {
    it(`refuses ${what}`, async () => {
      expect(await refused(sql)).to.equal(code);
    });
  }

  const insert = (tx: Database, fields: object = {}) =>
    tx('loyalty_transactions').insert({
      ...{
        id: randomUUID(),
        customer_id: customer,
        idempotency_key: 'a row of its own',
        fingerprint: Buffer.from('f'),
      },
      ...{ type: 'earn', points: 1, accepted_from: 'test', occurred_at: '2026-01-01T00:00:00Z', ...fields },
    });
  const impossible: [string, object][] = [
    ['an unknown type', { type: 'gift' }],
    ['negative points', { points: -1 }],
    ['an amount of nothing', { amount_minor: 0, currency: 'USD' }],
    ['an amount without a currency', { amount_minor: 1 }],
    ['a currency without an amount', { currency: 'USD' }],
    ['neither points nor an amount', { points: null }],
    ['a sequence while pending', { sequence: 1 }],
    ['a moment of application while pending', { applied_at: '2026-01-01T00:00:00Z' }],
    ['a reason for rejection while pending', { rejection_code: 'x' }],
  ];
  for (const [what, fields] of impossible) {
    it(`has no row with ${what}`, async () => {
      expect(await failureOf(insert(db, fields))).to.have.property('code', CHECK_VIOLATED);
    });
  }

  it('has no row with an unknown status', async () => {
    expect((await failureOf(insert(db, { status: 'lost' }))).code).to.be.oneOf([CHECK_VIOLATED, RESTRICTED]);
  });

  const applied = { status: 'applied', points: 1, balance_after: 1, sequence: 99, applied_at: '2026-01-01T00:00:00Z' };
  const purchased = { points: null, amount_minor: 1, currency: 'USD' };
  const undecided: [string, object, object?][] = [
    ['applied without a sequence', { ...applied, sequence: null }],
    ['applied without a moment', { ...applied, applied_at: null }],
    ['applied without the balance after it', { ...applied, balance_after: null }],
    ['applied without points', { ...applied, points: null }, purchased],
    ['applied with a reason for rejection', { ...applied, rejection_code: 'x' }],
    ['rejected without a reason', { ...applied, status: 'rejected' }],
  ];
  /** Adds a row, decides it with these figures, and takes all of it back. @returns the error, if there was one */
  async function decideWith(figures: object, given: object = {}): Promise<{ code?: string; constraint?: string }> {
    const tx = await db.transaction();
    await insert(tx, given);
    const error = await tx('loyalty_transactions')
      .where({ idempotency_key: 'a row of its own' })
      .update(figures)
      .then(
        () => ({}),
        (failure: { code: string; constraint: string }) => failure,
      );
    await tx.rollback();
    return error;
  }
  for (const [what, figures, given] of undecided) {
    it(`has no row that is ${what}`, async () => {
      expect(await decideWith(figures, given)).to.have.property('code', CHECK_VIOLATED);
    });
  }

  it('has a row that is applied with all that belongs to it', async () => {
    expect(await decideWith(applied)).to.deep.equal({});
  });

  it('has a number of its sequence once per customer', async () => {
    const failure = await decideWith({ ...applied, sequence: 1 });
    expect(failure).to.include({ code: '23505', constraint: 'loyalty_transactions_customer_id_sequence_key' });
  });
});

describe('a loyalty account', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, 10));
    await applyPending(db, [customer]);
  });
  after(() => database.drop());

  const impossible: [string, string][] = [
    ['balance below zero', 'points_balance = -1, lifetime_points_redeemed = 11'],
    ['balance other than earned less redeemed', 'points_balance = 11'],
    ['negative number of points earned', 'lifetime_points_earned = -1'],
    ['negative number of points redeemed', 'lifetime_points_redeemed = -1, points_balance = 11'],
    ['negative spend', 'total_spent_minor = -1'],
    ['negative number of visits', 'visits_count = -1'],
  ];
  for (const [what, set] of impossible) {
    it(`has no ${what}`, async () => {
      const failure = await failureOf(db.raw(`update loyalty_accounts set ${set}`));
      expect(failure).to.have.property('code', CHECK_VIOLATED);
    });
  }

  it('may be empty: a balance of zero is none below it', async () => {
    await db.raw('update loyalty_accounts set points_balance = 0, lifetime_points_redeemed = 10');
  });
});
