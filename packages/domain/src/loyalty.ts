// The shapes of the ledger: accounts, lots, holds, and the transactions that move points between them.
// Knows no storage, no HTTP and no rules. Points are whole numbers; moments are RFC 3339 in UTC with milliseconds.

import type { CustomerStatus } from './models.ts';

export const TIERS = ['bronze', 'silver', 'gold', 'platinum', 'diamond'] as const;
export type Tier = (typeof TIERS)[number];

/**
 * What an applied transaction of this type does to the balance: `points` is unsigned, the type says the direction.
 * A hold and its release move points between available and held, and not the balance. `expire`, `repay` and the release
 * of a hold that ran out are lines that the ledger adds by itself.
 */
export const EFFECTS = {
  earn: 1,
  redeem: -1,
  hold: 0,
  capture: -1,
  release: 0,
  reverse_earn: -1,
  reverse_redeem: 1,
  adjust_credit: 1,
  adjust_debit: -1,
  expire: -1,
  repay: -1,
  /** A merge of two customers moves what one account held to the other by these two. */
  transfer_in: 1,
  transfer_out: -1,
} as const;
export type TransactionType = keyof typeof EFFECTS;
export const TRANSACTION_TYPES = Object.keys(EFFECTS) as TransactionType[];

/** `parked`: a refund that came before its purchase, and waits for it. */
export const TRANSACTION_STATUSES = ['pending', 'parked', 'applied', 'rejected'] as const;
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

