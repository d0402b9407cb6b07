// Taking back: purchases by points, by amounts and as a whole, and what becomes of points that were spent; redemptions
// into the lots they came from. Refunds by order are in parked-refunds.test.ts.

import type { Programme } from '@customer-service/domain';
import { expect } from 'chai';
import { at, bonus, capture, giveBack, hold, lines, lots, programme, purchase, redeem, refund, run } from './ledger.ts';

const T = (minute: number) => `2026-03-15 12:${String(minute).padStart(2, '0')}`;
const bought = purchase(T(0), 10_000, { id: 'p' });
const plain = programme();
const shortfall = (policy: Programme['reversal']['shortfall'], grace_days = 0) =>
  programme({ reversal: { shortfall: policy, grace_days } });

type History = ReturnType<typeof purchase>[];
const parts: [string, History, string[]][] = [
  ['all of it', [refund(T(1), { of: 'p' })], ['reverse_earn 100 → 0']],
  [
    'once',
    [refund(T(1), { of: 'p' }), refund(T(2), { of: 'p' })],
    ['reverse_earn 100 → 0', 'reverse_earn exceeds-original'],
  ],
  [
    'by points, until none are left, and then what was paid',
    [
      refund(T(1), { of: 'p', points: 30 }),
      refund(T(2), { of: 'p', points: 71 }),
      refund(T(3), { of: 'p', points: 70 }),
      refund(T(4), { of: 'p' }),
    ],
    ['reverse_earn 30 → 70', 'reverse_earn exceeds-original', 'reverse_earn 70 → 0', 'reverse_earn 0 → 0'],
  ],
  [
    'in thirds, of which the last takes what rounding left',
    [3_333, 3_333, 3_334].map((amount_minor) => refund(T(1), { of: 'p', amount_minor })),
    ['reverse_earn 33 → 67', 'reverse_earn 33 → 34', 'reverse_earn 34 → 0'],
  ],
  [
    'by cents, each of which is a part of a point',
    [99, 1, 50, 9_850].map((amount_minor) => refund(T(1), { of: 'p', amount_minor })),
    ['reverse_earn 0 → 100', 'reverse_earn 1 → 99', 'reverse_earn 0 → 99', 'reverse_earn 99 → 0'],
  ],
  [
    'by an amount, and the rest as a whole',
    [refund(T(1), { of: 'p', amount_minor: 2_500 }), refund(T(2), { of: 'p' })],
    ['reverse_earn 25 → 75', 'reverse_earn 75 → 0'],
  ],
  [
    'by points and then by amount: no point goes twice',
    [refund(T(1), { of: 'p', points: 40 }), refund(T(2), { of: 'p', amount_minor: 5_000 }), refund(T(3), { of: 'p' })],
    ['reverse_earn 40 → 60', 'reverse_earn 10 → 50', 'reverse_earn 50 → 0'],
  ],
  ['not more than it was', [refund(T(1), { of: 'p', amount_minor: 10_001 })], ['reverse_earn exceeds-original']],
  [
    'not in another currency',
    [{ ...refund(T(1), { of: 'p', amount_minor: 1 }), currency: 'EUR' }],
    ['reverse_earn not-reversible'],
  ],
  ['not one that there is not', [refund(T(1), { of: 'x' })], ['reverse_earn not-reversible']],
  ['not as a redemption', [giveBack(T(1), { of: 'p' })], ['reverse_redeem not-reversible']],
];

