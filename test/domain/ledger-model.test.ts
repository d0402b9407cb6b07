// What holds for every programme and every history of an account: the ledger is the one of the naive model, it makes no
// difference in how many batches it is decided and when a worker comes by, and the sums are right after every step.

import {
  type Applied,
  applyTransactions,
  EMPTY_STATE,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
  type ReversalTarget,
  type TierChange,
} from '@customer-service/domain';
import { expect } from 'chai';
import fc from 'fast-check';
import { aHistory, frozen, type History } from './histories.ts';
import { NEW_ACCOUNT } from './ledger.ts';
import { decide } from './naive-decisions.ts';
import { add, type Batch, balance, byEnd, free, held, type Model, newModel, pass, totals } from './naive-ledger.ts';

/** Others each time; 100,000 for a longer look. */
const HISTORIES = Number(process.env.LEDGER_HISTORIES ?? 30_000);

frozen(NEW_ACCOUNT);

const ms = (moment: string | null) => moment && Date.parse(moment);

/** The same terms together, in the order in which they are used up. */
function together(batches: readonly Batch[]): unknown[] {
  const lots: { points: number; ends: number | null; idle_days: number | null }[] = [];
  for (const { points, ends, idle_days } of [...batches].sort(byEnd)) {
    const last = lots.at(-1);
    if (last !== undefined && last.ends === ends && last.idle_days === idle_days) last.points += points;
    else lots.push({ points, ends, idle_days });
  }
  return lots;
}

function modelAsSeen(model: Model): object {
  const { active, debt, deficit, floor, member_since, parked, review, tier, version } = model;
  return {
    ...{ active, debt, deficit, floor, member_since, parked: parked.length, review, tier, version },
    ...{ ...totals(model), balance: balance(model), held: add(held(model)) },
    lots: together(free(model)),
    holds: model.holds.map(({ id, ends }) => [id, ends, together(held(model).filter(({ hold }) => hold === id))]),
    lines: model.lines.map((line) => [
      line.sequence,
      line.id,
      line.type,
      line.code,
      line.points,
      line.balance,
      line.ms,
    ]),
    changes: model.changes,
  };
}

const lotsAsSeen = (lots: LoyaltyAccount['state']['lots']) =>
  lots.map(({ points, expires_at, inactivity_days }) => ({
    ...{ points, ends: ms(expires_at), idle_days: inactivity_days ?? null },
  }));

function ledgerAsSeen({ account, outcomes, tier_changes }: Applied): object {
  const { state } = account;
  return {
    ...{ active: ms(state.active_at), debt: state.debt, deficit: state.deficit, floor: state.tier_floor },
    ...{ member_since: ms(state.member_since), parked: state.parked, review: ms(state.review_at), tier: account.tier },
    ...{ version: state.programme_version, earned: account.lifetime_points_earned },
    ...{ redeemed: account.lifetime_points_redeemed, expired: account.lifetime_points_expired },
    ...{ adjusted: account.lifetime_points_adjusted, spend: account.total_spent_minor, visits: account.visits_count },
    ...{ balance: account.points_balance, held: account.points_held, lots: lotsAsSeen(state.lots) },
    holds: state.holds.map(({ id, expires_at, lots }) => [id, ms(expires_at), lotsAsSeen(lots)]),
    lines: outcomes.map((line) => [
      ...[
        line.sequence,
        line.id,
        line.type,
        line.rejection_code,
        line.points,
        line.balance_after,
        ms(line.occurred_at),
      ],
    ]),
    changes: tier_changes.map(({ at, from_tier, to_tier, reason }) => [ms(at), from_tier, to_tier, reason]),
  };
}

/** Decides piece by piece; what the rules remember outside the account goes along. */
function decider({ programmes, status }: History) {
  const [targets, parked] = [new Map<string, ReversalTarget>(), [] as PendingTransaction[]];
  const [outcomes, tier_changes]: [Outcome[], TierChange[]] = [[], []];
  let account: LoyaltyAccount = { ...NEW_ACCOUNT, customer_status: status };
  return {
    take(transactions: readonly PendingTransaction[], settle_at?: string): LoyaltyAccount {
      const given = frozen(account);
      const rules = { programmes, targets, parked, ...(settle_at !== undefined && { settle_at }) };
      const result = applyTransactions(given, transactions, rules);
      outcomes.push(...result.outcomes);
      tier_changes.push(...result.tier_changes);
      account = result.account;
      return account;
    },
    result: (): Applied => ({ account, outcomes, tier_changes }),
  };
}

/** When a worker came by last is the one thing that may differ. */
const timeless = ({ account, ...rest }: Applied): Applied => ({
  ...rest,
  account: { ...account, state: { ...account.state, settled_at: null } },
});

