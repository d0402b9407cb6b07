// What adds up over whole histories: taking everything back leaves nothing, and a merge neither makes nor loses a thing.

import type { LoyaltyAccount, PendingTransaction, Transfer } from '@customer-service/domain';
import { expect } from 'chai';
import fc from 'fast-check';
import { aHistory, type History } from './histories.ts';
import { type Ledger, NEW_ACCOUNT, posted, run } from './ledger.ts';

const RUNS = 10_000;

const reversalOf = (type: 'reverse_earn' | 'reverse_redeem', id: string, moment: string): PendingTransaction =>
  posted(moment, { id: `back of ${id}`, type, terms: { reverses: id } });

/** Under the first version alone. */
function live({ programmes, transactions, end }: History, more: readonly PendingTransaction[] = []): Ledger {
  return run(programmes[0], [...transactions, ...more], { settle_at: end });
}

describe('whatever the history', function () {
  this.timeout(120_000);

  it('taking everything back leaves no spend, no visit, nothing redeemed, and nothing earned but what was forgiven', () => {
    const property = fc.property(
      aHistory((type) => type !== 'transfer_in'),
      (history) => {
        const [{ reversal }] = history.programmes;
        const applied = live(history).outcomes.filter(({ status, id }) => status === 'applied' && id !== null);
        const all = applied.flatMap(({ id, type }) => {
          if (type === 'earn') return [reversalOf('reverse_earn', id as string, history.end)];
          if (type === 'redeem' || type === 'capture') return [reversalOf('reverse_redeem', id as string, history.end)];
          return [];
        });
        const { account, outcomes } = live(history, all);
        const short = outcomes.reduce((sum, { explanation }) => sum + (explanation?.shortfall ?? 0), 0);
        expect(account).to.include({ total_spent_minor: 0, visits_count: 0, lifetime_points_redeemed: 0 });
        const left = { clamp: short, debt: account.state.debt, negative: 0 }[reversal.shortfall];
        expect(account.lifetime_points_earned, JSON.stringify(outcomes)).to.equal(left);
        for (const month of account.state.activity) {
          expect(month).to.deep.equal({ month: month.month, spend_minor: 0, visits: 0, points: 0 });
        }
      },
    );
    fc.assert(property, { numRuns: RUNS, unbiased: true });
  });

  it('a merge of two accounts leaves nothing behind, and every sum over both what it was', () => {
    const withoutHolds = aHistory((type) => !['hold', 'capture', 'release'].includes(type));
    const property = fc.property(withoutHolds, withoutHolds, (one, other) => {
      const rules = one.programmes[0];
      const moment = one.end > other.end ? one.end : other.end;
      const [source, target] = [one, other].map(
        ({ transactions }) => run(rules, transactions, { settle_at: moment }).account,
      ) as [LoyaltyAccount, LoyaltyAccount];
      if (source.points_balance < 0) return;
      const out = run(rules, [moving('transfer_out', source, moment)], { account: source }).account;
      const into = run(rules, [moving('transfer_in', source, moment)], { account: target });
      const repaid = into.outcomes.reduce((sum, { type, points }) => sum + (type === 'repay' ? points : 0), 0);
      for (const name of COUNTED) {
        expect(out[name], name).to.equal(0);
        const lost = name === 'points_balance' || name === 'lifetime_points_earned' ? repaid : 0;
        expect(into.account[name] + lost, name).to.equal(source[name] + target[name]);
      }
      expect(into.account.state.debt + repaid).to.equal(source.state.debt + target.state.debt);
      const empty = NEW_ACCOUNT.state;
      expect(out.state).to.deep.include({ lots: empty.lots, holds: [], activity: [], debt: 0, deficit: 0 });
    });
    fc.assert(property, { numRuns: RUNS / 2, unbiased: true });
  });
});

const COUNTED = [
  ...(['points_balance', 'lifetime_points_earned', 'lifetime_points_redeemed', 'lifetime_points_expired'] as const),
  ...(['lifetime_points_adjusted', 'total_spent_minor', 'visits_count'] as const),
];

/** All that the source has. */
function moving(type: 'transfer_in' | 'transfer_out', source: LoyaltyAccount, moment: string): PendingTransaction {
  const { debt, lots, activity, member_since, tier_floor } = source.state;
  const transfer: Transfer = {
    ...{ earned: source.lifetime_points_earned, redeemed: source.lifetime_points_redeemed, debt, lots, activity },
    ...{ expired: source.lifetime_points_expired, adjusted: source.lifetime_points_adjusted, member_since, tier_floor },
  };
  const { points_balance: points, total_spent_minor, visits_count: visits } = source;
  return posted(moment, { type, points, amount_minor: total_spent_minor || null, visits, terms: { transfer } });
}