describe('a purchase is taken back', () => {
  for (const [what, history, expected] of parts) {
    it(what, () => {
      const { account, ...ledger } = run(plain, [bought, ...history]);
      expect(lines(ledger)).to.deep.equal(['earn 100 → 100', ...expected]);
      if (account.points_balance > 0) return;
      expect(account).to.include({ total_spent_minor: 0, visits_count: 0, lifetime_points_earned: 0, tier: 'bronze' });
      expect(account.state.activity).to.deep.equal([{ month: '2026-03', spend_minor: 0, visits: 0, points: 0 }]);
    });
  }

  it('with its visit when its last cent goes, and not before', () => {
    const some = run(plain, [bought, refund(T(1), { of: 'p', amount_minor: 9_999 })]).account;
    expect(some).to.include({ total_spent_minor: 1, visits_count: 1 });
    expect(run(plain, [bought, refund(T(1), { of: 'p', points: 100 })]).account).to.include({
      total_spent_minor: 10_000,
      visits_count: 1,
    });
  });

  it('with the tier that it had reached', () => {
    const { tier_changes } = run(plain, [purchase(T(0), 50_000, { id: 'p' }), refund(T(1), { of: 'p' })]);
    expect(tier_changes.map(({ to_tier, reason }) => [to_tier, reason])).to.deep.equal([
      ['silver', 'activity'],
      ['bronze', 'reversal'],
    ]);
  });

  it('out of its own lot first, though others lapse sooner', () => {
    const versions = [
      programme({ expiry: { policy: 'end_of_month', after_months: 0 } }),
      { ...plain, version: 2, effective_from: at('2026-03-10') },
    ] as const;
    const early = bonus(T(0), 50, { occurred_at: at('2026-03-09') });
    const ledger = run(versions, [early, bought, redeem(T(1), 60), refund(T(2), { of: 'p', points: 80 })]);
    expect(lots(ledger)).to.deep.equal([[10, null]]);
    expect(lots(run(versions, [early, bought, refund(T(2), { of: 'p', points: 80 })]))).to.deep.equal([
      [50, '2026-04-01'],
      [20, null],
    ]);
  });

  it('not when it was refused, by its id', () => {
    const refused = purchase(T(0), 10_000, { id: 'p', currency: 'JPY' });
    expect(lines(run(plain, [refused, refund(T(1), { of: 'p' })]))).to.deep.equal([
      'earn currency-not-accepted',
      'reverse_earn not-reversible',
    ]);
  });

  it('bonuses too, which are no visit', () => {
    const { account } = run(plain, [
      bonus(T(0), 30, { id: 'b' }),
      refund(T(1), { of: 'b', points: 10 }),
      refund(T(2), { of: 'b' }),
    ]);
    expect(account).to.include({ points_balance: 0, lifetime_points_earned: 0, visits_count: 0 });
  });
});

describe('points of a refund that were spent', () => {
  const spent: History = [bought, redeem(T(1), 70), refund(T(2), { of: 'p' })];
  const begun = ['earn 100 → 100', 'redeem 70 → 30'];

  it('are forgiven by clamp', () => {
    const { account, outcomes } = run(shortfall('clamp'), [...spent, bonus(T(3), 50)]);
    expect(lines({ outcomes })).to.deep.equal([...begun, 'reverse_earn 30 → 0', 'earn 50 → 50']);
    expect(outcomes[2]?.explanation).to.include({ shortfall: 70 });
    expect(account.state).to.include({ debt: 0, deficit: 0 });
  });

  it('are owed by debt, and whatever comes in repays them', () => {
    const undone = redeem(T(1), 70, { id: 'r' });
    const incomes: [ReturnType<typeof bonus>, string[]][] = [
      [bonus(T(3), 50), ['earn 50 → 50', 'repay 50 → 0']],
      [bonus(T(3), 70), ['earn 70 → 70', 'repay 70 → 0']],
      [purchase(T(3), 9_000), ['earn 90 → 90', 'repay 70 → 20']],
      [{ ...bonus(T(3), 80), type: 'adjust_credit' }, ['adjust_credit 80 → 80', 'repay 70 → 10']],
      [giveBack(T(3), { of: 'r' }), ['reverse_redeem 70 → 70', 'repay 70 → 0']],
    ];
    for (const [income, expected] of incomes) {
      const ledger = run(shortfall('debt'), [bought, undone, refund(T(2), { of: 'p' }), income]);
      expect(lines(ledger)).to.deep.equal([...begun, 'reverse_earn 30 → 0', ...expected]);
      expect(ledger.account.state.debt + Number(ledger.outcomes.at(-1)?.points)).to.equal(70);
    }
  });

  it('are owed, and repaid by what a hold gives back', () => {
    const history: History = [
      bought,
      hold(T(1), 70, 600, { id: 'h' }),
      refund(T(2), { of: 'p' }),
      capture(T(3), 'h', 20),
    ];
    expect(lines(run(shortfall('debt'), history)).slice(2)).to.deep.equal([
      ...['reverse_earn 30 → 70', 'capture 20 → 50', 'release 50 → 50', 'repay 50 → 0'],
    ]);
  });

  it('are taken below zero by negative, where nothing can be redeemed until it is made good', () => {
    const { account, outcomes } = run(shortfall('negative'), [
      ...spent,
      redeem(T(3), 1),
      bonus(T(4), 90),
      redeem(T(5), 21),
      redeem(T(5), 20),
    ]);
    expect(lines({ outcomes })).to.deep.equal([
      ...[...begun, 'reverse_earn 100 → -70', 'redeem insufficient-points', 'earn 90 → 20'],
      ...['redeem insufficient-points', 'redeem 20 → 0'],
    ]);
    expect(account.state).to.include({ debt: 0, deficit: 0 });
  });

  it('below zero leave what is held alone', () => {
    const { account } = run(shortfall('negative'), [bought, hold(T(1), 60, 600), refund(T(2), { of: 'p' })]);
    expect(account).to.include({ points_balance: 0, points_held: 60, lifetime_points_earned: 0 });
    expect(account.state.deficit).to.equal(60);
  });
});

