// What holds for every history of two customers and every merge of them: no point, no visit and no spend is lost or
// made, the ledger proves the accounts, and the tier is the one of both together.

import { randomUUID } from 'node:crypto';
import { type LoyaltyAccount, PROGRAMME, tierFor } from '@customer-service/domain';
import { applyPending, type Database, mergeCustomers, readAccounts } from '@customer-service/store';
import { expect } from 'chai';
import fc from 'fast-check';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomers, an_actor, auditAll, points, purchase } from './fixtures.ts';

/** What a customer does: a purchase, a bonus, a redemption, or a moment in which what waits is applied. */
type Step = ['purchase' | 'earn' | 'redeem', number] | ['apply'];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('purchase' as const), fc.integer({ min: 1, max: 90_000 })),
  fc.tuple(fc.constant('earn' as const), fc.integer({ min: 1, max: 500 })),
  fc.tuple(fc.constant('redeem' as const), fc.integer({ min: 1, max: 600 })),
  fc.constant<Step>(['apply']),
);
const history = fc.array(step, { maxLength: 12 });

const COUNTED = [
  'points_balance',
  'lifetime_points_earned',
  'lifetime_points_redeemed',
  'lifetime_points_expired',
  'lifetime_points_adjusted',
  'total_spent_minor',
  'visits_count',
] as const;

const tierOf = (account: Pick<LoyaltyAccount, 'total_spent_minor' | 'visits_count' | 'lifetime_points_earned'>) =>
  tierFor(PROGRAMME, {
    spend_minor: account.total_spent_minor,
    visits: account.visits_count,
    points: account.lifetime_points_earned,
  });

describe('whatever two customers did, their merge', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  async function live(id: string, steps: Step[]): Promise<void> {
    for (const [what, figure] of steps) {
      if (what === 'apply') await applyPending(db, [id]);
      else if (what === 'purchase') await accept(db, purchase(id, figure));
      else await accept(db, points(what, id, figure));
    }
  }

  /** The sums over these accounts, as they would be were everything applied. */
  async function sumsOf(ids: string[]): Promise<number[]> {
    const accounts = await readAccounts(db, ids);
    return COUNTED.map((name) => accounts.reduce((sum, account) => sum + account[name], 0));
  }

  it('conserves every sum, leaves nothing behind, and adds up ever after', async function () {
    this.timeout(180_000);
    const property = fc.asyncProperty(history, history, history, fc.boolean(), async (one, other, later, applied) => {
      const [target_id, source_id] = (await addCustomers(db, 2)) as [string, string];
      await live(target_id, one);
      await live(source_id, other);
      // Applied before or by the merge: it must not matter. The sums are read off a copy that is rolled back.
      if (applied) await applyPending(db, [target_id, source_id]);
      const trial = await db.transaction();
      await applyPending(trial, [target_id, source_id]);
      const accounts = await readAccounts(trial, [target_id, source_id]);
      const before_merge = COUNTED.map((name) => accounts.reduce((sum, account) => sum + account[name], 0));
      await trial.rollback();

      const transfer_ids = { out: randomUUID(), in: randomUUID() };
      const merged = await mergeCustomers(db, { target_id, source_id, transfer_ids, actor: an_actor });
      expect(await sumsOf([target_id, source_id])).to.deep.equal(before_merge);
      const [source] = await readAccounts(db, [source_id]);
      expect(source).to.include({ points_balance: 0, total_spent_minor: 0, visits_count: 0, tier: 'bronze' });
      expect(merged.tier).to.equal(tierOf(merged));

      await live(target_id, later);
      await applyPending(db, [target_id]);
    });
    await fc.assert(property, { numRuns: 60 });
    const { accounts, differences } = await auditAll(db);
    expect(differences).to.deep.equal([]);
    expect(accounts).to.be.at.least(120);
  });
});