function atOnce(history: History): Applied {
  const { take, result } = decider(history);
  take(history.transactions, history.end);
  return result();
}

function inBatches(history: History): Applied {
  const { take, result } = decider(history);
  let from = 0;
  for (const [index, { cut }] of history.breaks.entries()) {
    if (!cut) continue;
    take(history.transactions.slice(from, index));
    from = index;
  }
  take(history.transactions.slice(from), history.end);
  return result();
}

function oneByOne(history: History): Applied {
  const { take, result } = decider(history);
  for (const [index, transaction] of history.transactions.entries()) {
    const { settle_at } = history.breaks[index] as History['breaks'][number];
    if (settle_at !== null) soundAfter(history, take([], settle_at));
    soundAfter(history, take([transaction]));
  }
  soundAfter(history, take([], history.end));
  return result();
}

/** @throws Error that says which sum is wrong */
function soundAfter({ programmes }: History, account: LoyaltyAccount): void {
  const { points_balance, points_held, state } = account;
  const { lots, holds, debt, deficit } = state;
  const must = (holdsTrue: boolean, what: string) => {
    if (!holdsTrue) throw new Error(`${what}: ${JSON.stringify(account)}`);
  };
  const sum = (list: readonly { points: number }[]) => list.reduce((total, { points }) => total + points, 0);
  const counted =
    account.lifetime_points_earned -
    account.lifetime_points_redeemed -
    account.lifetime_points_expired +
    account.lifetime_points_adjusted;
  const mayBeNegative = programmes.some(({ reversal }) => reversal.shortfall === 'negative');
  must(points_balance === counted, 'the balance is what came in less what went out');
  must(points_balance === sum(lots) + sum(holds) - deficit, 'the balance is the points in lots and holds');
  must(points_held === sum(holds), 'what is held is in holds');
  must(
    points_balance >= 0 || (mayBeNegative && deficit > 0),
    'the balance is below zero only where refunds may do that',
  );
  must(mayBeNegative || deficit === 0, 'there is a deficit only where refunds may make one');
  must((debt === 0 && deficit === 0) || lots.length === 0, 'whatever came in paid what was owed');
  must(debt >= 0 && deficit >= 0, 'nobody is owed by the ledger');
  for (const { points, lots: own } of holds) must(points === sum(own) && points > 0, 'a hold is the sum of its lots');
  for (const list of [lots, ...holds.map((hold) => hold.lots)]) must(isTidy(list), 'lots are sorted and merged');
  const columns = [account.total_spent_minor, account.visits_count, account.lifetime_points_redeemed];
  must(
    [...columns, account.lifetime_points_earned, points_held].every((figure) => figure >= 0),
    'no figure is below zero',
  );
  must(Object.keys(state).length === Object.keys(EMPTY_STATE).length, 'the state has its fields and no others');
}

function isTidy(lots: LoyaltyAccount['state']['lots']): boolean {
  return lots.every((lot, index) => {
    const next = lots[index + 1];
    const key = ({ expires_at, inactivity_days }: typeof lot) =>
      [expires_at ?? '~', inactivity_days ?? 9_999_999] as const;
    if (next === undefined) return lot.points > 0;
    const [a, b] = [key(lot), key(next)];
    return lot.points > 0 && (a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]));
  });
}

describe(`whatever the programme and whatever the history, ${HISTORIES} of them, the ledger`, function () {
  this.timeout(600_000);

  it('is the one of the naive model, in one batch or many, however often a worker came by', () => {
    const property = fc.property(aHistory(), (history) => {
      const model = newModel(history.programmes, history.status);
      for (const transaction of history.transactions) decide(model, transaction);
      pass(model, Date.parse(history.end));
      const whole = atOnce(history);
      agree('the model', ledgerAsSeen(whole), modelAsSeen(model));
      agree('in batches', timeless(inBatches(history)), timeless(whole));
      agree('one by one', timeless(oneByOne(history)), timeless(whole));
    });
    // Without a liking for extremes: the bytes are choices, not sizes.
    fc.assert(property, { numRuns: HISTORIES, unbiased: true });
  });
});

/** Asks chai only what it takes to be different, because it is asked some hundred thousand times. */
function agree(what: string, seen: object, expected: object): void {
  for (const [name, value] of Object.entries(expected)) {
    const own = (seen as Record<string, unknown>)[name];
    if (JSON.stringify(own) !== JSON.stringify(value))
      expect(own, `${what}, ${name}: ${JSON.stringify(own)} is not ${JSON.stringify(value)}`).to.deep.equal(value);
  }
}