describe('a redemption is undone', () => {
  const monthly = (grace_days: number) =>
    programme({ expiry: { policy: 'end_of_month', after_months: 0 }, reversal: { shortfall: 'clamp', grace_days } });
  const february = bonus('2026-03-30', 40, { occurred_at: at('2026-03-30') });
  const history = [february, redeem('2026-03-31', 30, { id: 'r' }), bonus('2026-04-01', 5)];

  it('into the lots it came from, with their own ends', () => {
    const versions = [monthly(0), { ...plain, version: 2, effective_from: at('2026-03-10') }] as const;
    const two = [bonus(T(0), 20, { occurred_at: at('2026-03-09') }), bonus(T(0), 30), redeem(T(1), 45, { id: 'r' })];
    expect(lots(run(versions, two))).to.deep.equal([[5, null]]);
    expect(lots(run(versions, [...two, giveBack(T(2), { of: 'r', points: 30 })]))).to.deep.equal([
      [5, '2026-04-01'],
      [30, null],
    ]);
    const all = run(versions, [
      ...two,
      giveBack(T(2), { of: 'r', points: 30 }),
      giveBack(T(3), { of: 'r' }),
      giveBack(T(4), { of: 'r' }),
    ]);
    expect(lots(all)).to.deep.equal([
      [20, '2026-04-01'],
      [30, null],
    ]);
    expect(lines(all).slice(3)).to.deep.equal([
      'reverse_redeem 30 → 35',
      'reverse_redeem 15 → 50',
      'reverse_redeem exceeds-original',
    ]);
    expect(all.account.lifetime_points_redeemed).to.equal(0);
  });

  it('and what has lapsed meanwhile lapses again', () => {
    const ledger = run(monthly(0), [...history, giveBack('2026-04-02', { of: 'r' })]);
    expect(lines(ledger).slice(-2)).to.deep.equal(['reverse_redeem 30 → 35', 'expire 30 → 5']);
  });

  it('or lives on for the days of grace', () => {
    const ledger = run(monthly(7), [...history, giveBack('2026-04-02 08:00', { of: 'r' })]);
    expect(ledger.account.state.lots).to.deep.equal([
      { points: 30, expires_at: at('2026-04-09 08:00') },
      { points: 5, expires_at: at('2026-05-01') },
    ]);
  });

  it('with grace at the very moment at which its lot lapses, also for want of activity', () => {
    for (const expiry of [
      { policy: 'inactivity', days: 1 },
      { policy: 'rolling_days', days: 0 },
    ] as const) {
      const rules = programme({ expiry, reversal: { shortfall: 'clamp', grace_days: 7 } });
      const ledger = run(rules, [
        bonus('2026-03-31', 40),
        redeem('2026-03-31', 30, { id: 'r' }),
        giveBack('2026-04-01', { of: 'r' }),
      ]);
      expect(lots(ledger), expiry.policy).to.deep.equal([[30, '2026-04-08']]);
    }
  });

  it('a capture likewise, and nothing else that takes points', () => {
    const held = [bonus(T(0), 100, { id: 'b' }), hold(T(0), 60, 600, { id: 'h' }), capture(T(1), 'h', 20)];
    const back = giveBack(T(2), { of: held[2]?.id as string });
    expect(lines(run(plain, [...held, back, giveBack(T(3), { of: 'h' })])).slice(-2)).to.deep.equal([
      ...['reverse_redeem 20 → 100', 'reverse_redeem not-reversible'],
    ]);
  });
});
