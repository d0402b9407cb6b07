// Random programmes and histories for the properties of the ledger, made out of bytes: cheap to draw in great numbers,
// and what fast-check shrinks stays a history. Knows the shapes and no rule.

import type {
  CustomerStatus,
  ExpiryRule,
  Lot,
  PendingTransaction,
  Programme,
  Programmes,
  Tier,
  Transfer,
} from '@customer-service/domain';
import fc from 'fast-check';
import { CUSTOMER, programme } from './ledger.ts';

export interface History {
  programmes: Programmes;
  status: CustomerStatus;
  transactions: PendingTransaction[];
  /** Before the transaction of the same place: whether a batch ends there, and when a worker comes by, if one does. */
  breaks: { cut: boolean; settle_at: string | null }[];
  /** Not before the last transaction. */
  end: string;
}

const [HOUR, DAY] = [3_600_000, 86_400_000];
const GAPS = [
  [0, 0, 1, 1_000, HOUR, 12 * HOUR, DAY, DAY, 5 * DAY, 20 * DAY, 31 * DAY, 100 * DAY, 200 * DAY, 400 * DAY],
  [0, 1, 60_000, HOUR, 10 * HOUR, DAY],
];
const LATER = [DAY, 31 * DAY, 100 * DAY, 300 * DAY];
const STARTS = ['2023-11-20T10:00:00.000Z', '2024-02-29T23:59:59.999Z', '2024-12-31T12:00:00.000Z'].map(Date.parse);
const EXPIRIES: ExpiryRule[] = [
  { policy: 'none' },
  ...[0, 30, 365].map((days): ExpiryRule => ({ policy: 'rolling_days', days })),
  ...[1, 12].map((months): ExpiryRule => ({ policy: 'rolling_months', months })),
  ...[0, 2].map((after_months): ExpiryRule => ({ policy: 'end_of_month', after_months })),
  ...[0, 3].map((after_months): ExpiryRule => ({ policy: 'end_of_quarter', after_months })),
  ...[0, 14].map((after_months): ExpiryRule => ({ policy: 'end_of_year', after_months })),
  ...[2, 31].map((days): ExpiryRule => ({ policy: 'inactivity', days })),
];
const rule = (tier: Tier, spend: number | null, visits: number | null, points: number | null, bp: number) => ({
  ...{ tier, spend_threshold_minor: spend, visits_threshold: visits, points_threshold: points, multiplier_bp: bp },
});
const BRONZE = rule('bronze', null, null, null, 10_000);
const LADDERS: Programme['tiers'][] = [
  [BRONZE, rule('silver', 10_000, 3, null, 12_000), rule('gold', 25_000, null, 300, 17_500)],
  [BRONZE, rule('silver', 15_000, null, 100, 11_000)],
  [BRONZE, rule('gold', 5_000, 2, null, 20_000), rule('diamond', null, 5, null, 30_000)],
];
const MULTIPLIERS: Programme['earn']['multipliers'][] = [
  ...[[], []],
  [{ category: 'food', product: null, multiplier_bp: 20_000 }],
  [
    { category: 'food', product: null, multiplier_bp: 0 },
    { category: null, product: 'tea', multiplier_bp: 33_333 },
  ],
];

type Pick = <Value>(values: readonly Value[]) => Value;

/** Takes one choice after the other off the bytes; the first of the values when they are used up or zero. */
function picker(bytes: Uint8Array): Pick {
  let place = 0;
  return (values) => {
    place += 1;
    return values[(bytes[place - 1] ?? 0) % values.length] as (typeof values)[number];
  };
}

