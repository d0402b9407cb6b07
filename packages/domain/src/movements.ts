// Earning, redeeming, adjusting and moving house: what each does to an account, or the rule that forbids it.
// Every function gets an account that is settled up to the transaction's moment.

import { monthOf } from './calendar.ts';
import { addToLots, lapses, lotTerms, takeFromLots } from './lots.ts';
import type { Explanation, LoyaltyAccount, MonthActivity, PendingTransaction } from './loyalty.ts';
import { EMPTY_STATE, TIERS } from './loyalty.ts';
import { type Programme, programmeAt } from './programme.ts';
import { pointsForPurchase } from './purchase.ts';
import { availablePoints, type Verdict, type Work } from './work.ts';

/** Months of activity an account remembers. */
const MONTHS_KEPT = 36;

/** When it happened; a till whose clock is ahead gains nothing by it. */
export const happenedAt = ({ occurred_at, accepted_at }: PendingTransaction): string =>
  occurred_at < accepted_at ? occurred_at : accepted_at;

/** The version in force when it happened. */
export function termsOf(work: Work, transaction: PendingTransaction): Programme {
  return programmeAt(work.programmes, happenedAt(transaction));
}

/** Takes no name for a currency that every object has. */
const acceptsCurrency = ({ earn: { rates } }: Programme, currency: string): boolean => Object.hasOwn(rates, currency);

export const areExact = (...figures: number[]): boolean => figures.every(Number.isSafeInteger);

export function earn(work: Work, transaction: PendingTransaction): Verdict {
  const { account } = work;
  const { state } = account;
  const { amount_minor, currency, accepted_at } = transaction;
  const programme = termsOf(work, transaction);
  const { points, explanation } = earnedBy(work, transaction, programme);
  if (account.customer_status === 'suspended') return { refused: 'customer-suspended', points };
  if (currency !== null && !acceptsCurrency(programme, currency)) return { refused: 'currency-not-accepted', points };
  const { points_balance, lifetime_points_earned, total_spent_minor } = account;
  if (!areExact(points_balance + points, lifetime_points_earned + points, total_spent_minor + (amount_minor ?? 0))) {
    return { refused: 'limit-exceeded', points };
  }
  if (programme.earn.max_points_per_day !== null) countDay(account, accepted_at, points);
  account.points_balance += points;
  account.lifetime_points_earned += points;
  const lot = lotTerms(programme.expiry, happenedAt(transaction));
  addToLots(state.lots, lot, points);
  state.active_at = accepted_at;
  // Points given without a purchase are a bonus: no visit, no spend, no step towards a tier.
  if (amount_minor !== null) {
    account.total_spent_minor += amount_minor;
    account.visits_count += 1;
    account.last_visit_at = later(account.last_visit_at, happenedAt(transaction));
    const month = monthOf(happenedAt(transaction));
    addActivity(state.activity, { month, spend_minor: amount_minor, visits: 1, points });
  }
  if (lapses(lot)) explanation.lot = lot;
  return { points, explanation };
}

/** The points of an earn, caps included, and why so many. */
function earnedBy(
  { account }: Work,
  transaction: PendingTransaction,
  programme: Programme,
): { points: number; explanation: Explanation } {
  const { points: given, amount_minor, currency, accepted_at, terms } = transaction;
  const explanation: Explanation = { programme_version: programme.version };
  if (given !== null || amount_minor === null || currency === null) return { points: given ?? 0, explanation };
  const items = terms?.items;
  const purchase = { amount_minor, currency, occurred_at: happenedAt(transaction), ...(items && { items }) };
  const { points: uncapped, ...why } = pointsForPurchase(programme, purchase, account.tier);
  Object.assign(explanation, { tier: account.tier, ...why });
  const { max_points_per_transaction, max_points_per_day } = programme.earn;
  let points = Math.min(uncapped, max_points_per_transaction ?? uncapped);
  if (max_points_per_day !== null) {
    const { day } = account.state;
    const today = day?.date === accepted_at.slice(0, 10) ? day.points : 0;
    points = Math.min(points, Math.max(0, max_points_per_day - today));
  }
  if (points < uncapped) explanation.uncapped_points = uncapped;
  return { points, explanation };
}

function countDay({ state }: LoyaltyAccount, moment: string, points: number): void {
  const date = moment.slice(0, 10);
  state.day = { date, points: points + (state.day?.date === date ? state.day.points : 0) };
}

/** Adds to the month's figures, which may become less by a refund; keeps the list short and in order. */
export function addActivity(activity: MonthActivity[], added: MonthActivity): void {
  let at = activity.length;
  while (at > 0 && (activity[at - 1] as MonthActivity).month > added.month) at -= 1;
  const before = activity[at - 1];
  if (before?.month !== added.month) {
    activity.splice(at, 0, { ...added });
    if (activity.length > MONTHS_KEPT) activity.shift();
    return;
  }
  before.spend_minor += added.spend_minor;
  before.visits += added.visits;
  before.points += added.points;
}

