// The decision about points: a table of cases by hand. What holds for all cases is in apply-transactions-model.test.ts.

import {
  type AccountState,
  type LoyaltyAccount,
  MAX_AMOUNT_MINOR,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
  REJECTION_CODES,
  type Transfer,
} from '@customer-service/domain';
import { expect } from 'chai';
import { at, CUSTOMER, held, lotsOf, posted, REMEMBERED, run } from './ledger.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const NOW = '2026-03-15 12:00';

const purchase = (amount_minor: number, currency = 'USD') => posted(NOW, { amount_minor, currency });
const bonus = (points: number) => posted(NOW, { points });
const redeem = (points: number) => posted(NOW, { type: 'redeem', points });
const transferOf = (points: number, fields: Partial<Transfer>): Transfer => ({
  ...{ earned: points, redeemed: 0, expired: 0, adjusted: 0, debt: 0, lots: lotsOf(points), activity: [] },
  ...{ member_since: at('2020-01-01'), tier_floor: 'bronze', ...fields },
});
const transferIn = (points: number, amount_minor: number | null, visits: number, fields: Partial<Transfer> = {}) =>
  posted(NOW, { type: 'transfer_in', points, amount_minor, visits, terms: { transfer: transferOf(points, fields) } });
const transferOut = (points: number, amount_minor: number | null, visits: number, fields: Partial<Transfer> = {}) =>
  posted(NOW, { type: 'transfer_out', points, amount_minor, visits, terms: { transfer: transferOf(points, fields) } });

const JANUARY = { month: '2026-01', spend_minor: 40_000, visits: 3, points: 400 };
/** All that `held` has. */
const everything: Partial<Transfer> = { earned: 150, redeemed: 50, activity: REMEMBERED.activity };

/** Decides one transaction on `held` changed by `fields`. */
function decide(fields: Partial<LoyaltyAccount>, item: PendingTransaction) {
  const given = { ...held, ...fields };
  given.state = { ...given.state, lots: lotsOf(given.points_balance) };
  const { account, outcomes, tier_changes } = run(PROGRAMME, [item], { account: given });
  return { given, account, outcome: outcomes[0] as Outcome, tier_changes };
}

interface AppliedCase {
  name: string;
  state?: Partial<LoyaltyAccount>;
  given: PendingTransaction;
  points: number;
  /** What is different in the account afterwards; aside the sequence, and in the state the lot. */
  changes: Partial<LoyaltyAccount>;
  state_changes?: Partial<AccountState>;
}

const ACTIVE: Partial<AccountState> = { active_at: at(NOW) };
const bought = (spend_minor: number, points: number): Partial<AccountState> => ({
  ...ACTIVE,
  activity: [...REMEMBERED.activity, { month: '2026-03', spend_minor, visits: 1, points }],
});

