// What the tests of the ledger's rules need again and again: an account, transactions, programmes, and one decision.

import {
  type AccountState,
  type Applied,
  applyTransactions,
  EMPTY_STATE,
  type Lot,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
  type Programme,
  type Programmes,
  type ReversalTarget,
} from '@customer-service/domain';

export const CUSTOMER = '00000000-0000-7000-8000-000000000001';

export const NEW_ACCOUNT: LoyaltyAccount = {
  customer_id: CUSTOMER,
  customer_status: 'active',
  points_balance: 0,
  points_held: 0,
  lifetime_points_earned: 0,
  lifetime_points_redeemed: 0,
  lifetime_points_expired: 0,
  lifetime_points_adjusted: 0,
  total_spent_minor: 0,
  visits_count: 0,
  last_visit_at: null,
  tier: 'bronze',
  sequence: 0,
  settles_at: null,
  state: EMPTY_STATE,
};

/** `2026-03-01`, `2026-03-01 12:00` or all of it, as the moment it is in UTC. */
export const at = (text: string): string =>
  new Date(`${text.replace(' ', 'T')}${text.includes(' ') ? 'Z' : ''}`).toISOString();

const BEFORE = '2026-02-10 09:00';
export const REMEMBERED: AccountState = {
  ...EMPTY_STATE,
  activity: [{ month: '2026-02', spend_minor: 10_000, visits: 1, points: 100 }],
  ...{ member_since: at(BEFORE), active_at: at(BEFORE), programme_version: 1 },
};
export const lotsOf = (points: number): Lot[] => (points === 0 ? [] : [{ points, expires_at: null }]);

/** An account that holds 100 points from one purchase of 100.00, with 7 transactions behind it. */
export const held: LoyaltyAccount = {
  ...NEW_ACCOUNT,
  points_balance: 100,
  lifetime_points_earned: 150,
  lifetime_points_redeemed: 50,
  total_spent_minor: 10_000,
  visits_count: 1,
  sequence: 7,
  state: { ...REMEMBERED, lots: lotsOf(100) },
};

let made = 0;

/** A transaction that was accepted when it happened, unless `fields` say otherwise. */
export function posted(moment: string, fields: Partial<PendingTransaction>): PendingTransaction {
  made += 1;
  return {
    ...{ id: `tx-${made}`, customer_id: CUSTOMER, type: 'earn', points: null, amount_minor: null, currency: null },
    ...{ visits: null, order_id: null, occurred_at: at(moment), accepted_at: at(moment), terms: null },
    ...fields,
  };
}

type Fields = Partial<PendingTransaction>;
export const bonus = (moment: string, points: number, fields: Fields = {}) => posted(moment, { points, ...fields });
export const purchase = (moment: string, amount_minor: number, fields: Fields = {}) =>
  posted(moment, { amount_minor, currency: 'USD', ...fields });
export const redeem = (moment: string, points: number, fields: Fields = {}) =>
  posted(moment, { type: 'redeem', points, ...fields });
export const hold = (moment: string, points: number, expires_in_s: number, fields: Fields = {}) =>
  posted(moment, { type: 'hold', points, terms: { expires_in_s }, ...fields });
export const capture = (moment: string, hold_id: string, points: number | null, final?: boolean) =>
  posted(moment, { type: 'capture', points, terms: { hold_id, ...(final !== undefined && { final }) } });
export const release = (moment: string, hold_id: string) => posted(moment, { type: 'release', terms: { hold_id } });
export const credit = (moment: string, points: number) =>
  posted(moment, { type: 'adjust_credit', points, terms: { reason_code: 'goodwill' } });
export const debit = (moment: string, points: number) =>
  posted(moment, { type: 'adjust_debit', points, terms: { reason_code: 'mistake' } });

/** Takes back a purchase: all of what is left, or points, or an amount. */
export function refund(
  moment: string,
  what: { of?: string; order_id?: string; points?: number; amount_minor?: number },
): PendingTransaction {
  return reversal('reverse_earn', moment, what);
}

/** Takes back a redemption or a capture. */
export function giveBack(moment: string, what: { of: string; points?: number }): PendingTransaction {
  return reversal('reverse_redeem', moment, what);
}

function reversal(
  type: 'reverse_earn' | 'reverse_redeem',
  moment: string,
  { of, order_id = undefined, points, amount_minor }: Parameters<typeof refund>[1],
): PendingTransaction {
  const terms = { ...(of !== undefined && { reverses: of }), ...(points !== undefined && { reverse_points: points }) };
  const money = amount_minor === undefined ? {} : { amount_minor, currency: 'USD' };
  return posted(moment, { type, order_id: order_id ?? null, terms, ...money });
}

type Rules = Partial<Omit<Programme, 'earn'>> & { earn?: Partial<Programme['earn']> };

/** Version 1 with other rules. */
export function programme(rules: Rules = {}): Programme {
  return { ...PROGRAMME, ...rules, earn: { ...PROGRAMME.earn, ...rules.earn } };
}

export interface Ledger extends Applied {
  targets: Map<string, ReversalTarget>;
  parked: PendingTransaction[];
}

/** Decides a whole history on a new account, and settles what lapsed by `settle_at`. */
export function run(
  rules: Programme | Programmes,
  history: readonly PendingTransaction[],
  { settle_at, account = NEW_ACCOUNT }: { settle_at?: string; account?: LoyaltyAccount } = {},
): Ledger {
  const [targets, parked] = [new Map<string, ReversalTarget>(), [] as PendingTransaction[]];
  const programmes = ('version' in rules ? [rules] : rules) as Programmes;
  const settled = settle_at === undefined ? {} : { settle_at: at(settle_at) };
  return { ...applyTransactions(account, history, { programmes, targets, parked, ...settled }), targets, parked };
}

/** A line in short: what it was, what it moved, and the balance after; of a refusal, why. */
export function brief({ type, points, balance_after, rejection_code, status }: Outcome): string {
  if (status === 'parked') return `${type} parked`;
  return `${type} ${rejection_code ?? `${points} → ${balance_after}`}`;
}

export const lines = ({ outcomes }: Pick<Ledger, 'outcomes'>): string[] => outcomes.map(brief);

/** Open lots in short: points, and the first moment they are gone. */
export const lots = ({ account }: Pick<Ledger, 'account'>): [number, string | null][] =>
  account.state.lots.map(({ points, expires_at }) => [points, expires_at?.replace(/T00:00:00.000Z$/, '') ?? null]);
