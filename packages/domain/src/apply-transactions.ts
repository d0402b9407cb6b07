// The decision: given an account and the transactions that wait for it, what becomes of each.
// Pure: no clock, no randomness, no storage. The caller holds the account's lock and keeps the order.

import type { LoyaltyAccount, PendingTransaction, RejectionCode } from './models.ts';
import type { Programme } from './programme.ts';
import { pointsForPurchase, tierFor } from './programme.ts';

/** What became of one transaction. `points` is unsigned, and final. */
export interface Outcome {
  id: string;
  status: 'applied' | 'rejected';
  rejection_code: RejectionCode | null;
  points: number;
  balance_after: number;
  sequence: number;
}

/**
 * Decides the transactions one after the other, each on the account the one before left behind, so that a list
 * decided in one call or in several gives the same outcomes. Never throws on a business refusal.
 * @param transactions of this account only, in accepted order
 * @returns the account afterwards, and one outcome a transaction in the same order
 */
export function applyTransactions(
  account: LoyaltyAccount,
  transactions: readonly PendingTransaction[],
  programme: Programme,
): { account: LoyaltyAccount; outcomes: Outcome[] } {
  const state = { ...account };
  const outcomes = transactions.map((transaction) => decide(state, transaction, programme));
  return { account: state, outcomes };
}

/** Decides one transaction and writes what follows from it into `state`. */
function decide(state: LoyaltyAccount, transaction: PendingTransaction, programme: Programme): Outcome {
  const points = transaction.points ?? pointsForPurchase(programme, transaction.amount_minor ?? 0, state.tier);
  const rejection_code = refusal(state, transaction, { points, programme });
  if (rejection_code === null) move(state, transaction, { points, programme });
  state.sequence += 1;
  return {
    id: transaction.id,
    status: rejection_code === null ? 'applied' : 'rejected',
    rejection_code,
    points,
    balance_after: state.points_balance,
    sequence: state.sequence,
  };
}

interface Decision {
  points: number;
  programme: Programme;
}

/** The first rule that forbids the transaction, in the order of REJECTION_CODES. */
function refusal(state: LoyaltyAccount, transaction: PendingTransaction, decision: Decision): RejectionCode | null {
  const { points, programme } = decision;
  if (isTransfer(transaction)) return transferRefusal(state, transaction, points);
  if (state.customer_status === 'suspended') return 'customer-suspended';
  if (transaction.currency !== null && !programme.currencies.includes(transaction.currency))
    return 'currency-not-accepted';
  if (transaction.type === 'redeem') return points > state.points_balance ? 'insufficient-points' : null;
  const exact = [state.lifetime_points_earned + points, state.total_spent_minor + (transaction.amount_minor ?? 0)];
  return exact.every(Number.isSafeInteger) ? null : 'limit-exceeded';
}

function isTransfer({ type }: PendingTransaction): boolean {
  return type === 'transfer_in' || type === 'transfer_out';
}

/** A merge moves what is there, whatever the customer's status: only the figures themselves can forbid it. */
function transferRefusal(state: LoyaltyAccount, transfer: PendingTransaction, points: number): RejectionCode | null {
  const after = { ...state };
  transferTo(after, transfer, points);
  const figures = [after.points_balance, after.lifetime_points_earned, after.total_spent_minor, after.visits_count];
  if (figures.some((figure) => figure < 0)) return 'insufficient-points';
  return figures.every(Number.isSafeInteger) ? null : 'limit-exceeded';
}

/**
 * Points move as points that were earned, so that over both accounts the sums of what was earned, redeemed, spent and
 * visited stay what they were.
 */
function transferTo(state: LoyaltyAccount, transfer: PendingTransaction, points: number): void {
  const sign = transfer.type === 'transfer_in' ? 1 : -1;
  state.points_balance += sign * points;
  state.lifetime_points_earned += sign * points;
  state.total_spent_minor += sign * (transfer.amount_minor ?? 0);
  state.visits_count += sign * (transfer.visits ?? 0);
}

function move(state: LoyaltyAccount, transaction: PendingTransaction, decision: Decision): void {
  const { points, programme } = decision;
  if (isTransfer(transaction)) {
    transferTo(state, transaction, points);
    state.tier = tierFor(programme, state.total_spent_minor, state.visits_count);
    return;
  }
  if (transaction.type === 'redeem') {
    state.points_balance -= points;
    state.lifetime_points_redeemed += points;
    return;
  }
  state.points_balance += points;
  state.lifetime_points_earned += points;
  // Points given without a purchase are a bonus: no visit, no spend, no step towards a tier.
  if (transaction.amount_minor === null) return;
  state.total_spent_minor += transaction.amount_minor;
  state.visits_count += 1;
  state.last_visit_at = later(state.last_visit_at, transaction.occurred_at);
  state.tier = tierFor(programme, state.total_spent_minor, state.visits_count);
}

/** Of two moments in the one form in which they are written, UTC to the millisecond: their texts are in their order. */
function later(at: string | null, other: string): string {
  return at !== null && at > other ? at : other;
}
