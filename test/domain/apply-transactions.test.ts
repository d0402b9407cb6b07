// The decision about points: a table of cases by hand. What holds for all cases is in apply-transactions-model.test.ts.

import {
  applyTransactions,
  type LoyaltyAccount,
  MAX_AMOUNT_MINOR,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
  REJECTION_CODES,
} from '@customer-service/domain';
import { expect } from 'chai';

const CUSTOMER = '00000000-0000-7000-8000-000000000001';
const MAX = Number.MAX_SAFE_INTEGER;

/** An account that holds 100 points from one purchase of 100.00, with 7 transactions behind it. */
const held: LoyaltyAccount = {
  customer_id: CUSTOMER,
  customer_status: 'active',
  points_balance: 100,
  lifetime_points_earned: 150,
  lifetime_points_redeemed: 50,
  total_spent_minor: 10_000,
  visits_count: 1,
  last_visit_at: '2026-01-01T12:00:00.000Z',
  tier: 'bronze',
  sequence: 7,
};

function transaction(fields: Partial<PendingTransaction>): PendingTransaction {
  return {
    ...{ id: 'tx', customer_id: CUSTOMER, type: 'earn', points: null, amount_minor: null, currency: null },
    occurred_at: '2025-12-31T12:00:00.000Z',
    ...fields,
  };
}
const purchase = (amount_minor: number, currency = 'USD') => transaction({ amount_minor, currency });
const bonus = (points: number) => transaction({ points });
const redeem = (points: number) => transaction({ type: 'redeem', points });
const transferIn = (points: number, amount_minor: number | null, visits: number) =>
  transaction({ type: 'transfer_in', points, amount_minor, visits });
const transferOut = (points: number, amount_minor: number | null, visits: number) =>
  transaction({ type: 'transfer_out', points, amount_minor, visits });

/** Decides one transaction on `held` changed by `fields`. */
function decide(fields: Partial<LoyaltyAccount>, item: PendingTransaction) {
  const { account, outcomes } = applyTransactions({ ...held, ...fields }, [item], PROGRAMME);
  return { account, outcome: outcomes[0] as Outcome };
}

interface AppliedCase {
  name: string;
  state?: Partial<LoyaltyAccount>;
  given: PendingTransaction;
  points: number;
  /** What is different in the account afterwards, the sequence aside. */
  changes: Partial<LoyaltyAccount>;
}

