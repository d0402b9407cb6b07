// What the rules of the ledger need of the database: refunds find their purchase within one person's records only, wait
// for it once, and stay provable after a merge, an erasure, and commits out of order.

import { randomUUID } from 'node:crypto';
import { PROGRAMME } from '@customer-service/domain';
import { applyPending, type Database, eraseCustomer, mergeCustomers, readAccounts } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import {
  accept,
  addCustomer,
  addCustomers,
  an_actor,
  aTransaction,
  auditAll,
  failureOf,
  points,
  purchase,
  readLedger,
} from './fixtures.ts';

const [RESTRICTED, CHECK_VIOLATED] = ['23001', '23514'];

describe('the ledger in the database', () => {
  let database: TestDatabase;
  let db: Database;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
  });
  afterEach(async () => {
    expect((await auditAll(db)).differences).to.deep.equal([]);
    await database.drop();
  });

  const refund = (customer: string, terms: object | null, fields: object = {}) =>
    aTransaction(customer, { type: 'reverse_earn', points: null, terms: terms as never, ...fields });
  const linesOf = async (customer: string) =>
    (await readLedger(db))
      .filter((row) => row.customer_id === customer)
      .sort((a, b) => (a.sequence ?? 1e9) - (b.sequence ?? 1e9))
      .map(({ type, status, rejection_code, points: moved, balance_after }) =>
        status === 'applied' ? `${type} ${moved} → ${balance_after}` : `${type} ${rejection_code ?? status}`,
      );
  const merge = (target_id: string, source_id: string) =>
    mergeCustomers(db, {
      target_id,
      source_id,
      transfer_ids: { out: randomUUID(), in: randomUUID() },
      actor: an_actor,
    });

  it("takes back nobody else's purchase, by its id or by its order, in one batch or later", async () => {
    const [one, other] = (await addCustomers(db, 2)) as [string, string];
    const bought = purchase(one, 10_000, { order_id: 'o' });
    await accept(db, bought, points('earn', other, 500));
    const attempts = () => [refund(other, { reverses: bought.id }), refund(other, null, { order_id: 'o' })];
    await accept(db, ...attempts());
    await applyPending(db, [one, other]);
    await accept(db, ...attempts());
    await applyPending(db, [one, other]);
    expect(await linesOf(one)).to.deep.equal(['earn 100 → 100']);
    expect(await linesOf(other)).to.deep.equal([
      ...['earn 500 → 500', 'reverse_earn not-reversible', 'reverse_earn not-reversible'],
      ...['reverse_earn parked', 'reverse_earn parked'],
    ]);
  });

  it('takes back what had been bought before a merge, in parts, on both sides of it', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    const bought = purchase(source, 10_000, { order_id: 'o' });
    await accept(db, bought, refund(source, { reverses: bought.id, reverse_points: 30 }), points('redeem', source, 20));
    const redeemed = points('redeem', source, 10);
    await accept(db, redeemed);
    await merge(target, source);
    await accept(
      db,
      refund(target, { reverses: bought.id, reverse_points: 71 }),
      refund(target, null, { order_id: 'o' }),
    );
    await accept(db, aTransaction(target, { type: 'reverse_redeem', points: null, terms: { reverses: redeemed.id } }));
    await applyPending(db, [target]);
    expect(await linesOf(target)).to.deep.equal([
      ...['transfer_in 40 → 40', 'reverse_earn exceeds-original', 'reverse_earn 40 → 0', 'reverse_redeem 10 → 10'],
    ]);
    expect((await readAccounts(db, [target]))[0]).to.include({ total_spent_minor: 0, visits_count: 0 });
  });

  it('takes refunds along that wait for their purchase, when their customer is merged', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, refund(source, null, { order_id: 'o', amount_minor: 2_500, currency: 'USD' }));
    await accept(db, refund(source, null, { order_id: 'known' }), purchase(target, 700, { order_id: 'known' }));
    await merge(target, source);
    await accept(db, purchase(target, 10_000, { order_id: 'o' }));
    await applyPending(db, [target]);
    expect(await linesOf(target)).to.deep.equal([
      ...['earn 7 → 7', 'reverse_earn 7 → 0', 'transfer_in 0 → 0', 'earn 100 → 100', 'reverse_earn 25 → 75'],
    ]);
  });

  for (const together of [true, false]) {
    it(`decides a parked refund with its purchase, ${together ? 'in the same batch' : 'batches later'}, once`, async () => {
      const customer = await addCustomer(db);
      await accept(db, refund(customer, null, { order_id: 'o' }));
      if (!together) {
        await applyPending(db, [customer]);
        expect(await linesOf(customer)).to.deep.equal(['reverse_earn parked']);
        expect(await applyPending(db, [customer])).to.deep.equal({ decided: 0, more: false });
      }
      await accept(db, purchase(customer, 10_000, { order_id: 'o' }), purchase(customer, 500, { order_id: 'o' }));
      await applyPending(db, [customer]);
      expect(await linesOf(customer)).to.deep.equal(['earn 100 → 100', 'reverse_earn 100 → 0', 'earn 5 → 5']);
    });
  }

  it('lets a parked row be decided and nothing else, and that once', async () => {
    const customer = await addCustomer(db);
    await accept(db, refund(customer, null, { order_id: 'o' }));
    await applyPending(db, [customer]);
    const set = (what: string) => db.raw(`update loyalty_transactions set ${what} where customer_id = ?`, [customer]);
    const decided = `balance_after = 0, points = 0, sequence = 1, applied_at = now()`;
    for (const what of [
      'order_id = null',
      `status = 'pending'`,
      'points = 5',
      `status = 'applied', ${decided}, terms = '{}'`,
    ]) {
      expect((await failureOf(set(what))).code, what).to.equal(RESTRICTED);
    }
    expect((await failureOf(set(`status = 'applied'`))).code).to.equal(CHECK_VIOLATED);
    const tx = await db.transaction();
    const decide = `update loyalty_transactions set status = 'applied', ${decided}`;
    await tx.raw(decide);
    expect((await failureOf(tx.raw(decide))).code).to.equal(RESTRICTED);
    await tx.rollback();
  });

  it('takes lines of its own only of the types that happen by themselves', async () => {
    const customer = await addCustomer(db);
    const line = (type: string, accepted_from: string) =>
      db('loyalty_transactions').insert({
        ...{
          id: randomUUID(),
          customer_id: customer,
          idempotency_key: randomUUID(),
          fingerprint: Buffer.alloc(0),
          type,
        },
        ...{ status: 'applied', points: 1, balance_after: 0, sequence: 1, accepted_from },
        ...{ occurred_at: '2026-01-01T00:00:00Z', applied_at: '2026-01-01T00:00:00Z' },
      });
    for (const type of ['earn', 'redeem', 'adjust_credit', 'reverse_redeem', 'transfer_in', 'hold', 'capture']) {
      expect((await failureOf(line(type, 'ledger'))).code, type).to.equal(RESTRICTED);
    }
    expect((await failureOf(line('expire', 'service:till-1'))).code).to.equal(RESTRICTED);
  });

  it('keeps the history of tiers as it was written', async () => {
    const customer = await addCustomer(db);
    await accept(db, purchase(customer, 60_000));
    await applyPending(db, [customer]);
    expect(await db('loyalty_tier_changes').select('from_tier', 'to_tier', 'reason', 'sequence')).to.deep.equal([
      { from_tier: 'bronze', to_tier: 'silver', reason: 'activity', sequence: 1 },
    ]);
    const attempts = [
      `update loyalty_tier_changes set to_tier = 'gold'`,
      'delete from loyalty_tier_changes',
      'truncate loyalty_tier_changes',
    ];
    for (const sql of attempts) expect((await failureOf(db.raw(sql))).code, sql).to.equal(RESTRICTED);
  });

  it('is below zero where the programme lets refunds do that, and never otherwise', async () => {
    const { version: _version, effective_from: _from, ...rules } = PROGRAMME;
    const negative = { ...rules, reversal: { shortfall: 'negative', grace_days: 0 } };
    await db.raw(`insert into loyalty_programmes values (2, now() - interval '1 hour', ?, now(), 'tests')`, [
      JSON.stringify(negative),
    ]);
    const customer = await addCustomer(db);
    const bought = purchase(customer, 10_000);
    await accept(db, bought, points('redeem', customer, 70), refund(customer, { reverses: bought.id }));
    await applyPending(db, [customer]);
    expect(await linesOf(customer)).to.deep.equal(['earn 100 → 100', 'redeem 70 → 30', 'reverse_earn 100 → -70']);
    const honest = db.raw(`update loyalty_accounts set state = state || '{"deficit":0}'`);
    expect((await failureOf(honest)).code).to.equal(CHECK_VIOLATED);
  });

  it('adds up when transactions were committed in another order than they were accepted', async () => {
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, 100));
    await applyPending(db, [customer]);
    const slow = await db.transaction();
    await accept(slow, points('redeem', customer, 80));
    await accept(db, points('redeem', customer, 90));
    await applyPending(db, [customer]);
    await slow.commit();
    await applyPending(db, [customer]);
    expect(await linesOf(customer)).to.deep.equal(['earn 100 → 100', 'redeem 90 → 10', 'redeem insufficient-points']);
  });

  it('takes a purchase from the end of time for one of now', async () => {
    const { version: _version, effective_from: _from, ...rules } = PROGRAMME;
    const monthly = { ...rules, expiry: { policy: 'rolling_months', months: 12 } };
    await db.raw(`insert into loyalty_programmes values (2, now() - interval '1 hour', ?, now(), 'tests')`, [
      JSON.stringify(monthly),
    ]);
    const customer = await addCustomer(db);
    await accept(db, purchase(customer, 10_000, { occurred_at: '9999-12-31T23:59:59Z' }));
    await applyPending(db, [customer]);
    expect(await linesOf(customer)).to.deep.equal(['earn 100 → 100']);
  });

  it('adds up when the names of orders are erased with their customer', async () => {
    const customer = await addCustomer(db);
    const by = (order_id: string) => refund(customer, null, { order_id });
    await accept(
      db,
      purchase(customer, 500),
      by('late'),
      purchase(customer, 10_000, { order_id: 'o' }),
      by('o'),
      by('o'),
    );
    await accept(db, purchase(customer, 700, { order_id: 'late' }), by('never'));
    await applyPending(db, [customer]);
    await eraseCustomer(db, customer, an_actor);
    expect(await linesOf(customer)).to.deep.equal([
      ...['earn 5 → 5', 'earn 100 → 105', 'reverse_earn 100 → 5', 'reverse_earn exceeds-original'],
      ...['earn 7 → 12', 'reverse_earn 7 → 5', 'reverse_earn parked'],
    ]);
  });
});
