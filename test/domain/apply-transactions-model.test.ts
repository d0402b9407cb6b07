// What holds for every account and every list of transactions under the first programme, with figures as large as can
// be, held against a second implementation: BigInt, one figure after the other, the programme's rules written out
// again. Lots, holds, reversals and other programmes are in ledger-model.test.ts.

import {
  type Applied,
  applyTransactions as applyUnder,
  type CustomerStatus,
  EMPTY_STATE,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
  TIERS,
  type Tier,
  type Transfer,
  tierFor,
} from '@customer-service/domain';
import { expect } from 'chai';
import fc from 'fast-check';
import { at, CUSTOMER, NEW_ACCOUNT } from './ledger.ts';

const applyTransactions = (account: LoyaltyAccount, list: PendingTransaction[]) =>
  applyUnder(account, list, { programmes: [PROGRAMME] });
const LARGEST = 2n ** 53n - 1n;

interface Model {
  status: CustomerStatus;
  earned: bigint;
  redeemed: bigint;
  spent: bigint;
  visits: bigint;
  tier: Tier;
  decided: bigint;
}

/** [tier, spend in minor units, visits, percent] */
const LADDER: [Tier, bigint, bigint, bigint][] = [
  ['diamond', 1_000_000n, 100n, 250n],
  ['platinum', 500_000n, 50n, 200n],
  ['gold', 200_000n, 25n, 150n],
  ['silver', 50_000n, 10n, 120n],
  ['bronze', 0n, 0n, 100n],
];
const ACCEPTED = 'AUD CAD CHF CZK DKK EUR GBP NOK NZD PLN SEK SGD USD'.split(' ');

/** Decides one transaction on the model, in place. @returns the line the ledger must show */
function decideNaively(model: Model, transaction: PendingTransaction): unknown[] {
  const percent = LADDER.find(([tier]) => tier === model.tier)?.[3] as bigint;
  const amount = BigInt(transaction.amount_minor ?? 0);
  const rate = ACCEPTED.includes(transaction.currency ?? '') ? 1n : 0n;
  const points = transaction.points === null ? (rate * amount * percent) / 10_000n : BigInt(transaction.points);
  if (transaction.type.startsWith('transfer')) return transferNaively(model, transaction);
  const earns = transaction.type === 'earn';
  let code: string | null = null;
  if (earns && (model.earned + points > LARGEST || model.spent + amount > LARGEST)) code = 'limit-exceeded';
  if (!earns && model.earned - model.redeemed < points) code = 'insufficient-points';
  if (!earns && points < 1n) code = 'below-minimum';
  if (transaction.currency !== null && !ACCEPTED.includes(transaction.currency)) code = 'currency-not-accepted';
  if (model.status === 'suspended') code = 'customer-suspended';
  if (code === null && earns) model.earned += points;
  if (code === null && !earns) model.redeemed += points;
  if (code === null && earns && transaction.amount_minor !== null) {
    model.spent += amount;
    model.visits += 1n;
    model.tier = LADDER.find(([, spend, visits]) => model.spent >= spend || model.visits >= visits)?.[0] as Tier;
  }
  model.decided += 1n;
  return [transaction.id, code, points, model.earned - model.redeemed, model.decided];
}

/** Moves points, spend and visits, all or nothing, in or out. */
function transferNaively(model: Model, transfer: PendingTransaction): unknown[] {
  const sign = transfer.type === 'transfer_in' ? 1n : -1n;
  const points = BigInt(transfer.points as number);
  const earned = model.earned + sign * points;
  const spent = model.spent + sign * BigInt(transfer.amount_minor ?? 0);
  const visits = model.visits + sign * BigInt(transfer.visits ?? 0);
  const below = (sign < 0n && earned < model.redeemed) || spent < 0n || visits < 0n;
  const above = earned > LARGEST || spent > LARGEST || visits > LARGEST;
  if (!below && !above) {
    Object.assign(model, { earned, spent, visits });
    model.tier = LADDER.find(([, spend, visit]) => spent >= spend || visits >= visit)?.[0] as Tier;
  }
  model.decided += 1n;
  const code = below ? 'insufficient-points' : above ? 'limit-exceeded' : null;
  return [transfer.id, code, points, model.earned - model.redeemed, model.decided];
}

function modelOf(account: LoyaltyAccount): Model {
  return {
    status: account.customer_status,
    earned: BigInt(account.lifetime_points_earned),
    redeemed: BigInt(account.lifetime_points_redeemed),
    spent: BigInt(account.total_spent_minor),
    visits: BigInt(account.visits_count),
    tier: account.tier,
    decided: BigInt(account.sequence),
  };
}

/** Small for most, so that balances run out and tiers are reached; now and then as large as can be. */
const figure = (usual: number, largest: number) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: usual }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: largest }) },
    { weight: 1, arbitrary: fc.integer({ min: largest - usual, max: largest }) },
  );

const lotsOf = (count: number) => (count === 0 ? [] : [{ points: count, expires_at: null }]);

const anAccount: fc.Arbitrary<LoyaltyAccount> = fc
  .record({
    status: fc.constantFrom<CustomerStatus>('active', 'active', 'active', 'inactive', 'suspended'),
    earned: figure(2_000, Number.MAX_SAFE_INTEGER),
    kept: fc.double({ min: 0, max: 1, noNaN: true }),
    spent: figure(1_200_000, Number.MAX_SAFE_INTEGER),
    visits: figure(110, 1_000_000),
    sequence: fc.nat(1_000),
  })
  .map(({ status, earned, kept, spent, visits, sequence }) => ({
    ...NEW_ACCOUNT,
    customer_status: status,
    points_balance: Math.floor(earned * kept),
    lifetime_points_earned: earned,
    lifetime_points_redeemed: earned - Math.floor(earned * kept),
    total_spent_minor: spent,
    visits_count: visits,
    tier: tierFor(PROGRAMME, { spend_minor: spent, visits, points: earned }),
    sequence,
    state: { ...EMPTY_STATE, lots: lotsOf(Math.floor(earned * kept)), programme_version: 1 },
  }));