function aProgramme(pick: Pick, version: number, effective_from: string): Programme {
  const campaign = { name: 'spring', from: '2024-02-01T00:00:00.000Z', to: '2024-06-01T00:00:00.000Z' };
  const silverOnly = { ...campaign, name: 'silver', multiplier_bp: 25_000, tiers: ['silver'] as Tier[] };
  return Object.freeze(
    programme({
      ...{ version, effective_from },
      expiry: pick(EXPIRIES),
      reversal: { shortfall: pick(['clamp', 'debt', 'negative']), grace_days: pick([0, 0, 10]) },
      tiering: {
        window: pick(['lifetime', 'calendar_year', 'rolling_months', 'membership_year']),
        downgrade: pick(['requalify', 'one_level', 'none']),
        ...{ grace_days: pick([0, 0, 5, 40]), months: pick([1, 3, 12]) },
      },
      tiers: pick(LADDERS),
      redeem: { minimum_points: pick([1, 1, 1, 20]) },
      earn: {
        rounding: pick(['down', 'nearest', 'up']),
        rates: { USD: pick([...[1, 3].map((points) => ({ points, per_minor: 100 })), { points: 1, per_minor: 7 }]) },
        multipliers: pick(MULTIPLIERS),
        campaigns: pick([[], [], [{ ...campaign, multiplier_bp: 20_000, tiers: null }, silverOnly]]),
        ...{ max_points_per_transaction: pick([null, null, 50]), max_points_per_day: pick([null, null, 80]) },
      },
    }),
  );
}

const KINDS = [
  ...['purchase', 'purchase', 'purchase', 'bonus', 'redeem', 'redeem', 'hold', 'hold', 'capture', 'capture', 'release'],
  ...['refund', 'refund', 'refund of an order', 'undo', 'undo', 'credit', 'debit', 'transfer'],
] as const;
const EARNS = ['earn', 'adjust_credit', 'transfer_in'];
/** By kind: types of which there must be one before, and what it is instead when there is none. */
const NEEDS: Partial<Record<(typeof KINDS)[number], [string[], (typeof KINDS)[number]]>> = {
  redeem: [EARNS, 'purchase'],
  hold: [EARNS, 'bonus'],
  debit: [EARNS, 'credit'],
  capture: [['hold'], 'hold'],
  release: [['hold'], 'hold'],
  undo: [['redeem', 'capture'], 'redeem'],
  refund: [['earn'], 'purchase'],
};
const COUNTS = [1, 5, 10, 20, 20, 25, 33, 33, 50, 80, 150];
const AMOUNTS = [1, 99, 5_000, 12_000, 3_333, 5_000, 9_999, 10_000, 20_000, 30_001];

/** What the transaction says; `before` are those it may refer to. */
function aTransaction(pick: Pick, before: readonly PendingTransaction[]): Partial<PendingTransaction> {
  const wanted = pick(KINDS);
  const isThere = (...types: string[]) => before.some(({ type }) => types.includes(type));
  // What refers to another one mostly has one to refer to, and what takes points mostly finds some.
  const possible = pick([true, true, true, true, true, true, true, false]);
  const needs = NEEDS[wanted];
  const kind =
    !possible || needs === undefined || isThere(...needs[0]) ? wanted : before.length === 0 ? 'bonus' : needs[1];
  // Who begins with something has something to hold and to redeem.
  const [points, amount] = [pick(COUNTS) + (before.length === 0 ? 400 : 0), pick(AMOUNTS)];
  const some = <Value>(value: Value) => pick([null, value, value]);
  /** Mostly what it may refer to; now and then anything, or nothing. */
  const one = (...types: string[]) => {
    const fitting = before.filter(({ type }) => types.includes(type)).reverse();
    const [last] = fitting;
    return pick(
      last === undefined ? ['none'] : [last.id, last.id, ...fitting.map(({ id }) => id), before[0]?.id as string],
    );
  };
  switch (kind) {
    case 'purchase': {
      const item = {
        category: pick(['food', 'wine']),
        product: pick(['tea', null]),
        amount_minor: Math.floor(amount / 2),
      };
      const [order_id, currency] = [pick(['o1', 'o2', null]), pick([...Array(9).fill('USD'), 'EUR'])];
      return { type: 'earn', amount_minor: amount, currency, order_id, terms: pick([null, { items: [item] }]) };
    }
    case 'bonus':
      return { type: 'earn', points };
    case 'redeem':
      return { type: 'redeem', points };
    case 'hold':
      return { type: 'hold', points, terms: { expires_in_s: pick([3_600, 60, 86_400, 40 * 86_400, 40 * 86_400]) } };
    case 'capture':
      return {
        type: 'capture',
        points: some(points),
        terms: { hold_id: one('hold'), ...pick([{}, { final: true }, { final: false }]) },
      };
    case 'release':
      return { type: 'release', terms: { hold_id: one('hold') } };
    case 'refund':
    case 'undo': {
      const [type, of] =
        kind === 'undo'
          ? (['reverse_redeem', one('redeem', 'capture')] as const)
          : (['reverse_earn', one('earn')] as const);
      const how = pick(['all', 'points', 'amount']);
      const part = how === 'points' ? { reverse_points: Math.max(1, points) } : {};
      const money = how === 'amount' && kind === 'refund' ? { amount_minor: amount, currency: 'USD' } : {};
      return { type, ...money, terms: { reverses: of, ...part } };
    }
    case 'refund of an order':
      return { type: 'reverse_earn', order_id: pick(['o1', 'o2', 'o3']), terms: null, amount_minor: null };
    case 'credit':
      return { type: 'adjust_credit', points, terms: { reason_code: 'goodwill' } };
    case 'debit':
      return { type: 'adjust_debit', points, terms: { reason_code: 'mistake' } };
    case 'transfer':
      return aTransfer(pick, points);
  }
}

