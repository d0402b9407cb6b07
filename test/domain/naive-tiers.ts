// The rules of tiers once more, as naive as can be, to hold the domain's against: months are counted from year 0, and
// every sum is taken over everything that ever counted. Shares no code with the domain.

import type { Programme, Tier } from '@customer-service/domain';

export const DAY = 86_400_000;
const ORDER: Tier[] = ['bronze', 'silver', 'gold', 'platinum', 'diamond'];

/** What counted, in a month of its own: number of months since year 0. */
export interface Deed {
  month: number;
  spend: number;
  visits: number;
  points: number;
}

export interface Member {
  deeds: Deed[];
  lifetime: { spend: number; visits: number; points: number };
  member_since: number | null;
  tier: Tier;
  floor: Tier;
}

export const monthOf = (ms: number): number => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth();
const startOf = (month: number): number => Date.UTC(Math.floor(month / 12), month % 12, 1);

export const rank = (programme: Programme, tier: Tier): number =>
  programme.tiers.filter((rule) => ORDER.indexOf(rule.tier) <= ORDER.indexOf(tier)).length - 1;
const better = (programme: Programme, a: Tier, b: Tier): Tier => (rank(programme, b) > rank(programme, a) ? b : a);

function reached(programme: Programme, { spend, visits, points }: Omit<Deed, 'month'>): Tier {
  const rules = programme.tiers.filter(
    (rule, index) =>
      index === 0 ||
      (rule.spend_threshold_minor !== null && spend >= rule.spend_threshold_minor) ||
      (rule.visits_threshold !== null && visits >= rule.visits_threshold) ||
      (rule.points_threshold !== null && points >= rule.points_threshold),
  );
  return rules[rules.length - 1]?.tier as Tier;
}

function reachedBetween(programme: Programme, { deeds }: Member, [from, to]: [number, number]): Tier {
  const sum = { spend: 0, visits: 0, points: 0 };
  for (const deed of deeds) {
    if (deed.month < from || deed.month > to) continue;
    sum.spend += deed.spend;
    sum.visits += deed.visits;
    sum.points += deed.points;
  }
  return reached(programme, sum);
}

/** Whether a period ends where this month begins. */
function isEnd({ tiering }: Programme, member: Member, month: number): boolean {
  if (tiering.window === 'rolling_months') return true;
  if (tiering.window === 'calendar_year') return month % 12 === 0;
  return (month - monthOf(member.member_since as number)) % 12 === 0;
}

function firstMonth(programme: Programme, member: Member, month: number): number {
  if (programme.tiering.window === 'rolling_months') return month - programme.tiering.months + 1;
  let first = month;
  while (!isEnd(programme, member, first)) first -= 1;
  return first;
}

export function nowQualifiesFor(programme: Programme, member: Member, ms: number): Tier {
  if (programme.tiering.window === 'lifetime') return reached(programme, member.lifetime);
  const month = monthOf(ms);
  return reachedBetween(programme, member, [firstMonth(programme, member, month), month]);
}

/** Ends of periods, grace included, as [review, month in which the next period begins], the first after `ms`. */
export function nextReview(programme: Programme, member: Member, ms: number): [number, number] | null {
  if (programme.tiering.window === 'lifetime') return null;
  for (let month = monthOf(ms) - 6; ; month += 1) {
    const review = startOf(month) + programme.tiering.grace_days * DAY;
    if (review > ms && isEnd(programme, member, month)) return [review, month];
  }
}

function overQualifiesFor(programme: Programme, member: Member, [review, next]: [number, number]): Tier {
  const last = programme.tiering.grace_days === 0 ? next - 1 : monthOf(review);
  return reachedBetween(programme, member, [firstMonth(programme, member, next - 1), last]);
}

export function afterDeed(programme: Programme, member: Member, ms: number): Tier {
  let tier = nowQualifiesFor(programme, member, ms);
  const review = nextReview(programme, member, ms);
  if (review !== null && startOf(review[1]) <= ms) {
    tier = better(programme, tier, overQualifiesFor(programme, member, review));
  }
  return better(programme, tier, programme.tiering.downgrade === 'none' ? member.tier : member.floor);
}

function afterPeriod(programme: Programme, member: Member, earned: Tier): Tier {
  if (rank(programme, earned) >= rank(programme, member.tier)) return earned;
  const { downgrade } = programme.tiering;
  if (downgrade === 'none') return member.tier;
  return downgrade === 'requalify' ? earned : (programme.tiers[rank(programme, member.tier) - 1]?.tier as Tier);
}

export function atReview(programme: Programme, member: Member, review: number): Tier {
  const next = monthOf(review - programme.tiering.grace_days * DAY);
  const kept = afterPeriod(programme, member, overQualifiesFor(programme, member, [review, next]));
  return better(programme, kept, nowQualifiesFor(programme, member, review));
}

export function atNewVersion(programme: Programme, member: Member, ms: number): Tier {
  const earned = nowQualifiesFor(programme, member, ms);
  return programme.tiering.window === 'lifetime'
    ? afterPeriod(programme, member, earned)
    : better(programme, earned, member.tier);
}
