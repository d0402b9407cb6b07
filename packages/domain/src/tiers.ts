// Tiers: which one an account's activity qualifies for, how long it is kept, and what is missing to the next.
// Knows no points moving; apply-transactions asks after each one that counts, and at the end of each period.

import { addDays, addMonths, monthOf, startOfMonth, yearOf } from './calendar.ts';
import type { LoyaltyAccount, Tier } from './loyalty.ts';
import type { TierProgress } from './loyalty-balance.ts';
import { type Programme, rankOf, type TierRule } from './programme.ts';

/** What counts towards a tier. */
export interface Activity {
  spend_minor: number;
  visits: number;
  points: number;
}

/** The highest tier of which one threshold is reached. */
export function tierFor(programme: Programme, { spend_minor, visits, points }: Activity): Tier {
  let reached = programme.tiers[0].tier;
  for (const rule of programme.tiers) {
    const { spend_threshold_minor: spendNeeded, visits_threshold: visitsNeeded, points_threshold: pointsNeeded } = rule;
    if (
      (spendNeeded !== null && spend_minor >= spendNeeded) ||
      (visitsNeeded !== null && visits >= visitsNeeded) ||
      (pointsNeeded !== null && points >= pointsNeeded)
    )
      reached = rule.tier;
  }
  return reached;
}

/** The first month of the period that holds `month`; a rolling period begins `months` before its last month ends. */
function periodStart({ tiering }: Programme, memberSince: string | null, month: string): string {
  if (tiering.window === 'calendar_year') return yearOf(month);
  if (tiering.window === 'rolling_months') return addMonths(month, 1 - tiering.months);
  const joined = monthOf(memberSince ?? startOfMonth(month));
  const sameYear = `${month.slice(0, 4)}-${joined.slice(5, 7)}`;
  return sameYear <= month ? sameYear : addMonths(sameYear, -12);
}

function sumBetween(account: LoyaltyAccount, from: string, to: string): Activity {
  const sum = { spend_minor: 0, visits: 0, points: 0 };
  for (const each of account.state.activity) {
    if (each.month < from || each.month > to) continue;
    sum.spend_minor += each.spend_minor;
    sum.visits += each.visits;
    sum.points += each.points;
  }
  return sum;
}

/** What counts at `moment`. */
export function qualifyingActivity(programme: Programme, account: LoyaltyAccount, moment: string): Activity {
  if (programme.tiering.window === 'lifetime') {
    const { total_spent_minor, visits_count, lifetime_points_earned } = account;
    return { spend_minor: total_spent_minor, visits: visits_count, points: lifetime_points_earned };
  }
  const month = monthOf(moment);
  return sumBetween(account, periodStart(programme, account.state.member_since, month), month);
}

/** The first end of a period, grace included, after `moment`; null: a tier has no end. */
export function nextReview(programme: Programme, account: LoyaltyAccount, moment: string): string | null {
  const { window, grace_days } = programme.tiering;
  if (window === 'lifetime') return null;
  let month = monthOf(addDays(moment, -grace_days));
  for (;;) {
    // A rolling period ends with every month, the others where the next one begins.
    const end =
      window === 'rolling_months'
        ? addMonths(month, 1)
        : addMonths(periodStart(programme, account.state.member_since, month), 12);
    const review = addDays(startOfMonth(end), grace_days);
    if (review > moment) return review;
    month = end;
  }
}

/** What counted in the period that is over at `review`, purchases in its days of grace included. */
function endedActivity(programme: Programme, account: LoyaltyAccount, review: string): Activity {
  const over = addMonths(monthOf(addDays(review, -programme.tiering.grace_days)), -1);
  const last = monthOf(addDays(review, programme.tiering.grace_days === 0 ? -1 : 0));
  return sumBetween(account, periodStart(programme, account.state.member_since, over), last);
}

const higher = (programme: Programme, a: Tier, b: Tier): Tier =>
  a === b || rankOf(programme, a) >= rankOf(programme, b) ? a : b;

/** A tier after a period that qualified for `earned` only: what the programme says about going down. */
function afterPeriod(programme: Programme, held: Tier, earned: Tier): Tier {
  const [rank, earnedRank] = [rankOf(programme, held), rankOf(programme, earned)];
  if (earnedRank >= rank) return earned;
  if (programme.tiering.downgrade === 'none') return held;
  if (programme.tiering.downgrade === 'one_level') return (programme.tiers[rank - 1] as TierRule).tier;
  return earned;
}

/** The review of a period that is over at `moment`, in its days of grace; null: there is none. */
function reviewInGrace(programme: Programme, account: LoyaltyAccount, moment: string): string | null {
  const review = nextReview(programme, account, moment);
  return review !== null && addDays(review, -programme.tiering.grace_days) <= moment ? review : null;
}

/**
 * The tier after something that counts, up or down: what the activity qualifies for, but never below what is safe until
 * the next review, and for life where the programme knows no way down. In the days of grace after a period, the better
 * of both periods.
 */
export function tierAfterActivity(programme: Programme, account: LoyaltyAccount, moment: string): Tier {
  const current = tierFor(programme, qualifyingActivity(programme, account, moment));
  const review = reviewInGrace(programme, account, moment);
  const earned =
    review === null
      ? current
      : higher(programme, current, tierFor(programme, endedActivity(programme, account, review)));
  const safe = programme.tiering.downgrade === 'none' ? account.tier : account.state.tier_floor;
  return higher(programme, earned, safe);
}

/** The tier that the next period begins with. */
export function tierAtReview(programme: Programme, account: LoyaltyAccount, review: string): Tier {
  const earned = tierFor(programme, endedActivity(programme, account, review));
  return higher(
    programme,
    afterPeriod(programme, account.tier, earned),
    tierFor(programme, qualifyingActivity(programme, account, review)),
  );
}

/**
 * The tier on the day a version of the programme begins. Where tiers have periods nobody loses one before the period
 * is over.
 */
export function tierAtChange(programme: Programme, account: LoyaltyAccount, moment: string): Tier {
  const earned = tierFor(programme, qualifyingActivity(programme, account, moment));
  return programme.tiering.window === 'lifetime'
    ? afterPeriod(programme, account.tier, earned)
    : higher(programme, earned, account.tier);
}

const lacking = (threshold: number | null, value: number): number | null =>
  threshold === null ? null : Math.max(0, threshold - value);

/** What an account lacks to the tier above its own, and to keep its own beyond the end of the period. */
export function tierProgress(programme: Programme, account: LoyaltyAccount, moment: string): TierProgress {
  const { spend_minor, visits, points } = qualifyingActivity(programme, account, moment);
  const rank = rankOf(programme, account.tier);
  const [own, next] = [programme.tiers[rank] as TierRule, programme.tiers[rank + 1]];
  const until = rank === 0 ? null : account.state.review_at;
  const grace = reviewInGrace(programme, account, moment);
  const kept = grace === null ? { spend_minor, visits, points } : endedActivity(programme, account, grace);
  return {
    next_tier: next?.tier ?? null,
    spend_to_next_minor: next === undefined ? null : lacking(next.spend_threshold_minor, spend_minor),
    visits_to_next: next === undefined ? null : lacking(next.visits_threshold, visits),
    points_to_next: next === undefined ? null : lacking(next.points_threshold, points),
    keep:
      until === null
        ? null
        : {
            until,
            spend_minor: lacking(own.spend_threshold_minor, kept.spend_minor),
            visits: lacking(own.visits_threshold, kept.visits),
            points: lacking(own.points_threshold, kept.points),
          },
  };
}
