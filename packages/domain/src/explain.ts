// A line of the ledger in one sentence, for a person. Made of the line alone; knows no language but English.

import type { Explanation, Lot, LoyaltyTransaction, RejectionCode, TransactionType } from './loyalty.ts';

type Explained = Pick<
  LoyaltyTransaction,
  'type' | 'status' | 'points' | 'amount_minor' | 'currency' | 'rejection_code' | 'explanation'
>;

const NAMES: Record<TransactionType, string> = {
  earn: 'Earn',
  redeem: 'Redemption',
  hold: 'Hold',
  capture: 'Capture',
  release: 'Release',
  reverse_earn: 'Refund',
  reverse_redeem: 'Return of redeemed points',
  adjust_credit: 'Credit',
  adjust_debit: 'Debit',
  expire: 'Expiry',
  repay: 'Repayment',
  transfer_in: 'Merge',
  transfer_out: 'Merge',
};

const REFUSALS: Record<RejectionCode, string> = {
  'customer-suspended': 'the customer is suspended',
  'currency-not-accepted': 'the programme has no rate for the currency',
  'below-minimum': 'it is less than may be redeemed at a time',
  'hold-not-open': 'the hold is not open any more',
  'exceeds-hold': 'it is more than is left of the hold',
  'not-reversible': 'the original can not be taken back',
  'exceeds-original': 'it is more than is left of the original',
  'insufficient-points': 'there are not enough points',
  'limit-exceeded': 'the figures would become too large',
};

const day = (moment: string) => moment.slice(0, 10);
const count = (points: number) => `${points} ${points === 1 ? 'point' : 'points'}`;
const money = (minor: number, currency: string | null) =>
  `${(minor / 100).toFixed(2)}${currency === null ? '' : ` ${currency}`}`;

function lapse({ expires_at, inactivity_days }: Omit<Lot, 'points'>): string {
  if (expires_at !== null) return `valid to ${day(expires_at)}`;
  return inactivity_days === undefined ? 'never lapsing' : `lapsing after ${inactivity_days} days without activity`;
}

const lots = ({ allocations = [] }: Explanation) =>
  allocations.map((lot) => `${lot.points} ${lapse(lot)}`).join(', ') || 'none';

/** One sentence or two that say what a line did, and by which rule. */
export function explain({ type, status, rejection_code, explanation, ...line }: Explained): string {
  if (status === 'pending') return `${NAMES[type]}: waits to be applied.`;
  if (status === 'parked') return `${NAMES[type]}: waits for its purchase.`;
  if (rejection_code !== null) return `${NAMES[type]}: refused, because ${REFUSALS[rejection_code]}.`;
  const points = line.points ?? 0;
  return SENTENCES[type]({ ...line, points }, explanation ?? {});
}

type Sentence = (
  line: { points: number; amount_minor: number | null; currency: string | null },
  why: Explanation,
) => string;

const reversal: Sentence = ({ points }, why) =>
  `${count(points)} of transaction ${why.reversed?.id}${why.shortfall ? ` (${why.shortfall} were spent already)` : ''}`;

const SENTENCES: Record<TransactionType, Sentence> = {
  earn: ({ points, amount_minor, currency }, why) => {
    const lot = why.lot === undefined ? '' : `, ${lapse(why.lot)}`;
    if (amount_minor === null) return `${count(points)} as a bonus${lot}.`;
    const rate = why.multiplier_bp === undefined ? '' : ` as ${why.tier} (×${why.multiplier_bp / 10_000})`;
    const campaign = why.campaign === undefined ? '' : ` in the campaign ${why.campaign}`;
    const cap = why.uncapped_points === undefined ? '' : ` A limit made ${count(points)} of ${why.uncapped_points}.`;
    return `${count(points)} for ${money(amount_minor, currency)}${rate}${campaign}${lot}.${cap}`;
  },
  redeem: ({ points }, why) =>
    `${count(points)} redeemed${why.allocations === undefined ? '' : `, from lots: ${lots(why)}`}.`,
  hold: ({ points }, why) => `${count(points)} set aside${why.expires_at ? ` until ${why.expires_at}` : ''}.`,
  capture: ({ points }, why) => `${count(points)} taken of hold ${why.hold_id}, from lots: ${lots(why)}.`,
  release: ({ points }, why) => `${count(points)} of hold ${why.hold_id} are free again.`,
  reverse_earn: (line, why) => `Taken back: ${reversal(line, why)}.`,
  reverse_redeem: (line, why) => `Given back: ${reversal(line, why)}, to lots: ${lots(why)}.`,
  adjust_credit: ({ points }, why) => `${count(points)} given by hand (${why.reason_code}).`,
  adjust_debit: ({ points }, why) => `${count(points)} taken by hand (${why.reason_code}), from lots: ${lots(why)}.`,
  expire: ({ points }, why) => `${count(points)} lapsed${why.lot === undefined ? '' : `, ${lapse(why.lot)}`}.`,
  repay: ({ points }, why) => `${count(points)} repaid what was owed, from lots: ${lots(why)}.`,
  transfer_in: ({ points }) => `${count(points)} came with a merge from another record.`,
  transfer_out: ({ points }) => `${count(points)} went with a merge to another record.`,
};