const applied: AppliedCase[] = [
  {
    name: 'a purchase earns points, spend and a visit',
    given: purchase(12_345),
    points: 123,
    changes: { points_balance: 223, lifetime_points_earned: 273, total_spent_minor: 22_345, visits_count: 2 },
    state_changes: bought(12_345, 123),
  },
  {
    name: 'a purchase below one unit earns no point, but counts as spend and visit',
    given: purchase(99),
    points: 0,
    changes: { total_spent_minor: 10_099, visits_count: 2 },
    state_changes: bought(99, 0),
  },
  {
    name: 'the largest purchase earns its points exactly',
    given: purchase(MAX_AMOUNT_MINOR),
    points: 100_000_000,
    changes: {
      points_balance: 100_000_100,
      lifetime_points_earned: 100_000_150,
      total_spent_minor: 10_000_010_000,
      visits_count: 2,
      tier: 'diamond',
    },
    state_changes: { ...bought(MAX_AMOUNT_MINOR, 100_000_000), tier_since: at(NOW) },
  },
  {
    name: 'a bonus earns points, but no spend, no visit and no tier',
    state: { visits_count: 9, total_spent_minor: 49_999 },
    given: bonus(500),
    points: 500,
    changes: { points_balance: 600, lifetime_points_earned: 650 },
    state_changes: ACTIVE,
  },
  {
    name: 'a bonus is not multiplied by the tier',
    state: { tier: 'diamond', visits_count: 100 },
    given: bonus(10),
    points: 10,
    changes: { points_balance: 110, lifetime_points_earned: 160 },
    state_changes: ACTIVE,
  },
  {
    name: 'a redemption takes points and counts them; it is no visit',
    given: redeem(30),
    points: 30,
    changes: { points_balance: 70, lifetime_points_redeemed: 80 },
    state_changes: ACTIVE,
  },
  {
    name: 'a redemption may take the balance to exactly zero',
    given: redeem(100),
    points: 100,
    changes: { points_balance: 0, lifetime_points_redeemed: 150 },
    state_changes: ACTIVE,
  },
  {
    name: 'an inactive customer earns and redeems like an active one',
    state: { customer_status: 'inactive' },
    given: redeem(100),
    points: 100,
    changes: { points_balance: 0, lifetime_points_redeemed: 150 },
    state_changes: ACTIVE,
  },
  {
    name: 'the purchase that reaches a tier still counts with the tier held before it',
    state: { total_spent_minor: 40_000 },
    given: purchase(10_000),
    points: 100,
    changes: {
      points_balance: 200,
      lifetime_points_earned: 250,
      total_spent_minor: 50_000,
      visits_count: 2,
      tier: 'silver',
    },
    state_changes: { ...bought(10_000, 100), tier_since: at(NOW) },
  },
  {
    name: 'a tier once held multiplies the next purchase',
    state: { tier: 'silver', total_spent_minor: 50_000 },
    given: purchase(10_000),
    points: 120,
    changes: { points_balance: 220, lifetime_points_earned: 270, total_spent_minor: 60_000, visits_count: 2 },
    state_changes: bought(10_000, 120),
  },
  {
    name: 'the tenth visit reaches a tier however small it is',
    state: { visits_count: 9 },
    given: purchase(1),
    points: 0,
    changes: { total_spent_minor: 10_001, visits_count: 10, tier: 'silver' },
    state_changes: { ...bought(1, 0), tier_since: at(NOW) },
  },
  {
    name: 'the largest lifetime total that is still exact is reached',
    state: { lifetime_points_earned: MAX - 5, lifetime_points_redeemed: MAX - 105 },
    given: bonus(5),
    points: 5,
    changes: { points_balance: 105, lifetime_points_earned: MAX },
    state_changes: ACTIVE,
  },
  {
    name: 'what comes in by a merge counts as earned, spent and visited, and reaches the tier of both together',
    given: transferIn(7, 40_000, 3, { earned: 20, redeemed: 13, activity: [JANUARY] }),
    points: 7,
    changes: {
      ...{ points_balance: 107, lifetime_points_earned: 170, lifetime_points_redeemed: 63 },
      ...{ total_spent_minor: 50_000, visits_count: 4, tier: 'silver' },
    },
    state_changes: {
      ...{ ...ACTIVE, tier_since: at(NOW), member_since: at('2020-01-01') },
      activity: [JANUARY, ...REMEMBERED.activity],
    },
  },
  {
    name: 'what goes out by a merge leaves an account of which no figure tells any more',
    state: { tier: 'gold', total_spent_minor: 200_000, visits_count: 30 },
    given: transferOut(100, 200_000, 30, everything),
    points: 100,
    changes: {
      ...{ points_balance: 0, lifetime_points_earned: 0, lifetime_points_redeemed: 0 },
      ...{ total_spent_minor: 0, visits_count: 0, tier: 'bronze' },
    },
    state_changes: { activity: [], tier_since: at(NOW) },
  },
  {
    name: 'a merge moves the points of a suspended customer as well',
    state: { customer_status: 'suspended' },
    given: transferOut(100, null, 0, everything),
    points: 100,
    changes: { points_balance: 0, lifetime_points_earned: 0, lifetime_points_redeemed: 0 },
    state_changes: { activity: [] },
  },
  {
    name: 'a merge of an account that never had anything moves nothing',
    given: transferIn(0, null, 0, { member_since: null }),
    points: 0,
    changes: {},
    state_changes: ACTIVE,
  },
];

