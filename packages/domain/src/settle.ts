// What happens by itself when time passes: holds run out, lots lapse, tiers are reviewed, a new programme begins.
// Settled up to the moment of each transaction before it is decided, so that it makes no difference whether and when
// a worker came by in between.

import { addToLots, lapsesAt, sumOf, takeFromLots } from './lots.ts';
import type { AccountState, LoyaltyAccount } from './loyalty.ts';
import { type Programme, programmeAt, rankOf } from './programme.ts';
import { nextReview, tierAtChange, tierAtReview } from './tiers.ts';
import { addLine, changeTier, type Work } from './work.ts';

interface Event {
  at: string;
  happen: () => void;
}

/** @returns whether anything had to be settled */
export function settle(work: Work, moment: string): boolean {
  const { account, programmes } = work;
  const current = programmeAt(programmes, moment);
  if (account.state.programme_version === 0) account.state.programme_version = current.version;
  const isNew = account.state.programme_version !== current.version;
  if (!isNew && (account.settles_at === null || account.settles_at > moment)) return false;
  for (let event = nextEvent(work); event !== undefined && event.at <= moment; event = nextEvent(work)) event.happen();
  account.settles_at = nextMoment(account);
  return true;
}

/** The soonest; of two at the same moment a hold's end comes first, so that its points lapse with their lot. */
function nextEvent(work: Work): Event | undefined {
  const { state } = work.account;
  const events: Event[] = state.holds.map((hold) => ({
    at: hold.expires_at,
    happen: () => releaseHold(work, hold.id, hold.expires_at),
  }));
  for (const [index, lot] of state.lots.entries()) {
    const at = lapsesAt(lot, state.active_at);
    if (at !== undefined) events.push({ at, happen: () => expireLot(work, index, at) });
  }
  const version = work.programmes.find((each) => each.version > state.programme_version);
  if (version !== undefined) events.push({ at: version.effective_from, happen: () => beginVersion(work, version) });
  const review = state.review_at;
  if (review !== null) events.push({ at: review, happen: () => reviewTier(work, review) });
  return events.reduce<Event | undefined>(
    (first, event) => (first === undefined || event.at < first.at ? event : first),
    undefined,
  );
}

/** When something will happen by itself next, new programmes apart. */
export function nextMoment({ state }: LoyaltyAccount): string | null {
  let next = state.review_at;
  const consider = (moment: string | undefined) => {
    if (moment !== undefined && (next === null || moment < next)) next = moment;
  };
  for (const lot of state.lots) consider(lapsesAt(lot, state.active_at));
  for (const hold of state.holds) consider(hold.expires_at);
  return next;
}

function expireLot(work: Work, index: number, at: string): void {
  const { account } = work;
  const [lot] = account.state.lots.splice(index, 1);
  if (lot === undefined) return;
  const { points, ...terms } = lot;
  account.lifetime_points_expired += points;
  addLine(work, { type: 'expire', points, occurred_at: at, explanation: { lot: terms } });
}

/** Writes the line that gives back what is left of a hold. Its points go to the lots they came from. */
export function releaseHold(work: Work, id: string, at: string): void {
  const points = endHold(work.account, id);
  addLine(work, { type: 'release', points, occurred_at: at, explanation: { hold_id: id } });
  payOwed(work, at);
}

/** @returns the points that are free again */
export function endHold(account: LoyaltyAccount, id: string): number {
  const { state } = account;
  const hold = state.holds.find((each) => each.id === id);
  if (hold === undefined) return 0;
  state.holds = state.holds.filter((each) => each !== hold);
  account.points_held -= hold.points;
  for (const lot of hold.lots) addToLots(state.lots, lot, lot.points);
  return hold.points;
}

/** Whatever came in pays what is owed first. */
export function payOwed(work: Work, at: string): void {
  const { account } = work;
  const { state } = account;
  if (state.deficit > 0) state.deficit -= sumOf(takeFromLots(state.lots, state.deficit));
  if (state.debt === 0) return;
  const allocations = takeFromLots(state.lots, state.debt);
  const points = sumOf(allocations);
  if (points === 0) return;
  state.debt -= points;
  account.lifetime_points_earned -= points;
  addLine(work, { type: 'repay', points, occurred_at: at, explanation: { allocations } });
}

function reviewTier(work: Work, at: string): void {
  const { account } = work;
  const programme = programmeAt(work.programmes, at);
  const tier = tierAtReview(programme, account, at);
  changeTier(work, tier, at, 'period');
  account.state.tier_floor = tier;
  scheduleReview(account, programme, at);
}

function beginVersion(work: Work, programme: Programme): void {
  const { account } = work;
  const at = programme.effective_from;
  account.state.programme_version = programme.version;
  const tier = tierAtChange(programme, account, at);
  changeTier(work, tier, at, 'programme');
  const { window, downgrade } = programme.tiering;
  account.state.tier_floor = window === 'lifetime' && downgrade === 'requalify' ? programme.tiers[0].tier : tier;
  scheduleReview(account, programme, at);
}

/** A tier above the lowest is looked at again when its period ends. */
export function scheduleReview(account: LoyaltyAccount, programme: Programme, at: string): void {
  const state: AccountState = account.state;
  state.review_at = rankOf(programme, account.tier) === 0 ? null : nextReview(programme, account, at);
}