const applied: AppliedCase[] = [
  {
    name: 'a purchase earns points, spend and a visit',
    given: purchase(12_345),
    points: 123,
    changes: { points_balance: 223, lifetime_points_earned: 273, total_spent_minor: 22_345, visits_count: 2 },
  },
  {
    name: 'a purchase below one unit earns no point, but counts as spend and visit',
    given: purchase(99),
    points: 0,
    changes: { total_spent_minor: 10_099, visits_count: 2 },
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
  },
  {
    name: 'a bonus earns points, but no spend, no visit and no tier',
    state: { visits_count: 9, total_spent_minor: 49_999 },
    given: bonus(500),
    points: 500,
    changes: { points_balance: 600, lifetime_points_earned: 650 },
  },
  {
    name: 'a bonus is not multiplied by the tier',
    state: { tier: 'diamond', visits_count: 100 },
    given: bonus(10),
    points: 10,
    changes: { points_balance: 110, lifetime_points_earned: 160 },
  },
  {
    name: 'a redemption takes points and counts them; it is no visit',
    given: redeem(30),
    points: 30,
    changes: { points_balance: 70, lifetime_points_redeemed: 80 },
  },
  {
    name: 'a redemption may take the balance to exactly zero',
    given: redeem(100),
    points: 100,
    changes: { points_balance: 0, lifetime_points_redeemed: 150 },
  },
  {
    name: 'an inactive customer earns and redeems like an active one',
    state: { customer_status: 'inactive' },
    given: redeem(100),
    points: 100,
    changes: { points_balance: 0, lifetime_points_redeemed: 150 },
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
  },
  {
    name: 'a purchase that occurred later is the last visit',
    given: { ...purchase(1), occurred_at: '2026-01-01T12:00:00.001Z' },
    points: 0,
    changes: { total_spent_minor: 10_001, visits_count: 2, last_visit_at: '2026-01-01T12:00:00.001Z' },
  },
  {
    name: 'the first purchase is a visit, whenever it occurred',
    state: { visits_count: 0, total_spent_minor: 0, last_visit_at: null },
    given: purchase(1),
    points: 0,
    changes: { total_spent_minor: 1, visits_count: 1, last_visit_at: '2025-12-31T12:00:00.000Z' },
  },
  {
    name: 'a bonus is no visit',
    given: { ...bonus(5), occurred_at: '2026-02-01T12:00:00.000Z' },
    points: 5,
    changes: { points_balance: 105, lifetime_points_earned: 155 },
  },
  {
    name: 'a tier once held multiplies the next purchase',
    state: { tier: 'silver', total_spent_minor: 50_000 },
    given: purchase(10_000),
    points: 120,
    changes: { points_balance: 220, lifetime_points_earned: 270, total_spent_minor: 60_000, visits_count: 2 },
  },
  {
    name: 'the tenth visit reaches a tier however small it is',
    state: { visits_count: 9 },
    given: purchase(1),
    points: 0,
    changes: { total_spent_minor: 10_001, visits_count: 10, tier: 'silver' },
  },
  {
    name: 'the largest lifetime total that is still exact is reached',
    state: { lifetime_points_earned: MAX - 5, lifetime_points_redeemed: MAX - 105 },
    given: bonus(5),
    points: 5,
    changes: { points_balance: 105, lifetime_points_earned: MAX },
  },
  {
    name: 'what comes in by a merge counts as earned, spent and visited, and reaches the tier of both together',
    given: transferIn(7, 40_000, 3),
    points: 7,
    changes: {
      ...{ points_balance: 107, lifetime_points_earned: 157, total_spent_minor: 50_000, visits_count: 4 },
      tier: 'silver',
    },
  },
  {
    name: 'what goes out by a merge leaves an account of which only the redeemed points tell',
    state: { tier: 'gold', total_spent_minor: 200_000, visits_count: 30 },
    given: transferOut(100, 200_000, 30),
    points: 100,
    changes: {
      ...{ points_balance: 0, lifetime_points_earned: 50, total_spent_minor: 0, visits_count: 0 },
      tier: 'bronze',
    },
  },
  {
    name: 'a merge moves the points of a suspended customer as well',
    state: { customer_status: 'suspended' },
    given: transferOut(100, null, 0),
    points: 100,
    changes: { points_balance: 0, lifetime_points_earned: 50 },
  },
  {
    name: 'a merge of an account that never had anything moves nothing',
    given: transferIn(0, null, 0),
    points: 0,
    changes: {},
  },
];

describe('a transaction that can be honoured', () => {
  for (const { name, state = {}, given, points, changes } of applied) {
    it(name, () => {
      const { account, outcome } = decide(state, given);
      expect(account).to.deep.equal({ ...held, ...state, ...changes, sequence: 8 });
      expect(outcome).to.deep.equal({
        ...{ id: 'tx', status: 'applied', rejection_code: null, points },
        ...{ balance_after: account.points_balance, sequence: 8 },
      });
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
  ['a currency that the programme does not take', {}, purchase(10_000, 'JPY'), 'currency-not-accepted', 100],
  ['a currency in lower case', {}, purchase(10_000, 'usd'), 'currency-not-accepted', 100],
  ['an empty currency', {}, purchase(10_000, ''), 'currency-not-accepted', 100],
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
  for (const [name, state, given, code, points] of rejected) {
    it(`is rejected as ${code} and moves nothing but the sequence: ${name}`, () => {
      const { account, outcome } = decide(state, given);
      expect(account).to.deep.equal({ ...held, ...state, sequence: 8 });
      expect(outcome).to.deep.equal({
        ...{ id: 'tx', status: 'rejected', rejection_code: code, points },
        ...{ balance_after: account.points_balance, sequence: 8 },
      });
    });
  }

  it('has each of the reasons in these tables', () => {
    expect(new Set(rejected.map((row) => row[3]))).to.deep.equal(new Set(REJECTION_CODES));
  });
});

describe('a list of transactions', () => {
  it('is decided one after the other, each on what the one before left', () => {
    const list = [bonus(10), redeem(110), redeem(1), bonus(1), redeem(1)];
    const { account, outcomes } = applyTransactions(held, list, PROGRAMME);
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
    const { account, outcomes } = applyTransactions(held, list, PROGRAMME);
    expect(outcomes.map((outcome) => outcome.id)).to.deep.equal(['tx-0', 'tx-1', 'tx-2', 'tx-3']);
    expect(outcomes.map((outcome) => outcome.sequence)).to.deep.equal([8, 9, 10, 11]);
    expect(account.sequence).to.equal(11);
  });

  it('may be empty, and then changes nothing', () => {
    expect(applyTransactions(held, [], PROGRAMME)).to.deep.equal({ account: held, outcomes: [] });
  });
});
