// Holds: points set aside, taken in parts, given back, and running out.

import { MAX_HOLDS } from '@customer-service/domain';
import { expect } from 'chai';
import { at, bonus, capture, debit, hold, lines, lots, programme, redeem, release, run } from './ledger.ts';

const T = (minute: number) => `2026-03-15 12:${String(minute).padStart(2, '0')}`;
const rules = programme();
const reserved = hold(T(0), 60, 600, { id: 'h' });
const start = [bonus(T(0), 100), reserved];
const BEGUN = ['earn 100 → 100', 'hold 60 → 100'];

const cases: [string, ReturnType<typeof bonus>[], string[]][] = [
  ['all of it at once', [capture(T(1), 'h', null)], ['capture 60 → 40']],
  ['a part, and the rest is free again', [capture(T(1), 'h', 20)], ['capture 20 → 80', 'release 40 → 80']],
  [
    'a part, more to come, and the rest with the last',
    [capture(T(1), 'h', 20, false), capture(T(2), 'h', 10, false), capture(T(3), 'h', 5)],
    ['capture 20 → 80', 'capture 10 → 70', 'capture 5 → 65', 'release 25 → 65'],
  ],
  [
    'until nothing is left, which ends it',
    [capture(T(1), 'h', 20, false), capture(T(2), 'h', 40, false), capture(T(3), 'h', 1)],
    ['capture 20 → 80', 'capture 40 → 40', 'capture hold-not-open'],
  ],
  ['more than it has: not at all', [capture(T(1), 'h', 61)], ['capture exceeds-hold']],
  [
    'more than is left: not at all',
    [capture(T(1), 'h', 50, false), capture(T(2), 'h', 11, false)],
    ['capture 50 → 50', 'capture exceeds-hold'],
  ],
  ['one that there is not', [capture(T(1), 'x', 5)], ['capture hold-not-open']],
  [
    'not after the last capture',
    [capture(T(1), 'h', 20), capture(T(2), 'h', 5)],
    ['capture 20 → 80', 'release 40 → 80', 'capture hold-not-open'],
  ],
  ['void', [release(T(1), 'h'), redeem(T(2), 100)], ['release 60 → 100', 'redeem 100 → 0']],
  ['void, once', [release(T(1), 'h'), release(T(2), 'h')], ['release 60 → 100', 'release hold-not-open']],
  [
    'not captured after it was void',
    [release(T(1), 'h'), capture(T(2), 'h', 5)],
    ['release 60 → 100', 'capture hold-not-open'],
  ],
  ['in the last instant', [capture('2026-03-15 12:09:59.999', 'h', 60)], ['capture 60 → 40']],
  ['not when it has run out', [capture(T(10), 'h', 60)], ['release 60 → 100', 'capture hold-not-open']],
  ['not released when it has run out', [release(T(10), 'h')], ['release 60 → 100', 'release hold-not-open']],
  [
    'what is held can not be redeemed',
    [redeem(T(1), 41), redeem(T(1), 40)],
    ['redeem insufficient-points', 'redeem 40 → 60'],
  ],
  [
    'nor taken by hand',
    [debit(T(1), 41), debit(T(1), 40)],
    ['adjust_debit insufficient-points', 'adjust_debit 40 → 60'],
  ],
  ['nor held again', [hold(T(1), 41, 60), hold(T(1), 40, 60)], ['hold insufficient-points', 'hold 40 → 100']],
];

describe('a hold', () => {
  for (const [what, history, expected] of cases) {
    it(what, () => {
      expect(lines(run(rules, [...start, ...history]))).to.deep.equal([...BEGUN, ...expected]);
    });
  }

  it('leaves the balance and takes from what is available', () => {
    const { account } = run(rules, start);
    expect(account).to.include({
      points_balance: 100,
      points_held: 60,
      lifetime_points_redeemed: 0,
      settles_at: at(T(10)),
    });
    expect(account.state.holds).to.deep.equal([
      { id: 'h', points: 60, expires_at: at(T(10)), lots: [{ points: 60, expires_at: null }] },
    ]);
  });

  it('runs out when a worker comes by, and when nobody does', () => {
    const settled = run(rules, start, { settle_at: T(10) });
    expect(lines(settled)).to.deep.equal([...BEGUN, 'release 60 → 100']);
    expect(settled.outcomes[2]).to.include({ id: null, occurred_at: at(T(10)) });
    expect(lines(run(rules, start, { settle_at: '2026-03-15 12:09:59.999' }))).to.deep.equal(BEGUN);
  });

  it('lasts 15 minutes when it does not say', () => {
    const { account } = run(rules, [bonus(T(0), 100), { ...reserved, terms: null }]);
    expect(account.settles_at).to.equal(at(T(15)));
  });

  it('is refused to a suspended customer, who can still be charged for one', () => {
    const { account, targets } = run(rules, start);
    const suspended = { ...account, customer_status: 'suspended' as const };
    expect(targets.size).to.be.above(0);
    const history = [hold(T(1), 5, 60), capture(T(1), 'h', 10)];
    expect(lines(run(rules, history, { account: suspended }))).to.deep.equal([
      ...['hold customer-suspended', 'capture 10 → 90', 'release 50 → 90'],
    ]);
  });
});

describe('points that lapse while they are held', () => {
  const monthly = programme({ expiry: { policy: 'end_of_month', after_months: 0 } });
  const long = hold('2026-03-31', 60, 86_400 * 5, { id: 'h' });
  const begun = [bonus('2026-03-20', 100), long];

  it('can be captured as long as the hold lasts', () => {
    const ledger = run(monthly, [...begun, capture('2026-04-03', 'h', null)]);
    expect(lines(ledger).slice(2)).to.deep.equal(['expire 40 → 60', 'capture 60 → 0']);
  });

  it('are gone with what is released of it, by a capture, a void, or because it ran out', () => {
    const ends: [ReturnType<typeof bonus>[], string[]][] = [
      [[capture('2026-04-03', 'h', 20)], ['capture 20 → 40', 'release 40 → 40', 'expire 40 → 0']],
      [[release('2026-04-03', 'h')], ['release 60 → 60', 'expire 60 → 0']],
      [[], ['release 60 → 60', 'expire 60 → 0']],
    ];
    for (const [history, expected] of ends) {
      const ledger = run(monthly, [...begun, ...history], { settle_at: '2026-05-01' });
      expect(lines(ledger).slice(2)).to.deep.equal(['expire 40 → 60', ...expected]);
    }
  });

  it('go back to their own lots, and others are not touched', () => {
    const two = [bonus('2026-03-20', 30), bonus('2026-04-02', 50)];
    const both = [two[0], hold('2026-03-31', 30, 86_400 * 5, { id: 'h' }), two[1], release('2026-04-03', 'h')];
    expect(lots(run(monthly, both as typeof two))).to.deep.equal([[50, '2026-05-01']]);
  });
});

describe('the holds of one account', () => {
  it('are a hundred at the most, and one more when one of them has ended', () => {
    const many = Array.from({ length: MAX_HOLDS + 1 }, (_, index) => hold(T(1), 1, 600, { id: `h-${index}` }));
    const ledger = run(rules, [
      bonus(T(0), 500),
      ...many,
      capture(T(2), 'h-7', null),
      hold(T(3), 1, 600, { id: 'last' }),
    ]);
    expect(lines(ledger).slice(-3)).to.deep.equal(['hold limit-exceeded', 'capture 1 → 499', 'hold 1 → 499']);
  });
});
