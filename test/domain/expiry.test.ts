// When points lapse, policy by policy: the first moment at which they are gone.

import type { ExpiryRule } from '@customer-service/domain';
import { expect } from 'chai';
import { at, bonus, credit, hold, lines, lots, programme, purchase, redeem, release, run } from './ledger.ts';

const month = (after_months: number): ExpiryRule => ({ policy: 'end_of_month', after_months });
const quarter = (after_months: number): ExpiryRule => ({ policy: 'end_of_quarter', after_months });
const year = (after_months: number): ExpiryRule => ({ policy: 'end_of_year', after_months });
const days = (count: number): ExpiryRule => ({ policy: 'rolling_days', days: count });
const months = (count: number): ExpiryRule => ({ policy: 'rolling_months', months: count });

/** [policy, earned, gone] */
const cases: [ExpiryRule, string, string | null][] = [
  [{ policy: 'none' }, '2026-03-15 12:00', null],
  [days(0), '2026-03-15 12:00', '2026-03-16'],
  [days(1), '2026-03-15 00:00', '2026-03-17'],
  [days(1), '2026-03-15 23:59:59.999', '2026-03-17'],
  [days(365), '2026-03-15 12:00', '2027-03-16'],
  [days(365), '2027-12-31 12:00', '2028-12-31'],
  [days(1), '2024-02-28 12:00', '2024-03-01'],
  [days(1), '2023-02-28 12:00', '2023-03-02'],
  [months(1), '2026-01-31 12:00', '2026-03-01'],
  [months(1), '2024-01-31 12:00', '2024-03-01'],
  [months(1), '2024-01-29 12:00', '2024-03-01'],
  [months(1), '2023-01-29 12:00', '2023-03-01'],
  [months(1), '2026-02-28 12:00', '2026-03-29'],
  [months(12), '2024-02-29 12:00', '2025-03-01'],
  [months(48), '2024-02-29 23:59:59.999', '2028-03-01'],
  [months(11), '2026-12-31 12:00', '2027-12-01'],
  [month(0), '2026-03-01 00:00', '2026-04-01'],
  [month(0), '2026-03-31 23:59:59.999', '2026-04-01'],
  [month(0), '2024-02-29 12:00', '2024-03-01'],
  [month(2), '2026-11-30 12:00', '2027-02-01'],
  [quarter(0), '2026-01-01 00:00', '2026-04-01'],
  [quarter(0), '2026-12-31 23:59:59.999', '2027-01-01'],
  [quarter(1), '2026-03-31 12:00', '2026-07-01'],
  [quarter(3), '2026-03-31 12:00', '2026-07-01'],
  [year(0), '2026-01-01 00:00', '2027-01-01'],
  [year(0), '2026-12-31 23:59:59.999', '2027-01-01'],
  [year(3), '2026-09-30 12:00', '2027-01-01'],
  [year(3), '2026-10-01 00:00', '2028-01-01'],
];

describe('points lapse', () => {
  for (const [expiry, earned, gone] of cases) {
    const { policy, ...rest } = expiry;
    it(`${policy} ${Object.values(rest)}: earned ${earned}, gone ${gone ?? 'never'}`, () => {
      const rules = programme({ expiry });
      expect(lots(run(rules, [bonus(earned, 5)]))).to.deep.equal([[5, gone]]);
      const late = run(rules, [bonus(earned, 5)], { settle_at: gone ?? '2999-01-01' });
      expect(lines(late)).to.deep.equal(gone === null ? ['earn 5 → 5'] : ['earn 5 → 5', 'expire 5 → 0']);
      if (gone === null) return;
      const before = new Date(Date.parse(at(gone)) - 1).toISOString();
      expect(lines(run(rules, [bonus(earned, 5)], { settle_at: before })), 'the instant before').to.have.length(1);
    });
  }

  it('when they were earned, by the terms of the day of the purchase, however late it is accepted', () => {
    const late = purchase('2026-03-10', 500, { occurred_at: at('2026-01-31') });
    expect(lots(run(programme({ expiry: month(2) }), [late]))).to.deep.equal([[5, '2026-04-01']]);
  });

  it('at once when they had lapsed before the purchase was accepted', () => {
    const late = purchase('2026-03-10', 500, { occurred_at: at('2026-01-31') });
    const { account, outcomes } = run(programme({ expiry: month(0) }), [late]);
    expect(lines({ outcomes })).to.deep.equal(['earn 5 → 5', 'expire 5 → 0']);
    expect(outcomes[1]?.occurred_at).to.equal(at('2026-02-01'));
    expect(account).to.include({ lifetime_points_earned: 5, lifetime_points_expired: 5 });
  });

  it('not later because the clock of the till is ahead', () => {
    for (const occurred_at of [at('2026-06-01'), '9999-12-31T23:59:59.999Z']) {
      const early = purchase('2026-03-10', 500, { occurred_at });
      expect(lots(run(programme({ expiry: months(1) }), [early]))).to.deep.equal([[5, '2026-04-11']]);
    }
  });
});

