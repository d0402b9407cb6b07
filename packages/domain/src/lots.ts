// Lots: points that lapse together. Which lot points go into, which they are taken from, and when a lot lapses.
// Changes lists that the callers own, lots and all, and keeps them in the order in which they are used up.

import {
  addDays,
  addMonths,
  midnightAfter,
  monthOf,
  quarterOf,
  sameDayMonthsLater,
  startOfMonth,
  yearOf,
} from './calendar.ts';
import type { AccountState, Lot, LotTerms } from './loyalty.ts';
import type { ExpiryRule } from './programme.ts';

/** The terms of points earned by something that happened at `moment`. Lots keep them, whatever the programme says later. */
export function lotTerms(expiry: ExpiryRule, moment: string): LotTerms {
  switch (expiry.policy) {
    case 'none':
      return { expires_at: null };
    case 'inactivity':
      return { expires_at: null, inactivity_days: expiry.days };
    case 'rolling_days':
      return { expires_at: midnightAfter(moment, expiry.days + 1) };
    case 'rolling_months':
      return { expires_at: midnightAfter(sameDayMonthsLater(moment, expiry.months), 1) };
    default: {
      const month = addMonths(monthOf(moment), expiry.after_months);
      if (expiry.policy === 'end_of_month') return { expires_at: startOfMonth(addMonths(month, 1)) };
      if (expiry.policy === 'end_of_quarter') return { expires_at: startOfMonth(addMonths(quarterOf(month), 3)) };
      return { expires_at: startOfMonth(addMonths(yearOf(month), 12)) };
    }
  }
}

/** From this moment on the points of the lot are gone; undefined: never. */
export function lapsesAt(lot: LotTerms, activeAt: string | null): string | undefined {
  if (lot.expires_at !== null) return lot.expires_at;
  if (lot.inactivity_days === undefined || activeAt === null) return undefined;
  return addDays(activeAt, lot.inactivity_days);
}

/** Points that never lapse need no word about their lot: an explanation without one means that lot. */
export const lapses = ({ expires_at, inactivity_days }: LotTerms): boolean =>
  expires_at !== null || inactivity_days !== undefined;

const termsOf = ({ expires_at, inactivity_days }: LotTerms): LotTerms =>
  inactivity_days === undefined ? { expires_at } : { expires_at, inactivity_days };

/** Dated lots by their dates, then those that hang on activity, the shortest first, then those that never lapse. */
function compare(a: LotTerms, b: LotTerms): number {
  if (a.expires_at !== b.expires_at) {
    if (a.expires_at === null) return 1;
    if (b.expires_at === null) return -1;
    return a.expires_at < b.expires_at ? -1 : 1;
  }
  return (a.inactivity_days ?? Number.MAX_SAFE_INTEGER) - (b.inactivity_days ?? Number.MAX_SAFE_INTEGER);
}

/** Adds points to the lot with these terms, which is made when there is none. */
export function addToLots(lots: Lot[], terms: LotTerms, points: number): void {
  if (points === 0) return;
  const at = lots.findIndex((lot) => compare(lot, terms) >= 0);
  const lot = lots[at];
  if (lot !== undefined && compare(lot, terms) === 0) lot.points += points;
  else lots.splice(at === -1 ? lots.length : at, 0, { points, ...termsOf(terms) });
}

export const sumOf = (lots: readonly Lot[]): number => lots.reduce((sum, lot) => sum + lot.points, 0);

/**
 * Takes up to `points` out of the lots: of the one with the terms of `first` first, then the soonest to lapse.
 * @returns what was taken from which lot, in that order; less than asked for when the lots have less
 */
export function takeFromLots(lots: Lot[], points: number, first?: LotTerms): Lot[] {
  const taken: Lot[] = [];
  let wanted = points;
  const take = (index: number) => {
    const lot = lots[index] as Lot;
    const part = Math.min(wanted, lot.points);
    if (part === 0) return;
    taken.push({ ...lot, points: part });
    lot.points -= part;
    wanted -= part;
  };
  if (first !== undefined) {
    const own = lots.findIndex((lot) => compare(lot, first) === 0);
    if (own !== -1) take(own);
  }
  for (let index = 0; index < lots.length && wanted > 0; index += 1) take(index);
  for (let index = lots.length - 1; index >= 0; index -= 1) if (lots[index]?.points === 0) lots.splice(index, 1);
  return taken;
}

/** The last `points` of an allocation after `skipped` of them: what is given back in the reverse of its order. */
export function lastOf(allocations: readonly Lot[], points: number, skipped: number): Lot[] {
  const parts: Lot[] = [];
  let [skip, wanted] = [skipped, points];
  for (const lot of allocations.toReversed()) {
    const usable = Math.max(0, lot.points - skip);
    skip = Math.max(0, skip - lot.points);
    const part = Math.min(usable, wanted);
    if (part > 0) parts.push({ ...lot, points: part });
    wanted -= part;
  }
  return parts;
}

/** What would lapse when, were nothing to happen until then; the soonest first, and last what never lapses (null). */
export function expirations({ lots = [], active_at }: AccountState): { expires_at: string | null; points: number }[] {
  const byMoment = new Map<string | null, number>();
  for (const lot of lots) {
    const at = lapsesAt(lot, active_at ?? null) ?? null;
    byMoment.set(at, (byMoment.get(at) ?? 0) + lot.points);
  }
  const sorted = [...byMoment].sort(([a], [b]) => (a === null ? 1 : b === null || a < b ? -1 : 1));
  return sorted.map(([expires_at, points]) => ({ expires_at, points }));
}
