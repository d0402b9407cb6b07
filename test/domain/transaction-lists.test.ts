// Lists of transactions, and what a purchase says of the customer's last visit.

import { type LoyaltyAccount, PROGRAMME } from '@customer-service/domain';
import { expect } from 'chai';
import { held, posted, run } from './ledger.ts';

const NOW = '2026-03-15 12:00';
const purchase = (amount_minor: number, currency = 'USD') => posted(NOW, { amount_minor, currency });
const bonus = (points: number) => posted(NOW, { points });
const redeem = (points: number) => posted(NOW, { type: 'redeem', points });

describe('a list of transactions', () => {
  it('is decided one after the other, each on what the one before left', () => {
    const list = [bonus(10), redeem(110), redeem(1), bonus(1), redeem(1)];
    const { account, outcomes } = run(PROGRAMME, list, { account: held });
    expect(outcomes.map((outcome) => [outcome.status, outcome.balance_after])).to.deep.equal([
      ['applied', 110],
      ['applied', 0],
      ['rejected', 0],
      ['applied', 1],
      ['applied', 0],
    ]);
    expect(account.points_balance).to.equal(0);
  });

  it('gets a sequence without a gap, the rejected included, and keeps its order', () => {
    const list = [redeem(500), bonus(1), purchase(5, 'JPY'), redeem(2)].map((item, index) => ({
      ...item,
      id: `tx-${index}`,
    }));
    const { account, outcomes } = run(PROGRAMME, list, { account: held });
    expect(outcomes.map((outcome) => outcome.id)).to.deep.equal(['tx-0', 'tx-1', 'tx-2', 'tx-3']);
    expect(outcomes.map((outcome) => outcome.sequence)).to.deep.equal([8, 9, 10, 11]);
    expect(account.sequence).to.equal(11);
  });

  it('may be empty, and then changes nothing', () => {
    expect(run(PROGRAMME, [], { account: held })).to.deep.include({ account: held, outcomes: [], tier_changes: [] });
  });
});

describe('the last visit', () => {
  const visited: LoyaltyAccount = { ...held, last_visit_at: '2026-01-01T12:00:00.000Z' };
  const after = (occurred_at: string, item = purchase(1), account = visited) =>
    run(PROGRAMME, [{ ...item, occurred_at }], { account }).account.last_visit_at;

  it('is when the latest purchase occurred, in whatever order they come', () => {
    expect(after('2026-01-01T12:00:00.001Z')).to.equal('2026-01-01T12:00:00.001Z');
    expect(after('2025-12-31T12:00:00.000Z')).to.equal('2026-01-01T12:00:00.000Z');
    expect(after('2025-12-31T12:00:00.000Z', purchase(1), held)).to.equal('2025-12-31T12:00:00.000Z');
  });

  it('is neither a bonus nor a redemption nor a purchase that was refused', () => {
    for (const item of [bonus(5), redeem(5), purchase(1, 'JPY')]) {
      expect(after('2026-02-01T12:00:00.000Z', item)).to.equal('2026-01-01T12:00:00.000Z');
    }
  });
});
