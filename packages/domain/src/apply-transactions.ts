// The decision: given an account and the transactions that wait for it, what becomes of each.
// Pure: no clock, no randomness, no storage. The caller holds the account's lock and keeps the order.

import { afterCapture, capture, hold, release } from './holds.ts';
import type { LoyaltyAccount, PendingTransaction, TransactionType } from './loyalty.ts';
import { adjust, earn, redeem, transfer } from './movements.ts';
import { type Programmes, programmeAt } from './programme.ts';
import { reverse, toTarget } from './reversals.ts';
import { nextMoment, payOwed, scheduleReview, settle } from './settle.ts';
import { tierAfterActivity } from './tiers.ts';
import {
  changeTier,
  copyAccount,
  type Outcome,
  type ReversalTarget,
  type TierChange,
  type Verdict,
  type Work,
} from './work.ts';

/** What the rules need beside the account and its transactions. */
export interface Rules {
  programmes: Programmes;
  /** What reversals among the transactions, or those parked, may take back; kept up to date as they do. */
  targets?: Map<string, ReversalTarget>;
  /** Of this account: refunds that wait for their purchase. Those that are decided are taken out. */
  parked?: PendingTransaction[];
  /** Settles what has lapsed by this moment after the transactions: what a worker does who comes by. */
  settle_at?: string;
}

export interface Applied {
  account: LoyaltyAccount;
  /** One a transaction, in order, and the lines that the ledger added by itself where they belong. */
  outcomes: Outcome[];
  tier_changes: TierChange[];
}

/**
 * Decides the transactions one after the other, each on the account the one before left behind, so that a list
 * decided in one call or in several gives the same outcomes. Never throws on a business refusal.
 * @param transactions of this account only, in accepted order
 */
export function applyTransactions(
  account: LoyaltyAccount,
  transactions: readonly PendingTransaction[],
  rules: Rules,
): Applied {
  const work: Work = {
    account: copyAccount(account),
    programmes: rules.programmes,
    targets: rules.targets ?? null,
    parked: rules.parked ?? [],
    outcomes: [],
    tier_changes: [],
  };
  for (const transaction of transactions) decide(work, transaction);
  const { state } = work.account;
  if (rules.settle_at !== undefined && settle(work, rules.settle_at)) state.settled_at = rules.settle_at;
  return { account: work.account, outcomes: work.outcomes, tier_changes: work.tier_changes };
}

const MOVES: Record<TransactionType, ((work: Work, transaction: PendingTransaction) => Verdict) | null> = {
  ...{ earn, redeem, hold, capture, release },
  ...{ reverse_earn: reverse, reverse_redeem: reverse, adjust_credit: adjust, adjust_debit: adjust },
  ...{ transfer_in: transfer, transfer_out: transfer },
  // Lines of the ledger's own, which nobody posts.
  ...{ expire: null, repay: null },
};

/** Decides one transaction at the moment it was accepted, and what follows from it at once. */
function decide(work: Work, transaction: PendingTransaction, wasParked = false): void {
  const moment = transaction.accepted_at;
  const { account } = work;
  settle(work, moment);
  const verdict: Verdict = MOVES[transaction.type]?.(work, transaction) ?? { refused: 'not-reversible' };
  if (verdict === 'park') {
    park(work, transaction);
    return;
  }
  if (wasParked && 'explanation' in verdict) verdict.explanation = { ...verdict.explanation, parked: true };
  const outcome = writeOutcome(work, transaction, verdict);
  if ('refused' in verdict) return;
  account.state.member_since ??= moment;
  if (transaction.type === 'capture') afterCapture(work, transaction);
  payOwed(work, moment);
  reconsiderTier(work, transaction, moment);
  outcome.tier_after = account.tier;
  account.settles_at = nextMoment(account);
  // What came back may have lapsed meanwhile.
  settle(work, moment);
  if (transaction.type === 'earn' && account.state.parked > 0) takeParked(work, transaction, moment);
}

function park(work: Work, transaction: PendingTransaction): void {
  const { account } = work;
  account.state.parked += 1;
  work.parked.push(transaction);
  const { id, customer_id, type, occurred_at } = transaction;
  work.outcomes.push({
    ...{ id, customer_id, type, status: 'parked', rejection_code: null, points: 0 },
    ...{ balance_after: account.points_balance, tier_after: account.tier, sequence: null },
    ...{ occurred_at, explanation: null },
  });
}

/** The refunds that waited for this purchase, in the order in which they came. */
function takeParked(work: Work, purchase: PendingTransaction, moment: string): void {
  if (purchase.order_id === null) return;
  const waiting = work.parked.filter((transaction) => transaction.order_id === purchase.order_id);
  for (const transaction of waiting) {
    work.parked.splice(work.parked.indexOf(transaction), 1);
    work.account.state.parked -= 1;
    decide(work, { ...transaction, accepted_at: moment }, true);
  }
}

function writeOutcome(work: Work, transaction: PendingTransaction, verdict: Exclude<Verdict, 'park'>): Outcome {
  const { account } = work;
  const { id, customer_id, type, occurred_at } = transaction;
  const refused = 'refused' in verdict ? verdict.refused : null;
  const status = refused === null ? 'applied' : 'rejected';
  const points = verdict.points ?? 0;
  const explanation = 'refused' in verdict ? null : verdict.explanation;
  account.sequence += 1;
  const outcome: Outcome = {
    id,
    customer_id,
    type,
    status,
    rejection_code: refused,
    points,
    balance_after: account.points_balance,
    tier_after: account.tier,
    sequence: account.sequence,
    occurred_at,
    explanation,
  };
  work.outcomes.push(outcome);
  if (work.targets !== null && ['earn', 'redeem', 'capture'].includes(type)) {
    work.targets.set(id, toTarget(transaction, { status, points, explanation }));
  }
  return outcome;
}

const REASONS: Partial<Record<TransactionType, TierChange['reason']>> = {
  earn: 'activity',
  reverse_earn: 'reversal',
  transfer_in: 'merge',
  transfer_out: 'merge',
};

/** Only what counts towards a tier can change it: a purchase and its refund, and a merge. */
function reconsiderTier(work: Work, transaction: PendingTransaction, moment: string): void {
  const reason = REASONS[transaction.type];
  if (reason === undefined || (transaction.type === 'earn' && transaction.amount_minor === null)) return;
  const { account } = work;
  const programme = programmeAt(work.programmes, moment);
  changeTier(work, tierAfterActivity(programme, account, moment), moment, reason);
  if (account.state.review_at === null && programme.tiering.window !== 'lifetime') {
    scheduleReview(account, programme, moment);
  }
}
