// The loyalty programme as data: what is earned, when it lapses, what a refund does, how tiers are reached and kept.
// Only shapes and the choice of a version; what follows from a rule is in purchase, lots, tiers and apply-transactions.

import { TIERS, type Tier } from './loyalty.ts';

export interface TierRule {
  tier: Tier;
  /** Any one of the three thresholds reaches the tier; null is no way to it. */
  spend_threshold_minor: number | null;
  visits_threshold: number | null;
  points_threshold: number | null;
  /** Basis points: 10,000 is ×1. */
  multiplier_bp: number;
}

/** More points for what is bought; of those that match an item the highest counts. */
export interface ItemMultiplier {
  category: string | null;
  product: string | null;
  multiplier_bp: number;
}

/** More points for purchases of a time; of those under way the highest counts. */
export interface Campaign {
  name: string;
  from: string;
  /** Not included. */
  to: string;
  multiplier_bp: number;
  /** Null: all of them. */
  tiers: Tier[] | null;
}

export type ExpiryRule =
  | { policy: 'none' }
  /** To the end of the day that many days, or months, after the purchase. */
  | { policy: 'rolling_days'; days: number }
  | { policy: 'rolling_months'; months: number }
  /** To the end of the month, quarter or year in which the purchase falls, or that many months later. */
  | { policy: 'end_of_month' | 'end_of_quarter' | 'end_of_year'; after_months: number }
  /** All of them, when nothing was earned or redeemed for so long. */
  | { policy: 'inactivity'; days: number };

export interface Programme {
  version: number;
  /** Purchases from this moment on are under this version. */
  effective_from: string;
  earn: {
    /** By ISO 4217 code: how many points for how much money, in minor units. Spend counts at par. */
    rates: Record<string, { points: number; per_minor: number }>;
    rounding: 'down' | 'nearest' | 'up';
    multipliers: ItemMultiplier[];
    campaigns: Campaign[];
    max_points_per_transaction: number | null;
    max_points_per_day: number | null;
  };
  redeem: { minimum_points: number };
  expiry: ExpiryRule;
  reversal: {
    /** What happens to points of a refund that were spent: forgiven, owed, or taken below zero. */
    shortfall: 'clamp' | 'debt' | 'negative';
    /** Points given back to a lot that has lapsed meanwhile live this long; 0: not at all. */
    grace_days: number;
  };
  tiering: {
    /** The time whose spend, visits and points count. A membership year begins with the month of the first transaction. */
    window: 'lifetime' | 'calendar_year' | 'rolling_months' | 'membership_year';
    /** Of rolling_months. */
    months: number;
    /** How long after the end of a period a purchase still counts for it. */
    grace_days: number;
    downgrade: 'none' | 'one_level' | 'requalify';
  };
  /** From the lowest, which everybody has, to the highest. */
  tiers: [TierRule, ...TierRule[]];
}

/** What can be asked for when a programme is changed; version and start are the ledger's to give. */
export type ProgrammeRules = Omit<Programme, 'version' | 'effective_from'>;

/** Every version there is, in order; each begins later than the one before. Never empty. */
export type Programmes = readonly [Programme, ...Programme[]];

/** All with two decimals, because spend counts at par (docs/decisions/0003). */
export const CURRENCIES = [
  ...['AUD', 'CAD', 'CHF', 'CZK', 'DKK', 'EUR', 'GBP', 'NOK', 'NZD', 'PLN', 'SEK', 'SGD', 'USD'],
] as const;

const tier = (name: Tier, spend: number, visits: number, multiplier_bp: number): TierRule => ({
  ...{ tier: name, spend_threshold_minor: spend, visits_threshold: visits, points_threshold: null, multiplier_bp },
});

/** Version 1, in force until somebody writes another: points never lapse, tiers are for life. */
export const PROGRAMME: Programme = {
  version: 1,
  effective_from: '1000-01-01T00:00:00.000Z',
  earn: {
    rates: Object.fromEntries(CURRENCIES.map((currency) => [currency, { points: 1, per_minor: 100 }])),
    rounding: 'down',
    multipliers: [],
    campaigns: [],
    max_points_per_transaction: null,
    max_points_per_day: null,
  },
  redeem: { minimum_points: 1 },
  expiry: { policy: 'none' },
  reversal: { shortfall: 'clamp', grace_days: 0 },
  tiering: { window: 'lifetime', months: 12, grace_days: 0, downgrade: 'requalify' },
  tiers: [
    tier('bronze', 0, 0, 10_000),
    tier('silver', 500_00, 10, 12_000),
    tier('gold', 2_000_00, 25, 15_000),
    tier('platinum', 5_000_00, 50, 20_000),
    tier('diamond', 10_000_00, 100, 25_000),
  ],
};

/** The largest purchase and the largest number of points one transaction may carry. */
export const MAX_AMOUNT_MINOR = 10_000_000_000;
export const MAX_POINTS = 1_000_000_000;

/** The version in force at a moment; before the first one began, the first. */
export function programmeAt(programmes: Programmes, moment: string): Programme {
  for (let index = programmes.length - 1; index > 0; index -= 1) {
    const programme = programmes[index] as Programme;
    if (programme.effective_from <= moment) return programme;
  }
  return programmes[0];
}

/** Position of a tier, 0 the lowest. A tier the programme has no longer counts as the highest one below it, if any. */
export function rankOf(programme: Programme, tier: Tier): number {
  const own = programme.tiers.findIndex((rule) => rule.tier === tier);
  if (own !== -1) return own;
  return Math.max(
    0,
    programme.tiers.findLastIndex((rule) => TIERS.indexOf(rule.tier) <= TIERS.indexOf(tier)),
  );
}