export function redeem(work: Work, transaction: PendingTransaction): Verdict {
  const { account } = work;
  const points = transaction.points ?? 0;
  const programme = termsOf(work, transaction);
  const { currency } = transaction;
  if (account.customer_status === 'suspended') return { refused: 'customer-suspended', points };
  if (currency !== null && !acceptsCurrency(programme, currency)) return { refused: 'currency-not-accepted', points };
  if (points < programme.redeem.minimum_points) return { refused: 'below-minimum', points };
  if (points > availablePoints(account)) return { refused: 'insufficient-points', points };
  account.points_balance -= points;
  account.lifetime_points_redeemed += points;
  account.state.active_at = transaction.accepted_at;
  const allocations = takeFromLots(account.state.lots, points);
  const explanation = { programme_version: programme.version };
  return { points, explanation: allocations.some(lapses) ? { ...explanation, allocations } : explanation };
}

/** Of two moments in the one form in which they are written, UTC to the millisecond: their texts are in their order. */
function later(at: string | null, other: string | null): string | null {
  return at !== null && (other === null || at > other) ? at : other;
}

/** A correction by hand, whatever the customer's status. */
export function adjust(work: Work, transaction: PendingTransaction): Verdict {
  const { account } = work;
  const points = transaction.points ?? 0;
  const reason = { reason_code: transaction.terms?.reason_code ?? '' };
  if (transaction.type === 'adjust_credit') {
    if (!areExact(account.points_balance + points, account.lifetime_points_adjusted + points)) {
      return { refused: 'limit-exceeded', points };
    }
    const lot = lotTerms(termsOf(work, transaction).expiry, happenedAt(transaction));
    addToLots(account.state.lots, lot, points);
    // Or points that hang on activity would be gone with the credit, where there was none for long.
    account.state.active_at = transaction.accepted_at;
    account.points_balance += points;
    account.lifetime_points_adjusted += points;
    return { points, explanation: { ...reason, lot } };
  }
  if (points > availablePoints(account)) return { refused: 'insufficient-points', points };
  account.points_balance -= points;
  account.lifetime_points_adjusted -= points;
  return { points, explanation: { ...reason, allocations: takeFromLots(account.state.lots, points) } };
}

/**
 * A merge moves all that an account has, whatever the customer's status, so that over both accounts every sum stays what
 * it was: only the figures themselves can forbid it.
 */
export function transfer(work: Work, transaction: PendingTransaction): Verdict {
  const { account } = work;
  const { points, amount_minor, visits, terms } = transaction;
  const moved = terms?.transfer;
  if (moved === undefined || points === null) return { refused: 'limit-exceeded', points: points ?? 0 };
  const sign = transaction.type === 'transfer_in' ? 1 : -1;
  const after = {
    points_balance: account.points_balance + sign * points,
    lifetime_points_earned: account.lifetime_points_earned + sign * moved.earned,
    lifetime_points_redeemed: account.lifetime_points_redeemed + sign * moved.redeemed,
    lifetime_points_expired: account.lifetime_points_expired + sign * moved.expired,
    lifetime_points_adjusted: account.lifetime_points_adjusted + sign * moved.adjusted,
    total_spent_minor: account.total_spent_minor + sign * (amount_minor ?? 0),
    visits_count: account.visits_count + sign * (visits ?? 0),
  };
  const below = sign === -1 && after.points_balance < 0;
  if (below || after.total_spent_minor < 0 || after.visits_count < 0) return { refused: 'insufficient-points', points };
  if (!areExact(...Object.values(after))) return { refused: 'limit-exceeded', points };
  Object.assign(account, after);
  const { state } = account;
  account.last_visit_at = sign === 1 ? later(account.last_visit_at, moved.last_visit_at ?? null) : null;
  if (sign === 1) {
    for (const lot of moved.lots) addToLots(state.lots, lot, lot.points);
    for (const month of moved.activity) addActivity(state.activity, month);
    state.debt += moved.debt;
    state.active_at = transaction.accepted_at;
    if (moved.member_since !== null && (state.member_since === null || moved.member_since < state.member_since)) {
      state.member_since = moved.member_since;
    }
    if (TIERS.indexOf(moved.tier_floor) > TIERS.indexOf(state.tier_floor)) state.tier_floor = moved.tier_floor;
  } else {
    Object.assign(state, { lots: [], activity: [], debt: 0, tier_floor: EMPTY_STATE.tier_floor });
  }
  return { points, explanation: { allocations: moved.lots } };
}