const points = figure(500, 1_000_000_000);
const currency = fc.constantFrom('USD', 'USD', 'USD', 'EUR', 'JPY', 'usd', '');
const purchase = fc.record({
  type: fc.constant('earn' as const),
  amount_minor: figure(90_000, 10_000_000_000),
  currency,
});
const bonus = fc.record({ type: fc.constant('earn' as const), points });
const redemption = fc.record({ type: fc.constant('redeem' as const), points });

const transfer = fc.record({
  type: fc.constantFrom('transfer_in' as const, 'transfer_out' as const),
  points,
  amount_minor: fc.option(figure(90_000, Number.MAX_SAFE_INTEGER)),
  visits: figure(20, 1_000_000),
});

const transactions: fc.Arbitrary<PendingTransaction[]> = fc
  .array(fc.oneof(purchase, bonus, redemption, transfer), { maxLength: 25 })
  .map((list) =>
    list.map((fields, index) => ({
      ...{ id: `tx-${index}`, customer_id: CUSTOMER, points: null, amount_minor: null, currency: null, visits: null },
      ...{ order_id: null, occurred_at: at('2026-03-15'), accepted_at: at('2026-03-15'), terms: null },
      ...fields,
      ...('visits' in fields && { terms: { transfer: transferOf(fields.points) } }),
    })),
  );

/** Of this many points, none of which was redeemed. */
const transferOf = (count: number): Transfer => ({
  ...{ earned: count, redeemed: 0, expired: 0, adjusted: 0, debt: 0, lots: lotsOf(count), activity: [] },
  ...{ member_since: null, tier_floor: 'bronze' },
});

/** Checks `claim` for some thousand accounts with their transactions. It fails as well when the decision throws. */
function always(claim: (account: LoyaltyAccount, list: PendingTransaction[]) => void): void {
  fc.assert(fc.property(anAccount, transactions, claim), { numRuns: 2_000 });
}

const sum = (values: number[]) => values.reduce((total, value) => total + BigInt(value), 0n);
const appliedPoints = (list: PendingTransaction[], outcomes: Outcome[], type: string) =>
  sum(list.flatMap((item, i) => (item.type === type && outcomes[i]?.status === 'applied' ? [outcomes[i].points] : [])));

describe('whatever the account and whatever the transactions, the decision', () => {
  it('is the one of the naive model, line by line and in the account afterwards', () => {
    always((account, list) => {
      const model = modelOf(account);
      const expected = list.map((transaction) => decideNaively(model, transaction));
      const result = applyTransactions(account, list);
      const lines = result.outcomes.map((line) => [
        ...[line.id, line.rejection_code, BigInt(line.points)],
        ...[BigInt(line.balance_after), BigInt(line.sequence ?? -1)],
      ]);
      expect(lines).to.deep.equal(expected);
      expect(modelOf(result.account)).to.deep.equal(model);
      expect(result.outcomes.at(-1)?.tier_after ?? account.tier).to.equal(result.account.tier);
      for (const line of result.outcomes) expect(line.status === 'rejected').to.equal(line.rejection_code !== null);
    });
  });

  it('leaves no figure negative or inexact', () => {
    always((given, list) => {
      const { account, outcomes } = applyTransactions(given, list);
      const {
        customer_id: _id,
        customer_status: _status,
        tier,
        settles_at: _moment,
        last_visit_at: _visit,
        state: _state,
        ...figures
      } = account;
      expect(TIERS).to.include(tier);
      for (const [name, value] of Object.entries(figures)) {
        if (!Number.isSafeInteger(value) || value < 0) expect.fail(`${name} is ${value}`);
      }
      for (const { balance_after } of outcomes) expect(balance_after).to.be.at.least(0);
    });
  });

  it('keeps the balance what was applied, and what was earned less what was redeemed', () => {
    always((given, list) => {
      const { account, outcomes } = applyTransactions(given, list);
      const came = appliedPoints(list, outcomes, 'earn') + appliedPoints(list, outcomes, 'transfer_in');
      const went = appliedPoints(list, outcomes, 'redeem') + appliedPoints(list, outcomes, 'transfer_out');
      const moved = came - went;
      expect(BigInt(account.points_balance)).to.equal(BigInt(given.points_balance) + moved);
      const { lifetime_points_earned, lifetime_points_redeemed } = account;
      expect(account.points_balance).to.equal(lifetime_points_earned - lifetime_points_redeemed);
    });
  });

  it('is the same for one list as for its parts, wherever it is split', () => {
    const cuts = fc.array(fc.nat(25), { maxLength: 4 });
    const property = fc.property(anAccount, transactions, cuts, (account, list, places) => {
      const bounds = [0, ...places.sort((a, b) => a - b), list.length];
      let state = account;
      const tier_changes: Applied['tier_changes'] = [];
      const outcomes = bounds.slice(1).flatMap((end, index) => {
        const part = applyTransactions(state, list.slice(bounds[index], end));
        state = part.account;
        tier_changes.push(...part.tier_changes);
        return part.outcomes;
      });
      const whole = applyTransactions(account, list);
      expect({ account: state, outcomes, tier_changes }).to.deep.equal(whole);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it('leaves what it was given as it was', () => {
    always((account, list) => {
      const before = structuredClone({ account, list });
      applyTransactions(account, list);
      expect({ account, list }).to.deep.equal(before);
    });
  });
});
