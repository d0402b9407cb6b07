// The shapes everything else speaks: one spelling in SQL, TypeScript and JSON (snake_case).
// Knows no storage, no HTTP and no rules.
// Money is whole minor units, points are whole numbers, times are RFC 3339 UTC strings, ids are UUIDv7.

export const CUSTOMER_STATUSES = ['active', 'inactive', 'suspended'] as const;
export type CustomerStatus = (typeof CUSTOMER_STATUSES)[number];

export const TIERS = ['bronze', 'silver', 'gold', 'platinum', 'diamond'] as const;
export type Tier = (typeof TIERS)[number];

/** A merge of two customers moves what one account held by a `transfer_out` there and a `transfer_in` on the other. */
export const TRANSACTION_TYPES = ['earn', 'redeem', 'transfer_in', 'transfer_out'] as const;
export type TransactionType = (typeof TRANSACTION_TYPES)[number];

export const TRANSACTION_STATUSES = ['pending', 'applied', 'rejected'] as const;
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

/** Why a transaction that was accepted could not be honoured, in the order in which the rules are asked. */
export const REJECTION_CODES = [
  'customer-suspended',
  'currency-not-accepted',
  'insufficient-points',
  'limit-exceeded',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

export interface Address {
  label: string | null;
  street: string | null;
  city: string;
  state: string | null;
  postal_code: string | null;
  /** ISO 3166-1 alpha-2. */
  country: string;
  is_primary: boolean;
}

/** The fourteen allergens that EU Regulation 1169/2011, annex II, wants declared; others are free text. */
export const EU_ALLERGENS = [
  'celery',
  'cereals-containing-gluten',
  'crustaceans',
  'eggs',
  'fish',
  'lupin',
  'milk',
  'molluscs',
  'mustard',
  'nuts',
  'peanuts',
  'sesame',
  'soybeans',
  'sulphites',
] as const;

export const ALLERGY_SEVERITIES = ['unknown', 'mild', 'moderate', 'severe'] as const;

export interface Allergy {
  /** One of EU_ALLERGENS where it is one of them, in lower case. */
  allergen: string;
  severity: (typeof ALLERGY_SEVERITIES)[number];
  /** Role and subject of whoever noted it, unless the request named somebody. */
  noted_by: string | null;
  noted_at: string;
}

export interface Consent {
  /** What is consented to, such as `marketing` or `profiling`. */
  purpose: string;
  /** Null: for all channels. */
  channel: string | null;
  granted: boolean;
  /** Where it was given: `till-3`, `signup form` … */
  source: string | null;
  recorded_at: string;
}

export interface Preferences {
  dietary_restrictions: string[];
  allergies: Allergy[];
  favorite_cuisines: string[];
  preferred_payment_method: string | null;
  notification_channels: string[];
  marketing_consent: boolean;
  consents: Consent[];
  /** BCP 47. */
  language: string | null;
}

/** What a client may write of a customer. Contact details are flat because they are columns. */
export interface CustomerProfile {
  external_id: string | null;
  first_name: string;
  last_name: string;
  email: string | null;
  /** E.164. */
  phone: string | null;
  alternate_email: string | null;
  alternate_phone: string | null;
  addresses: Address[];
  /** Calendar day, YYYY-MM-DD. */
  date_of_birth: string | null;
  gender: string | null;
  preferences: Preferences;
  status: CustomerStatus;
  tags: string[];
  notes: string | null;
  referral_source: string | null;
  metadata: Record<string, string>;
}

/** The loyalty account as a customer's answer embeds it. */
export interface LoyaltySummary {
  points_available: number;
  /** What the pending transactions would add, less what they would take, were they applied now. */
  points_pending: number;
  tier: Tier;
  total_spent_minor: number;
  visits_count: number;
  last_visit_at: string | null;
}

/** The loyalty account as its own answer. */
export interface LoyaltyBalance {
  points_available: number;
  points_pending: number;
  lifetime: { earned: number; redeemed: number; total_spent_minor: number; visits_count: number };
  tier: Tier;
  tier_progress: TierProgress;
  sequence: number;
  as_of: string;
}

/** What is missing to the next tier: either of the two reaches it. All null in the highest. */
export interface TierProgress {
  next_tier: Tier | null;
  spend_to_next_minor: number | null;
  visits_to_next: number | null;
}

export interface Customer extends CustomerProfile {
  id: string;
  loyalty: LoyaltySummary;
  /** Grows by one with each change of the profile; points do not touch it. */
  version: number;
  created_at: string;
  updated_at: string;
}

/** The one row that points move in; `customer_status` comes from the customer's row. */
export interface LoyaltyAccount {
  customer_id: string;
  customer_status: CustomerStatus;
  points_balance: number;
  lifetime_points_earned: number;
  lifetime_points_redeemed: number;
  total_spent_minor: number;
  visits_count: number;
  /** When the latest purchase occurred; null before the first. */
  last_visit_at: string | null;
  tier: Tier;
  /** Transactions decided so far; the next one gets this plus one. */
  sequence: number;
}

/** What the rules need to know of a transaction that waits. */
export interface PendingTransaction {
  id: string;
  customer_id: string;
  type: TransactionType;
  /** Null when the rule is to give the points, from `amount_minor`. */
  points: number | null;
  /** Of a transfer: the spend that moves along, in no currency. */
  amount_minor: number | null;
  currency: string | null;
  /** Of a transfer only: the visits that move along. */
  visits?: number | null;
  occurred_at: string;
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
  balance_after: number | null;
  occurred_at: string;
  accepted_at: string;
  applied_at: string | null;
}
