// The arithmetic of one purchase: how many points it earns. Whole numbers only, and one division, at the end.
// Knows nothing of accounts or of how points move: that is apply-transactions.

import type { PurchaseItem, Tier } from './loyalty.ts';
import { type Programme, rankOf, type TierRule } from './programme.ts';

export interface Purchase {
  amount_minor: number;
  currency: string;
  occurred_at: string;
  items?: readonly PurchaseItem[];
}

export interface PurchasePoints {
  points: number;
  /** Of the tier. */
  multiplier_bp: number;
  /** The name of the campaign that counted. */
  campaign?: string;
}

const ONE_BP = 10_000;

/**
 * Points for a purchase by a customer who holds `tier` before it: money × rate × multiplier of the tier × the highest of
 * each item × the highest campaign, rounded once. No points in a currency that the programme has no rate for.
 */
export function pointsForPurchase(programme: Programme, purchase: Purchase, tier: Tier): PurchasePoints {
  const { multiplier_bp } = ruleOf(programme, tier);
  const { rates } = programme.earn;
  const rate = Object.hasOwn(rates, purchase.currency) ? rates[purchase.currency] : undefined;
  if (rate === undefined) return { points: 0, multiplier_bp };
  const campaign = campaignOf(programme, purchase.occurred_at, tier);
  const campaignBp = campaign?.multiplier_bp ?? ONE_BP;
  const product =
    weightedAmount(programme, purchase) * BigInt(rate.points) * BigInt(multiplier_bp) * BigInt(campaignBp);
  const points = divide(product, BigInt(rate.per_minor) * BigInt(ONE_BP) ** 3n, programme.earn.rounding);
  return {
    points: Number(points < BigInt(Number.MAX_SAFE_INTEGER) ? points : BigInt(Number.MAX_SAFE_INTEGER)),
    multiplier_bp,
    ...(campaign && { campaign: campaign.name }),
  };
}

/** The tier's rule; of a tier that the programme has no longer, that of the next lower one it has. */
export function ruleOf(programme: Programme, tier: Tier): TierRule {
  return programme.tiers[rankOf(programme, tier)] as TierRule;
}

/** Minor units × basis points: each item by its own multiplier, and what no item accounts for plainly. */
function weightedAmount({ earn }: Programme, { amount_minor, items = [] }: Purchase): bigint {
  let weighted = BigInt(amount_minor) * BigInt(ONE_BP);
  for (const item of earn.multipliers.length === 0 ? [] : items) {
    const matching = earn.multipliers.filter(
      ({ category, product }) =>
        (category === null || category === item.category) && (product === null || product === item.product),
    );
    const bp = matching.length === 0 ? ONE_BP : Math.max(...matching.map((rule) => rule.multiplier_bp));
    weighted += BigInt(item.amount_minor) * BigInt(bp - ONE_BP);
  }
  return weighted < 0n ? 0n : weighted;
}

function campaignOf({ earn }: Programme, moment: string, tier: Tier) {
  const running = earn.campaigns.filter(
    ({ from, to, tiers }) => from <= moment && moment < to && (tiers === null || tiers.includes(tier)),
  );
  return running.reduce<(typeof running)[number] | undefined>(
    (best, campaign) => (best === undefined || campaign.multiplier_bp > best.multiplier_bp ? campaign : best),
    undefined,
  );
}

function divide(product: bigint, divisor: bigint, rounding: Programme['earn']['rounding']): bigint {
  if (rounding === 'up') return (product + divisor - 1n) / divisor;
  if (rounding === 'nearest') return (2n * product + divisor) / (2n * divisor);
  return product / divisor;
}