describe('a transaction that can be honoured', () => {
  for (const { name, state = {}, given: item, points, changes, state_changes } of applied) {
    it(name, () => {
      const { given, account, outcome, tier_changes } = decide(state, item);
      const lots = lotsOf(changes.points_balance ?? given.points_balance);
      const remembered = { ...given.state, ...state_changes, lots };
      // A purchase is a visit: last-visit.test.ts.
      const { last_visit_at } = account;
      expect(account).to.deep.equal({ ...given, ...changes, last_visit_at, sequence: 8, state: remembered });
      const { explanation: _why, ...line } = outcome;
      expect(line).to.deep.equal({
        ...{ id: item.id, customer_id: CUSTOMER, type: item.type, status: 'applied', rejection_code: null, points },
        ...{
          balance_after: account.points_balance,
          tier_after: account.tier,
          sequence: 8,
          occurred_at: item.occurred_at,
        },
      });
      expect(tier_changes.map(({ from_tier, to_tier }) => [from_tier, to_tier])).to.deep.equal(
        account.tier === given.tier ? [] : [[given.tier, account.tier]],
      );
    });
  }
});

const suspended = { customer_status: 'suspended' } as const;
const full = { lifetime_points_earned: MAX, lifetime_points_redeemed: MAX - 100 };
const rejected: [string, Partial<LoyaltyAccount>, PendingTransaction, string, number][] = [
  ['a redemption of one point too many', {}, redeem(101), 'insufficient-points', 101],
  ['a redemption from an empty account', { points_balance: 0 }, redeem(1), 'insufficient-points', 1],
  ['a purchase of a suspended customer', suspended, purchase(10_000), 'customer-suspended', 100],
  ['a bonus for a suspended customer', suspended, bonus(1), 'customer-suspended', 1],
  ['a redemption of a suspended customer', suspended, redeem(1), 'customer-suspended', 1],
  ['a currency that the programme does not take', {}, purchase(10_000, 'JPY'), 'currency-not-accepted', 0],
  ['a currency in lower case', {}, purchase(10_000, 'usd'), 'currency-not-accepted', 0],
  ['an empty currency', {}, purchase(10_000, ''), 'currency-not-accepted', 0],
  ['a currency that every object has', {}, purchase(10_000, 'constructor'), 'currency-not-accepted', 0],
  ['a bonus past the largest exact total', full, bonus(1), 'limit-exceeded', 1],
  ['a purchase past the largest exact spend', { total_spent_minor: MAX }, purchase(1), 'limit-exceeded', 0],
  ['more points out than there are', {}, transferOut(101, null, 0), 'insufficient-points', 101],
  ['more spend out than there is', {}, transferOut(0, 10_001, 0), 'insufficient-points', 0],
  ['more visits out than there are', {}, transferOut(0, null, 2), 'insufficient-points', 0],
  ['points in past the largest exact total', full, transferIn(1, null, 0), 'limit-exceeded', 1],
  ['spend in past the largest exact total', {}, transferIn(0, MAX, 0), 'limit-exceeded', 0],
  // The first rule that forbids it names the reason, in the order of REJECTION_CODES.
  ['suspended before currency', suspended, purchase(1, 'JPY'), 'customer-suspended', 0],
  ['suspended before points', suspended, redeem(101), 'customer-suspended', 101],
  ['suspended before the limit', { ...suspended, ...full }, bonus(1), 'customer-suspended', 1],
  ['currency before points', {}, { ...redeem(101), currency: 'JPY' }, 'currency-not-accepted', 101],
  ['currency before the limit', { total_spent_minor: MAX }, purchase(1, 'JPY'), 'currency-not-accepted', 0],
];

describe('a transaction that can not be honoured', () => {
  for (const [name, state, item, code, points] of rejected) {
    it(`is rejected as ${code} and moves nothing but the sequence: ${name}`, () => {
      const { given, account, outcome } = decide(state, item);
      expect(account).to.deep.equal({ ...given, sequence: 8 });
      expect(outcome).to.deep.equal({
        ...{ id: item.id, customer_id: CUSTOMER, type: item.type, status: 'rejected', rejection_code: code, points },
        ...{
          balance_after: account.points_balance,
          tier_after: account.tier,
          sequence: 8,
          occurred_at: item.occurred_at,
          explanation: null,
        },
      });
    });
  }

  it('has each of the reasons that no hold, reversal or minimum gives in these tables', () => {
    const elsewhere = ['below-minimum', 'hold-not-open', 'exceeds-hold', 'not-reversible', 'exceeds-original'];
    const here = REJECTION_CODES.filter((code) => !elsewhere.includes(code));
    expect(new Set(rejected.map((row) => row[3]))).to.deep.equal(new Set(here));
  });
});