describe('points that hang on activity', () => {
  const rules = programme({ expiry: { policy: 'inactivity', days: 30 } });
  const [earned, dayBefore, gone] = ['2026-03-01 12:00', '2026-03-31 11:59:59.999', '2026-03-31 12:00'];

  it('lapse together, to the millisecond, when nothing was earned or redeemed for so long', () => {
    const history = [bonus('2026-02-10', 3), bonus(earned, 5)];
    expect(lines(run(rules, history, { settle_at: dayBefore }))).to.have.length(2);
    expect(lines(run(rules, history, { settle_at: gone })).slice(2)).to.deep.equal(['expire 8 → 0']);
  });

  const active: [string, ReturnType<typeof bonus>][] = [
    ['a purchase', purchase(dayBefore, 100)],
    ['a redemption', redeem(dayBefore, 1)],
    ['a hold', hold(dayBefore, 1, 60)],
    ['points by hand', credit(dayBefore, 1)],
  ];
  for (const [what, transaction] of active) {
    it(`live on with ${what}`, () => {
      const { account } = run(rules, [bonus(earned, 5), transaction], { settle_at: '2026-04-15' });
      expect(account.lifetime_points_expired).to.equal(0);
    });
  }

  it('do not live on with a redemption that was refused', () => {
    const { account } = run(rules, [bonus(earned, 5), redeem(dayBefore, 6)], { settle_at: gone });
    expect(account.lifetime_points_expired).to.equal(5);
  });

  it('are not gone at once when somebody gives them to a customer who was away for years', () => {
    const ledger = run(rules, [bonus('2020-01-01', 5), credit(earned, 7)]);
    expect(lines(ledger)).to.deep.equal(['earn 5 → 5', 'expire 5 → 0', 'adjust_credit 7 → 7']);
  });
});

describe('of points that lapse at different times', () => {
  it('those are used first that lapse first, whatever the order in which they came', () => {
    const rules = programme({ expiry: month(0) });
    const old = bonus('2026-03-20', 10, { occurred_at: at('2026-03-20') });
    const ledger = run(rules, [bonus('2026-03-20', 10), old, bonus('2026-04-01', 5)]);
    expect(lines(ledger)).to.deep.equal(['earn 10 → 10', 'earn 10 → 20', 'expire 20 → 0', 'earn 5 → 5']);
    const versions = [rules, { ...programme(), version: 2, effective_from: at('2026-03-10') }] as const;
    const two = run(versions, [bonus('2026-03-15', 7), bonus('2026-03-16', 9, { occurred_at: at('2026-03-09') })]);
    expect(lots(two)).to.deep.equal([
      [9, '2026-04-01'],
      [7, null],
    ]);
    const spent = run(versions, [
      bonus('2026-03-15', 7),
      bonus('2026-03-16', 9, { occurred_at: at('2026-03-09') }),
      redeem('2026-03-20', 10),
    ]);
    expect(lots(spent)).to.deep.equal([[6, null]]);
    expect(spent.outcomes[2]?.explanation?.allocations).to.deep.equal([
      { points: 9, expires_at: at('2026-04-01') },
      { points: 1, expires_at: null },
    ]);
  });

  it('those that are held lapse when they come back', () => {
    const reserved = hold('2026-03-31', 4, 86_400 * 10);
    const ledger = run(programme({ expiry: month(0) }), [
      bonus('2026-03-01', 10),
      reserved,
      release('2026-04-02', reserved.id),
    ]);
    expect(lines(ledger)).to.deep.equal([
      'earn 10 → 10',
      'hold 4 → 10',
      'expire 6 → 4',
      'release 4 → 4',
      'expire 4 → 0',
    ]);
    expect(ledger.outcomes.at(-1)?.occurred_at).to.equal(at('2026-04-01'));
  });
});