/** Why a transaction that was accepted could not be honoured, in the order in which the rules are asked. */
export const REJECTION_CODES = [
  'customer-suspended',
  'currency-not-accepted',
  'below-minimum',
  'hold-not-open',
  'exceeds-hold',
  'not-reversible',
  'exceeds-original',
  'insufficient-points',
  'limit-exceeded',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** What points of one account must share to be of one lot: they lapse together. */
export interface LotTerms {
  /** The moment they lapse; null: never, or after inactivity. */
  expires_at: string | null;
  /** They lapse when nothing was earned or redeemed for this many days. */
  inactivity_days?: number;
}

export interface Lot extends LotTerms {
  points: number;
}

/** Points set aside by a transaction of type `hold`, whose id it has. They come from lots, and go back to them. */
export interface Hold {
  id: string;
  points: number;
  expires_at: string;
  lots: Lot[];
}

/** What a customer did in a calendar month of the purchases' own dates. */
export interface MonthActivity {
  /** YYYY-MM. */
  month: string;
  spend_minor: number;
  visits: number;
  points: number;
}

/** What the rules remember of an account besides its counters. Kept as one JSON value, because only the rules read it. */
export interface AccountState {
  /** Open lots in the order in which they are used up: soonest to lapse first. */
  lots: Lot[];
  holds: Hold[];
  /** Points taken back that were spent already, and that whatever comes in next repays. */
  debt: number;
  /** How far the balance is below what lots and holds have, for the same reason. */
  deficit: number;
  /** The latest 36 months with activity, in order. */
  activity: MonthActivity[];
  member_since: string | null;
  /** When points were last earned, redeemed, held or credited. */
  active_at: string | null;
  /** Points earned on one day, while the programme has a cap per day. */
  day: { date: string; points: number } | null;
  /** The tier that is safe until the next review, and when that is. */
  tier_floor: Tier;
  tier_since: string | null;
  review_at: string | null;
  /** The version of the programme under which the tier was last looked at; 0: never. */
  programme_version: number;
  /** Refunds that wait for their purchase. */
  parked: number;
  /** Up to when what lapses by itself was last settled without any transaction. */
  settled_at: string | null;
}

export const EMPTY_STATE: AccountState = {
  lots: [],
  holds: [],
  debt: 0,
  deficit: 0,
  activity: [],
  member_since: null,
  active_at: null,
  day: null,
  tier_floor: 'bronze',
  tier_since: null,
  review_at: null,
  programme_version: 0,
  parked: 0,
  settled_at: null,
};

/** The one row that points move in; `customer_status` comes from the customer's row. */
export interface LoyaltyAccount {
  customer_id: string;
  customer_status: CustomerStatus;
  /** Held points included. Below zero only under a programme that lets refunds do that. */
  points_balance: number;
  points_held: number;
  /** Earned less what was taken back. */
  lifetime_points_earned: number;
  /** Redeemed less what was given back. */
  lifetime_points_redeemed: number;
  lifetime_points_expired: number;
  /** Credits less debits. */
  lifetime_points_adjusted: number;
  total_spent_minor: number;
  visits_count: number;
  /** When the latest purchase occurred; null before the first. */
  last_visit_at: string | null;
  tier: Tier;
  /** Transactions decided so far; the next one gets this plus one. */
  sequence: number;
  /** The next moment at which something lapses by itself: a lot, a hold, a tier's period. */
  settles_at: string | null;
  state: AccountState;
}

/** A part of a purchase, for programmes that reward categories or products. */
export interface PurchaseItem {
  category: string | null;
  product: string | null;
  amount_minor: number;
}

/** Why points are corrected by hand. */
export const ADJUSTMENT_REASONS = ['goodwill', 'correction', 'complaint', 'migration', 'fraud', 'other'] as const;

/** What a request says beyond the columns of its row. Never a word about a person: it outlives erasure. */
export interface TransactionTerms {
  /** Of an earn. */
  items?: PurchaseItem[];
  /** Of a hold. */
  expires_in_s?: number;
  /** Of a capture or release. */
  hold_id?: string;
  /** Of a capture: whether what is left of the hold is released; yes if not given. */
  final?: boolean;
  /** Of a reversal: the transaction that is taken back; not given: the purchase with the same `order_id`. */
  reverses?: string;
  /** Of a reversal: how many points, instead of an amount or all. */
  reverse_points?: number;
  /** Of an adjustment. */
  reason_code?: string;
  /** Of a transfer: what the account held. */
  transfer?: Transfer;
}

/** All that moves from an account to another one, besides the points, spend and visits of the row. */
export interface Transfer {
  earned: number;
  redeemed: number;
  expired: number;
  adjusted: number;
  debt: number;
  lots: Lot[];
  activity: MonthActivity[];
  last_visit_at?: string | null;
  member_since: string | null;
  tier_floor: Tier;
}

/** What the rules need to know of a transaction that waits. */
export interface PendingTransaction {
  id: string;
  customer_id: string;
  type: TransactionType;
  /** Null when the rules are to say, from `amount_minor` or `terms`. */
  points: number | null;
  /** Of a transfer: the spend that moves along, in no currency. */
  amount_minor: number | null;
  currency: string | null;
  /** Of a transfer only: the visits that move along. */
  visits: number | null;
  order_id: string | null;
  /** When it happened: under that day's terms. */
  occurred_at: string;
  /** When it was accepted: what had lapsed by then is gone. */
  accepted_at: string;
  terms: TransactionTerms | null;
}

/** Why a line of the ledger is what it is, kept with it. */
export interface Explanation {
  programme_version?: number;
  /** Held before the transaction. */
  tier?: Tier;
  multiplier_bp?: number;
  campaign?: string;
  /** What the rules would have given, where a cap gave less. */
  uncapped_points?: number;
  /** The lot that points went into; not given: the one that never lapses. */
  lot?: LotTerms;
  /** The lots that points came from, or went back to; not given: the one that never lapses. */
  allocations?: Lot[];
  hold_id?: string;
  expires_at?: string;
  reason_code?: string;
  reversed?: { id: string; points: number; amount_minor: number; visits: number };
  /** Of a refund that came before its purchase: it was decided with it. */
  parked?: true;
  /** Points that a refund should have taken back and that were spent. */
  shortfall?: number;
}

/** A line of the ledger. `points` is unsigned: the type says the direction. */
export interface LoyaltyTransaction {
  id: string;
  customer_id: string;
  /** 1, 2, 3 … per customer in the order of application; null while pending. */
  sequence: number | null;
  type: TransactionType;
  status: TransactionStatus;
  points: number | null;
  amount_minor: number | null;
  currency: string | null;
  order_id: string | null;
  source: string | null;
  external_reference: string | null;
  description: string | null;
  rejection_code: RejectionCode | null;
  balance_before: number | null;
  balance_after: number | null;
  explanation: Explanation | null;
  occurred_at: string;
  accepted_at: string;
  applied_at: string | null;
}
