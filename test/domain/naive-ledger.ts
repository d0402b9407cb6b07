// The ledger once more, as naive as can be, to hold the domain's against: every batch of points is an object of its own
// from the moment it came in, moments are milliseconds, and whatever is asked is counted again from the beginning.
// Shares no code with the domain.

import type { CustomerStatus, PendingTransaction, Programme, Programmes, Tier } from '@customer-service/domain';
import {
  afterDeed,
  atNewVersion,
  atReview,
  DAY,
  type Deed,
  type Member,
  monthOf,
  nextReview,
  rank,
} from './naive-tiers.ts';

interface Terms {
  ends: number | null;
  idle_days: number | null;
}
interface Batch extends Terms {
  points: number;
  hold: string | null;
}
/** What was decided, and what was taken back of it. */
interface Deal {
  transaction: PendingTransaction;
  type: string;
  applied: boolean;
  points: number;
  terms: Terms | null;
  taken: Batch[];
  amount: number;
  visits: number;
  back: { points: number; amount: number };
}
export interface Line {
  id: string | null;
  type: string;
  code: string | null;
  points: number;
  balance: number;
  sequence: number | null;
  ms: number;
}

export interface Model {
  status: CustomerStatus;
  programmes: Programmes;
  batches: Batch[];
  holds: { id: string; ends: number }[];
  deals: Deal[];
  lines: Line[];
  deeds: Deed[];
  parked: PendingTransaction[];
  changes: [number, Tier, Tier, string][];
  debt: number;
  deficit: number;
  active: number | null;
  member_since: number | null;
  tier: Tier;
  floor: Tier;
  review: number | null;
  version: number;
}

export const newModel = (programmes: Programmes, status: CustomerStatus): Model => ({
  ...{ status, programmes, batches: [], holds: [], deals: [], lines: [], deeds: [], parked: [], changes: [] },
  ...{
    debt: 0,
    deficit: 0,
    active: null,
    member_since: null,
    tier: 'bronze',
    floor: 'bronze',
    review: null,
    version: 0,
  },
});

const add = (list: readonly { points: number }[]): number => list.reduce((total, { points }) => total + points, 0);
export const free = (model: Model): Batch[] => model.batches.filter(({ hold }) => hold === null);
export const held = (model: Model): Batch[] => model.batches.filter(({ hold }) => hold !== null);
export const balance = (model: Model): number => add(model.batches) - model.deficit;

/** Counted from the first line to the last. */
export function totals({ deals, lines }: Model) {
  const of = (...types: string[]) =>
    add(lines.filter(({ type, code, sequence }) => types.includes(type) && code === null && sequence !== null));
  const moved = deals.flatMap(({ transaction, applied }) => (applied && transaction.terms?.transfer) || []);
  const sum = (name: 'earned' | 'redeemed' | 'expired' | 'adjusted') =>
    moved.reduce((total, each) => total + each[name], 0);
  const done = deals.filter(({ applied }) => applied);
  return {
    earned: of('earn') - of('reverse_earn', 'repay') + sum('earned'),
    redeemed: of('redeem', 'capture') - of('reverse_redeem') + sum('redeemed'),
    expired: of('expire') + sum('expired'),
    adjusted: of('adjust_credit') - of('adjust_debit') + sum('adjusted'),
    spend: done.reduce((total, { amount }) => total + amount, 0),
    visits: done.reduce((total, { visits }) => total + visits, 0),
  };
}

function memberOf(model: Model): Member {
  const { earned, spend, visits } = totals(model);
  const { deeds, member_since, tier, floor } = model;
  return { deeds, lifetime: { spend, visits, points: earned }, member_since, tier, floor };
}

export const ms = (moment: string): number => Date.parse(moment);
export const versionAt = ({ programmes }: Model, when: number): Programme =>
  [...programmes].reverse().find((each) => ms(each.effective_from) <= when) ?? programmes[0];

export function write(model: Model, line: Omit<Line, 'balance' | 'sequence'>): void {
  const sequence = model.lines.filter((each) => each.sequence !== null).length + 1;
  model.lines.push({ ...line, balance: balance(model), sequence });
}

export function setTier(model: Model, tier: Tier, when: number, why: string): void {
  if (tier !== model.tier) model.changes.push([when, model.tier, tier, why]);
  model.tier = tier;
}

const gone = ({ ends, idle_days }: Terms, active: number | null): number => {
  if (ends !== null) return ends;
  return idle_days === null || active === null ? Number.POSITIVE_INFINITY : active + idle_days * DAY;
};
const alike = (a: Terms, b: Terms): boolean => a.ends === b.ends && a.idle_days === b.idle_days;