function aTransfer(pick: Pick, points: number): Partial<PendingTransaction> {
  const lots: Lot[] = [
    { points, expires_at: pick([null, '2024-07-01T00:00:00.000Z', '2024-03-31T00:00:00.000Z']) },
    { points: 7, expires_at: null, inactivity_days: pick([31, 400]) },
  ];
  const [amount, debt] = [pick(AMOUNTS), pick([0, 60])];
  const transfer: Transfer = {
    ...{ earned: points + 16 + debt, redeemed: 4 + debt, expired: 7, adjusted: 2, debt, lots },
    activity: [{ month: pick(['2024-02', '2023-12']), spend_minor: amount, visits: 1, points: 9 }],
    ...{ member_since: pick([null, '2023-05-05T05:05:05.555Z']), tier_floor: pick(['bronze', 'silver'] as const) },
  };
  return { type: 'transfer_in', points: points + 7, amount_minor: amount, visits: 1, terms: { transfer } };
}

const iso = (ms: number): string => new Date(ms).toISOString();

function decode([rules, operations]: [Uint8Array, Uint8Array[]], kinds: (type: string) => boolean): History {
  const pick = picker(rules);
  const start = pick(STARTS);
  const status = pick<CustomerStatus>([...Array<CustomerStatus>(15).fill('active'), 'suspended']);
  const first = aProgramme(pick, 1, '1000-01-01T00:00:00.000Z');
  const programmes: Programme[] = [first];
  for (const version of pick([[], [2], [2, 3]])) {
    const from = iso(Date.parse(programmes[1]?.effective_from ?? iso(start)) + pick(LATER));
    programmes.push(aProgramme(pick, version, from));
  }
  const gaps = pick(GAPS);
  const transactions: PendingTransaction[] = [];
  const breaks: History['breaks'] = [];
  let moment = start;
  for (const bytes of operations) {
    const choose = picker(bytes);
    const [before, gap] = [moment, choose(gaps)];
    const late = choose([0, 0, 0, 0, 0, 0, -DAY, -40 * DAY, DAY, -400 * DAY]);
    const worker = choose([null, 0, 0.5, 1]);
    const cut = choose([false, true]);
    const fields = aTransaction(choose, transactions);
    if (!kinds(fields.type as string)) continue;
    moment += gap;
    breaks.push({ cut, settle_at: worker === null ? null : iso(before + Math.floor(gap * worker)) });
    const transaction: PendingTransaction = {
      ...{ id: `tx-${transactions.length + 1}`, customer_id: CUSTOMER, type: 'earn', points: null, amount_minor: null },
      ...{ currency: null, visits: null, order_id: null, terms: null },
      ...{ occurred_at: iso(moment + late), accepted_at: iso(moment) },
      ...fields,
    };
    transactions.push(frozen(transaction));
  }
  const end = iso(moment + pick([0, DAY, 31 * DAY, 800 * DAY]));
  return { programmes: programmes as unknown as Programmes, status, transactions, breaks, end };
}

/** So that whoever changes what he was given is found out. */
export function frozen<Value>(value: Value): Value {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

/** At most twelve transactions, of these kinds. */
export const aHistory = (kinds: (type: string) => boolean = () => true): fc.Arbitrary<History> =>
  fc
    .tuple(
      fc.uint8Array({ minLength: 56, maxLength: 56 }),
      fc.array(fc.uint8Array({ minLength: 14, maxLength: 14 }), { maxLength: 12, size: 'max' }),
    )
    .map((bytes) => decode(bytes, kinds));
