// An account as it is answered: what can be spent, what it did, and how far its tier is from the next.
// Knows no storage, no HTTP and no rules.

import type { Tier } from './loyalty.ts';

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
  points_balance: number;
  points_available: number;
  points_held: number;
  points_pending: number;
  /** Owed by the customer; later earnings repay it. */
  points_debt: number;
  lifetime: {
    earned: number;
    redeemed: number;
    expired: number;
    adjusted: number;
    total_spent_minor: number;
    visits_count: number;
  };
  tier: Tier;
  tier_progress: TierProgress;
  sequence: number;
  as_of: string;
}

/** What is missing to the next tier, and to keep this one: any one of the three does it. */
export interface TierProgress {
  next_tier: Tier | null;
  spend_to_next_minor: number | null;
  visits_to_next: number | null;
  points_to_next: number | null;
  /** Null where a tier, once reached, has no end. */
  keep: { until: string; spend_minor: number | null; visits: number | null; points: number | null } | null;
}
