// The desk at which an account is worked on: its copy, what the rules need beside it, and the lines written so far.
// Knows no rule; the rules share it.

import type {
  Explanation,
  Lot,
  LotTerms,
  PendingTransaction,
  RejectionCode,
  Tier,
  TransactionType,
} from './loyalty.ts';
import { type AccountState, EFFECTS, EMPTY_STATE, type LoyaltyAccount } from './loyalty.ts';
import type { Programmes } from './programme.ts';

/** What became of one transaction, or a line that the ledger added by itself. `points` is unsigned, and final. */
export interface Outcome {
  /** Null: a line of the ledger's own. */
  id: string | null;
  customer_id: string;
  type: TransactionType;
  status: 'applied' | 'rejected' | 'parked';
  rejection_code: RejectionCode | null;
  points: number;
  balance_after: number;
  tier_after: Tier;
  /** Null while parked. */
  sequence: number | null;
  /** When it happened; of a line of the ledger's own, when the points lapsed. */
  occurred_at: string;
  explanation: Explanation | null;
}

export const TIER_CHANGE_REASONS = ['activity', 'reversal', 'period', 'programme', 'merge'] as const;

export interface TierChange {
  customer_id: string;
  /** Of the line before it. */
  sequence: number;
  at: string;
  from_tier: Tier;
  to_tier: Tier;
  reason: (typeof TIER_CHANGE_REASONS)[number];
}

/** What a reversal takes back, and how much of it was taken back before. */
export interface ReversalTarget {
  id: string;
  type: TransactionType;
  status: 'applied' | 'rejected';
  points: number;
  amount_minor: number | null;
  currency: string | null;
  order_id: string | null;
  occurred_at: string;
  lot: LotTerms;
  allocations: Lot[];
  reversed_points: number;
  reversed_amount_minor: number;
}

export interface Work {
  account: LoyaltyAccount;
  programmes: Programmes;
  /** Null where nothing is reversed: then nobody keeps it up to date. */
  targets: Map<string, ReversalTarget> | null;
  parked: PendingTransaction[];
  outcomes: Outcome[];
  tier_changes: TierChange[];
}

/** A transaction that may go through, with what it moved; or the rule that forbids it. */
export type Verdict =
  | { points: number; explanation: Explanation | null }
  | { refused: RejectionCode; points?: number }
  | 'park';

/** A copy of the account that can be worked on; what a state written by an earlier version lacks is filled in. */
export function copyAccount(account: LoyaltyAccount): LoyaltyAccount {
  const state: AccountState = { ...EMPTY_STATE, ...account.state };
  state.lots = copyAll(state.lots);
  state.holds = state.holds.map((hold) => ({ ...hold, lots: copyAll(hold.lots) }));
  state.activity = copyAll(state.activity);
  return { ...account, state };
}

const copyAll = <Item extends object>(items: readonly Item[]): Item[] => items.map((item) => ({ ...item }));

/** What can be spent: neither held nor owed. Of an account whose lapsed lots are settled. */
export const availablePoints = (account: LoyaltyAccount): number =>
  Math.max(0, account.points_balance - account.points_held);

/** Writes a line that the ledger adds by itself, with its effect on the balance. */
export function addLine(
  work: Work,
  line: { type: TransactionType; points: number; occurred_at: string; explanation: Explanation },
): void {
  const { account } = work;
  account.points_balance += EFFECTS[line.type] * line.points;
  account.sequence += 1;
  work.outcomes.push({
    ...{ id: null, customer_id: account.customer_id, status: 'applied', rejection_code: null },
    ...line,
    balance_after: account.points_balance,
    tier_after: account.tier,
    sequence: account.sequence,
  });
}

export function changeTier(work: Work, tier: Tier, at: string, reason: TierChange['reason']): void {
  const { account } = work;
  if (tier === account.tier) return;
  const { customer_id, sequence } = account;
  work.tier_changes.push({ customer_id, sequence, at, from_tier: account.tier, to_tier: tier, reason });
  account.tier = tier;
  account.state.tier_since = at;
}
