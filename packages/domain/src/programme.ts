// The loyalty programme as data, and the arithmetic of one purchase. Integers only.
// Knows nothing of accounts or of how points move: that is apply-transactions.

import type { Tier, TierProgress } from './models.ts';

export interface TierRule {
  tier: Tier;
  /** Lifetime spend that reaches this tier, in minor units. */
  spend_threshold_minor: number;
  /** Lifetime visits that reach it as well: spend OR visits. */
  visits_threshold: number;
  /** Basis points: 10,000 is ×1. */
  multiplier_bp: number;
}

export interface Programme {
  /** ISO 4217 codes a purchase may be in. They count at par, so all have the same number of minor units. */
  currencies: readonly string[];
  minor_per_unit: number;
  points_per_unit: number;
  /** From the lowest to the highest. */
  tiers: readonly [TierRule, ...TierRule[]];
}

export const PROGRAMME: Programme = {
  currencies: ['AUD', 'CAD', 'CHF', 'CZK', 'DKK', 'EUR', 'GBP', 'NOK', 'NZD', 'PLN', 'SEK', 'SGD', 'USD'],
  minor_per_unit: 100,
  points_per_unit: 1,
  tiers: [
    { tier: 'bronze', spend_threshold_minor: 0, visits_threshold: 0, multiplier_bp: 10_000 },
    { tier: 'silver', spend_threshold_minor: 500_00, visits_threshold: 10, multiplier_bp: 12_000 },
    { tier: 'gold', spend_threshold_minor: 2_000_00, visits_threshold: 25, multiplier_bp: 15_000 },
    { tier: 'platinum', spend_threshold_minor: 5_000_00, visits_threshold: 50, multiplier_bp: 20_000 },
    { tier: 'diamond', spend_threshold_minor: 10_000_00, visits_threshold: 100, multiplier_bp: 25_000 },
  ],
};

/** The largest purchase and the largest number of points one transaction may carry; keeps every product exact. */
export const MAX_AMOUNT_MINOR = 10_000_000_000;
export const MAX_POINTS = 1_000_000_000;

const BASIS_POINTS = 10_000;

/**
 * Points for a purchase of `amount_minor` by a customer who holds `tier` before it, rounded down.
 * Exact for amounts up to MAX_AMOUNT_MINOR: every product stays below 2^53.
 */
export function pointsForPurchase(programme: Programme, amountMinor: number, tier: Tier): number {
  const product = amountMinor * programme.points_per_unit * ruleOf(programme, tier).multiplier_bp;
  const divisor = programme.minor_per_unit * BASIS_POINTS;
  return (product - (product % divisor)) / divisor;
}

/** The highest tier whose spend or visits threshold is reached. */
export function tierFor(programme: Programme, spentMinor: number, visits: number): Tier {
  let reached = programme.tiers[0].tier;
  for (const rule of programme.tiers) {
    if (spentMinor >= rule.spend_threshold_minor || visits >= rule.visits_threshold) reached = rule.tier;
  }
  return reached;
}

/** What an account with this spend and these visits lacks to the tier above `tier`. */
export function tierProgress(
  programme: Programme,
  account: { tier: Tier; total_spent_minor: number; visits_count: number },
): TierProgress {
  const next = programme.tiers[programme.tiers.findIndex((rule) => rule.tier === account.tier) + 1];
  if (next === undefined) return { next_tier: null, spend_to_next_minor: null, visits_to_next: null };
  return {
    next_tier: next.tier,
    spend_to_next_minor: Math.max(0, next.spend_threshold_minor - account.total_spent_minor),
    visits_to_next: Math.max(0, next.visits_threshold - account.visits_count),
  };
}

function ruleOf(programme: Programme, tier: Tier): TierRule {
  return programme.tiers.find((rule) => rule.tier === tier) ?? programme.tiers[0];
}
