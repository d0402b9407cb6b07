// Holds, the two phases of a redemption at a till: points are set aside, and then taken, or given back.

import { addSeconds } from './calendar.ts';
import { takeFromLots } from './lots.ts';
import type { Hold, PendingTransaction, TransactionStatus } from './loyalty.ts';
import { termsOf } from './movements.ts';
import { endHold, releaseHold } from './settle.ts';
import { availablePoints, type Verdict, type Work } from './work.ts';

/** Open holds of one account at the most: each is part of its row. */
export const MAX_HOLDS = 100;

/** How long a hold lasts that does not say. */
export const HOLD_SECONDS = 900;

export const HOLD_STATUSES = ['pending', 'rejected', 'open', 'captured', 'released', 'expired'] as const;
export type HoldStatus = (typeof HOLD_STATUSES)[number];

/** What the ledger says of a hold. */
export interface HoldView {
  /** Of the transaction that asked for it. */
  status: TransactionStatus;
  points: number;
  points_captured: number;
  /** Null before it is applied. */
  expires_at: string | null;
  /** When what was left of it was given back; null: not yet. */
  released_at: string | null;
  /** Somebody asked for that. */
  is_void: boolean;
}

/** What became of a hold, at `moment`: it is over the instant it runs out, whether or not anybody has settled it. */
export function holdStatus(hold: HoldView, moment: string): HoldStatus {
  const { expires_at, released_at } = hold;
  if (hold.status === 'rejected') return 'rejected';
  if (hold.status !== 'applied' || expires_at === null) return 'pending';
  if (hold.points_captured === hold.points) return 'captured';
  if (hold.is_void) return 'released';
  // What the last capture left is given back with it.
  if (released_at !== null) return released_at < expires_at ? 'captured' : 'expired';
  return expires_at <= moment ? 'expired' : 'open';
}

export function hold(work: Work, transaction: PendingTransaction): Verdict {
  const { account } = work;
  const points = transaction.points ?? 0;
  const programme = termsOf(work, transaction);
  if (account.customer_status === 'suspended') return { refused: 'customer-suspended', points };
  if (points < programme.redeem.minimum_points) return { refused: 'below-minimum', points };
  if (points > availablePoints(account)) return { refused: 'insufficient-points', points };
  if (account.state.holds.length >= MAX_HOLDS) return { refused: 'limit-exceeded', points };
  const allocations = takeFromLots(account.state.lots, points);
  const expires_at = addSeconds(transaction.accepted_at, transaction.terms?.expires_in_s ?? HOLD_SECONDS);
  const lots = allocations.map((lot) => ({ ...lot }));
  account.state.holds.push({ id: transaction.id, points, expires_at, lots });
  account.state.active_at = transaction.accepted_at;
  account.points_held += points;
  return { points, explanation: { programme_version: programme.version, allocations, expires_at } };
}

function openHold({ account }: Work, transaction: PendingTransaction): Hold | undefined {
  return account.state.holds.find(({ id }) => id === transaction.terms?.hold_id);
}

/** Takes all or a part of a hold; unless more captures are to come, the rest is released by a line of its own. */
export function capture(work: Work, transaction: PendingTransaction): Verdict {
  const { account } = work;
  const { state } = account;
  const held = openHold(work, transaction);
  const points = transaction.points ?? held?.points ?? 0;
  if (held === undefined) return { refused: 'hold-not-open', points };
  if (points > held.points) return { refused: 'exceeds-hold', points };
  const allocations = takeFromLots(held.lots, points);
  held.points -= points;
  account.points_held -= points;
  account.points_balance -= points;
  account.lifetime_points_redeemed += points;
  state.active_at = transaction.accepted_at;
  return { points, explanation: { hold_id: held.id, allocations } };
}

/** After a capture was written: ends its hold when nothing is left of it, or nothing more is to come. */
export function afterCapture(work: Work, transaction: PendingTransaction): void {
  const held = openHold(work, transaction);
  if (held === undefined) return;
  if (held.points === 0) endHold(work.account, held.id);
  else if (transaction.terms?.final !== false) releaseHold(work, held.id, transaction.accepted_at);
}

export function release(work: Work, transaction: PendingTransaction): Verdict {
  const held = openHold(work, transaction);
  if (held === undefined) return { refused: 'hold-not-open' };
  const points = endHold(work.account, held.id);
  return { points, explanation: { hold_id: held.id } };
}