/** The order in which points are used up. */
export const byEnd = (a: Terms, b: Terms): number =>
  (a.ends ?? 1e18) - (b.ends ?? 1e18) || (a.idle_days ?? 1e9) - (b.idle_days ?? 1e9);

/** Takes as many of these points as there are out of the model, batch after batch. @returns what was taken, likewise */
export function take(model: Model, from: Batch[], count: number): Batch[] {
  const taken: Batch[] = [];
  for (const batch of from) {
    const part = Math.min(batch.points, count - add(taken));
    if (part === 0) continue;
    taken.push({ ...batch, points: part });
    batch.points -= part;
  }
  model.batches = model.batches.filter(({ points }) => points > 0);
  return taken;
}

export function takeFree(model: Model, count: number, first?: Terms): Batch[] {
  const inOrder = free(model).sort(byEnd);
  const own = first === undefined ? [] : inOrder.filter((batch) => alike(batch, first));
  return take(model, [...own, ...inOrder.filter((batch) => !own.includes(batch))], count);
}

export function put(model: Model, points: number, terms: Terms): void {
  if (points > 0) model.batches.push({ points, ends: terms.ends, idle_days: terms.idle_days, hold: null });
}

export function endHold(model: Model, id: string): number {
  const mine = model.batches.filter(({ hold }) => hold === id);
  for (const batch of mine) batch.hold = null;
  model.holds = model.holds.filter((each) => each.id !== id);
  return add(mine);
}

export function releaseRest(model: Model, id: string, when: number): void {
  const points = endHold(model, id);
  write(model, { id: null, type: 'release', code: null, points, ms: when });
  pay(model, when);
}

export function pay(model: Model, when: number): void {
  model.deficit -= add(takeFree(model, model.deficit));
  const points = add(takeFree(model, model.debt));
  model.debt -= points;
  if (points > 0) write(model, { id: null, type: 'repay', code: null, points, ms: when });
}

/** All that happens by itself up to and at this moment: holds first, then points, then programmes, then tiers. */
export function pass(model: Model, until: number): void {
  if (model.version === 0) model.version = versionAt(model, until).version;
  for (;;) {
    const due: [number, () => void][] = [];
    for (const { id, ends } of model.holds) due.push([ends, () => releaseRest(model, id, ends)]);
    for (const batch of free(model).sort(byEnd)) {
      const end = gone(batch, model.active);
      due.push([end, () => lapse(model, batch, end)]);
    }
    for (const version of model.programmes) {
      if (version.version <= model.version) continue;
      due.push([ms(version.effective_from), () => begin(model, version)]);
    }
    const { review } = model;
    if (review !== null) due.push([review, () => lookAgain(model, review)]);
    const first = due.reduce((earliest, each) => Math.min(earliest, each[0]), Number.POSITIVE_INFINITY);
    if (first > until) return;
    due.find(([when]) => when === first)?.[1]();
  }
}

function lapse(model: Model, batch: Batch, when: number): void {
  const lapsed = free(model).filter((each) => alike(each, batch));
  model.batches = model.batches.filter((each) => !lapsed.includes(each));
  write(model, { id: null, type: 'expire', code: null, points: add(lapsed), ms: when });
}

function begin(model: Model, version: Programme): void {
  const when = ms(version.effective_from);
  model.version = version.version;
  setTier(model, atNewVersion(version, memberOf(model), when), when, 'programme');
  const { window, downgrade } = version.tiering;
  model.floor = window === 'lifetime' && downgrade === 'requalify' ? (version.tiers[0].tier as Tier) : model.tier;
  plan(model, version, when);
}

function lookAgain(model: Model, review: number): void {
  const programme = versionAt(model, review);
  setTier(model, atReview(programme, memberOf(model), review), review, 'period');
  model.floor = model.tier;
  plan(model, programme, review);
}

function plan(model: Model, programme: Programme, when: number): void {
  const next = rank(programme, model.tier) === 0 ? null : nextReview(programme, memberOf(model), when);
  model.review = next === null ? null : next[0];
}

/** After a deed that counts, or was taken back. */
export function reconsider(model: Model, when: number, why: string): void {
  const programme = versionAt(model, when);
  setTier(model, afterDeed(programme, memberOf(model), when), when, why);
  if (model.review === null) plan(model, programme, when);
}

export function count(model: Model, deed: Omit<Deed, 'month'>, when: number): void {
  model.deeds.push({ ...deed, month: monthOf(when) });
}
export type { Batch, Deal, Terms };
export { add, gone };
