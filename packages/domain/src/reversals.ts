// Taking back: a purchase that is refunded takes its points back, a redemption that is undone gives them back.
// In parts, until nothing is left of the original.

import { addDays, monthOf } from './calendar.ts';
import { addToLots, lapsesAt, lastOf, sumOf, takeFromLots } from './lots.ts';
import type { Explanation, PendingTransaction, RejectionCode, TransactionType } from './loyalty.ts';
import { addActivity, areExact, happenedAt, termsOf } from './movements.ts';
import type { ReversalTarget, Verdict, Work } from './work.ts';

/** How much of the original goes back. */
interface Part {
  points: number;
  amount_minor: number;
  visits: number;
}

/** What a transaction looks like to whoever takes it back. */
export function toTarget(
  transaction: PendingTransaction,
  outcome: { status: 'applied' | 'rejected'; points: number; explanation: Explanation | null },
): ReversalTarget {
  const { id, type, amount_minor, currency, order_id } = transaction;
  const occurred_at = happenedAt(transaction);
  const { lot, allocations } = outcome.explanation ?? {};
  return {
    ...{ id, type, status: outcome.status, points: outcome.points, amount_minor, currency, order_id, occurred_at },
    lot: lot ?? { expires_at: null },
    allocations: allocations ?? [{ points: outcome.points, expires_at: null }],
    reversed_points: 0,
    reversed_amount_minor: 0,
  };
}

const REVERSIBLE: Partial<Record<TransactionType, TransactionType[]>> = {
  reverse_earn: ['earn'],
  reverse_redeem: ['redeem', 'capture'],
};

/** The original, by its id, or a purchase by the order: the first of which something is left. */
function targetOf({ targets }: Work, { terms, order_id }: PendingTransaction): ReversalTarget | undefined {
  if (targets === null) return undefined;
  if (terms?.reverses !== undefined) return targets.get(terms.reverses);
  // Erasure takes the names of orders out.
  if (order_id === null) return undefined;
  const ofOrder = [...targets.values()].filter(
    (target) => target.type === 'earn' && target.status === 'applied' && target.order_id === order_id,
  );
  return ofOrder.find((target) => !isExhausted(target)) ?? ofOrder[0];
}

const isExhausted = (target: ReversalTarget): boolean =>
  target.reversed_points >= target.points && target.reversed_amount_minor >= (target.amount_minor ?? 0);

/** A refund by order that comes before its purchase waits for it; nothing else does. */
export function reverse(work: Work, transaction: PendingTransaction): Verdict {
  const target = targetOf(work, transaction);
  if (target === undefined) return transaction.terms?.reverses === undefined ? 'park' : { refused: 'not-reversible' };
  const isPurchase = target.type === 'earn';
  if (target.status !== 'applied' || !REVERSIBLE[transaction.type]?.includes(target.type)) {
    return { refused: 'not-reversible' };
  }
  if (transaction.currency !== null && transaction.currency !== target.currency) return { refused: 'not-reversible' };
  const part = partOf(target, transaction);
  if (typeof part === 'string') return { refused: part };
  return isPurchase ? takeBack(work, transaction, { target, part }) : giveBack(work, transaction, { target, part });
}

/** By amount the points follow in proportion, all parts together rounded down, so that the last part takes the rest. */
function partOf(target: ReversalTarget, { amount_minor, terms }: PendingTransaction): Part | RejectionCode {
  const total = target.amount_minor ?? 0;
  const left = { points: target.points - target.reversed_points, amount_minor: total - target.reversed_amount_minor };
  if (isExhausted(target)) return 'exceeds-original';
  const wantedPoints = terms?.reverse_points;
  if (wantedPoints !== undefined) {
    return wantedPoints > left.points ? 'exceeds-original' : { points: wantedPoints, amount_minor: 0, visits: 0 };
  }
  const amount = amount_minor ?? left.amount_minor;
  if (amount > left.amount_minor) return 'exceeds-original';
  const visits = total > 0 && amount === left.amount_minor && amount > 0 ? 1 : 0;
  if (amount === left.amount_minor) return { points: left.points, amount_minor: amount, visits };
  const upTo = (BigInt(target.points) * BigInt(target.reversed_amount_minor + amount)) / BigInt(total);
  const points = Math.min(left.points, Math.max(0, Number(upTo) - target.reversed_points));
  return { points, amount_minor: amount, visits };
}

interface Reversal {
  target: ReversalTarget;
  part: Part;
}

function note({ target, part }: Reversal): { reversed: NonNullable<Explanation['reversed']> } {
  target.reversed_points += part.points;
  target.reversed_amount_minor += part.amount_minor;
  return { reversed: { id: target.id, ...part } };
}

function takeBack(work: Work, transaction: PendingTransaction, reversal: Reversal): Verdict {
  const { account } = work;
  const { state } = account;
  const { target, part } = reversal;
  const allocations = takeFromLots(state.lots, part.points, target.lot);
  const taken = sumOf(allocations);
  const shortfall = part.points - taken;
  const policy = termsOf(work, transaction).reversal.shortfall;
  if (policy === 'debt') state.debt += shortfall;
  if (policy === 'negative') state.deficit += shortfall;
  const points = policy === 'negative' ? part.points : taken;
  account.points_balance -= points;
  account.lifetime_points_earned -= points;
  account.total_spent_minor -= part.amount_minor;
  account.visits_count -= part.visits;
  if (target.amount_minor !== null) {
    addActivity(state.activity, {
      ...{ month: monthOf(target.occurred_at), points: -part.points },
      ...{ spend_minor: -part.amount_minor, visits: -part.visits },
    });
  }
  return { points, explanation: { ...note(reversal), allocations, ...(shortfall > 0 && { shortfall }) } };
}

function giveBack(work: Work, transaction: PendingTransaction, reversal: Reversal): Verdict {
  const { account } = work;
  const { state } = account;
  const { target, part } = reversal;
  if (!areExact(account.points_balance + part.points)) return { refused: 'limit-exceeded', points: part.points };
  const moment = transaction.accepted_at;
  const { grace_days } = termsOf(work, transaction).reversal;
  const lots = lastOf(target.allocations, part.points, target.reversed_points);
  const allocations = lots.map((lot) => {
    const end = lapsesAt(lot, state.active_at);
    return end !== undefined && end <= moment && grace_days > 0
      ? { points: lot.points, expires_at: addDays(moment, grace_days) }
      : lot;
  });
  for (const lot of allocations) addToLots(state.lots, lot, lot.points);
  account.points_balance += part.points;
  account.lifetime_points_redeemed -= part.points;
  return { points: part.points, explanation: { ...note(reversal), allocations } };
}
