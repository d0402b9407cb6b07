// What the naive ledger does with each kind of transaction. Shares no code with the domain.

import type { PendingTransaction, Programme, PurchaseItem, Tier } from '@customer-service/domain';
import {
  add,
  type Batch,
  balance,
  byEnd,
  count,
  type Deal,
  endHold,
  free,
  gone,
  type Model,
  ms,
  pass,
  pay,
  put,
  reconsider,
  releaseRest,
  type Terms,
  take,
  takeFree,
  versionAt,
  write,
} from './naive-ledger.ts';
import { DAY, rank } from './naive-tiers.ts';

type Answer = { points: number; code?: string; terms?: Terms; taken?: Batch[]; amount?: number; visits?: number };
const no = (code: string, points: number): Answer => ({ code, points });
const happened = (transaction: PendingTransaction): number =>
  Math.min(ms(transaction.occurred_at), ms(transaction.accepted_at));

/** Decides one transaction, and writes its lines. */
export function decide(model: Model, transaction: PendingTransaction): void {
  const now = ms(transaction.accepted_at);
  pass(model, now);
  const answer = answerTo(model, transaction, now);
  const { id, type } = transaction;
  if (answer === 'parked') {
    model.parked.push(transaction);
    const line = { id, type, code: null, points: 0, balance: balance(model), sequence: null };
    model.lines.push({ ...line, ms: ms(transaction.occurred_at) });
    return;
  }
  const { points, code = null, terms = null, taken = [], amount = 0, visits = 0 } = answer;
  const deal = { transaction, type, applied: code === null, points, terms, taken, amount, visits };
  model.deals.push({ ...deal, back: { points: 0, amount: 0 } });
  write(model, { id, type, code, points, ms: ms(transaction.occurred_at) });
  if (code !== null) return;
  model.member_since ??= now;
  if (type === 'capture') endOfCapture(model, transaction, now);
  pay(model, now);
  if (type === 'earn' && transaction.amount_minor !== null) reconsider(model, now, 'activity');
  if (type === 'reverse_earn') reconsider(model, now, 'reversal');
  if (type === 'transfer_in') reconsider(model, now, 'merge');
  pass(model, now);
  if (type !== 'earn' || transaction.order_id === null) return;
  for (const refund of model.parked.filter(({ order_id }) => order_id === transaction.order_id)) {
    model.parked = model.parked.filter((each) => each !== refund);
    decide(model, { ...refund, accepted_at: transaction.accepted_at });
  }
}

function answerTo(model: Model, transaction: PendingTransaction, now: number): Answer | 'parked' {
  switch (transaction.type) {
    case 'earn':
      return earn(model, transaction, now);
    case 'redeem':
    case 'hold':
      return redeemOrHold(model, transaction, now);
    case 'capture': {
      const mine = model.batches.filter(({ hold }) => hold === transaction.terms?.hold_id).sort(byEnd);
      const points = transaction.points ?? add(mine);
      if (!isOpen(model, transaction)) return no('hold-not-open', points);
      if (points > add(mine)) return no('exceeds-hold', points);
      model.active = now;
      return { points, taken: take(model, mine, points) };
    }
    case 'release': {
      if (!isOpen(model, transaction)) return no('hold-not-open', 0);
      return { points: endHold(model, transaction.terms?.hold_id as string) };
    }
    case 'adjust_credit': {
      const points = transaction.points as number;
      put(model, points, termsOf(versionAt(model, happened(transaction)), happened(transaction)));
      model.active = now;
      return { points };
    }
    case 'adjust_debit': {
      const points = transaction.points as number;
      return points > add(free(model)) ? no('insufficient-points', points) : { points, taken: takeFree(model, points) };
    }
    case 'transfer_in':
      return moveIn(model, transaction, now);
    default:
      return takeBack(model, transaction, now);
  }
}

const isOpen = (model: Model, { terms }: PendingTransaction) => model.holds.some(({ id }) => id === terms?.hold_id);

function endOfCapture(model: Model, { terms }: PendingTransaction, now: number): void {
  const id = terms?.hold_id as string;
  if (model.batches.every(({ hold }) => hold !== id)) endHold(model, id);
  else if (terms?.final !== false) releaseRest(model, id, now);
}

function redeemOrHold(model: Model, transaction: PendingTransaction, now: number): Answer {
  const points = transaction.points as number;
  if (model.status === 'suspended') return no('customer-suspended', points);
  if (points < versionAt(model, happened(transaction)).redeem.minimum_points) return no('below-minimum', points);
  if (points > add(free(model))) return no('insufficient-points', points);
  model.active = now;
  const taken = takeFree(model, points);
  if (transaction.type === 'redeem') return { points, taken };
  model.batches.push(...taken.map((batch) => ({ ...batch, hold: transaction.id })));
  model.holds.push({ id: transaction.id, ends: now + (transaction.terms?.expires_in_s ?? 900) * 1_000 });
  return { points, taken };
}

function earn(model: Model, transaction: PendingTransaction, now: number): Answer {
  const when = happened(transaction);
  const programme = versionAt(model, when);
  const { amount_minor, currency } = transaction;
  const points = transaction.points ?? earned(model, programme, transaction);
  if (model.status === 'suspended') return no('customer-suspended', points);
  if (currency !== null && !(currency in programme.earn.rates)) return no('currency-not-accepted', points);
  const terms = termsOf(programme, when);
  put(model, points, terms);
  model.active = now;
  if (amount_minor === null) return { points, terms };
  count(model, { spend: amount_minor, visits: 1, points }, when);
  return { points, terms, amount: amount_minor, visits: 1 };
}

/** Money × rate × tier × items × campaign, in 1/10¹² of a point, rounded, and then not more than the caps. */
function earned(model: Model, programme: Programme, transaction: PendingTransaction): number {
  const { earn: rules, tiers } = programme;
  const rate = rules.rates[transaction.currency as string];
  if (rate === undefined) return 0;
  const tierRule = tiers[rank(programme, model.tier)];
  const [amount, when] = [transaction.amount_minor as number, happened(transaction)];
  const items = transaction.terms?.items ?? [];
  const plain = amount - items.reduce((sum, item) => sum + item.amount_minor, 0);
  const weighted = items.reduce((sum, item) => sum + item.amount_minor * bpOf(programme, item), plain * 10_000);
  const running = rules.campaigns.filter(
    ({ from, to, tiers: only }) => ms(from) <= when && when < ms(to) && (only?.includes(model.tier) ?? true),
  );
  const campaign = Math.max(...running.map(({ multiplier_bp }) => multiplier_bp), running.length === 0 ? 10_000 : 0);
  const product = BigInt(weighted) * BigInt(rate.points * (tierRule?.multiplier_bp as number)) * BigInt(campaign);
  const divisor = BigInt(rate.per_minor) * 1_000_000_000_000n;
  const [whole, rest] = [product / divisor, product % divisor];
  const up = rules.rounding === 'up' ? rest > 0n : rules.rounding === 'nearest' && 2n * rest >= divisor;
  let points = Number(whole) + (up ? 1 : 0);
  if (rules.max_points_per_transaction !== null) points = Math.min(points, rules.max_points_per_transaction);
  if (rules.max_points_per_day === null) return points;
  const today = transaction.accepted_at.slice(0, 10);
  const before = model.deals.filter(
    (deal) =>
      deal.type === 'earn' &&
      deal.applied &&
      deal.transaction.accepted_at.startsWith(today) &&
      versionAt(model, happened(deal.transaction)).earn.max_points_per_day !== null,
  );
  return Math.min(points, Math.max(0, rules.max_points_per_day - add(before)));
}

function bpOf({ earn: { multipliers } }: Programme, item: PurchaseItem): number {
  const matching = multipliers.filter(
    (rule) => [null, item.category].includes(rule.category) && [null, item.product].includes(rule.product),
  );
  return matching.length === 0 ? 10_000 : Math.max(...matching.map((rule) => rule.multiplier_bp));
}

export function termsOf({ expiry }: Programme, when: number): Terms {
  const [year, month, day] = [
    new Date(when).getUTCFullYear(),
    new Date(when).getUTCMonth(),
    new Date(when).getUTCDate(),
  ];
  const dated = (ends: number): Terms => ({ ends, idle_days: null });
  if (expiry.policy === 'none') return { ends: null, idle_days: null };
  if (expiry.policy === 'inactivity') return { ends: null, idle_days: expiry.days };
  if (expiry.policy === 'rolling_days') return dated(Date.UTC(year, month, day + expiry.days + 1));
  if (expiry.policy === 'rolling_months') {
    const lastDay = new Date(Date.UTC(year, month + expiry.months + 1, 0)).getUTCDate();
    return dated(Date.UTC(year, month + expiry.months, Math.min(day, lastDay) + 1));
  }
  const late = month + expiry.after_months;
  if (expiry.policy === 'end_of_month') return dated(Date.UTC(year, late + 1, 1));
  const months = expiry.policy === 'end_of_quarter' ? 3 : 12;
  return dated(Date.UTC(year, (Math.floor(late / months) + 1) * months, 1));
}

function originalOf(model: Model, { terms, order_id }: PendingTransaction): Deal | undefined {
  if (terms?.reverses !== undefined) {
    return model.deals.find(({ transaction, type }) => transaction.id === terms.reverses && REVERSIBLE.includes(type));
  }
  const ofOrder = model.deals.filter(
    (deal) => deal.type === 'earn' && deal.applied && deal.transaction.order_id === order_id && order_id !== null,
  );
  return ofOrder.find(isLeft) ?? ofOrder[0];
}
const REVERSIBLE = ['earn', 'redeem', 'capture'];
const isLeft = (deal: Deal) =>
  deal.back.points < deal.points || deal.back.amount < (deal.transaction.amount_minor ?? 0);

function takeBack(model: Model, transaction: PendingTransaction, now: number): Answer | 'parked' {
  const deal = originalOf(model, transaction);
  if (deal === undefined) return transaction.terms?.reverses === undefined ? 'parked' : no('not-reversible', 0);
  const isEarn = deal.type === 'earn';
  if (!deal.applied || isEarn !== (transaction.type === 'reverse_earn')) return no('not-reversible', 0);
  if (![null, deal.transaction.currency].includes(transaction.currency)) return no('not-reversible', 0);
  if (!isLeft(deal)) return no('exceeds-original', 0);
  const total = deal.transaction.amount_minor ?? 0;
  const [pointsLeft, amountLeft] = [deal.points - deal.back.points, total - deal.back.amount];
  const byPoints = transaction.terms?.reverse_points;
  const amount = byPoints !== undefined ? 0 : (transaction.amount_minor ?? amountLeft);
  if (amount > amountLeft || (byPoints ?? 0) > pointsLeft) return no('exceeds-original', 0);
  let points = byPoints ?? pointsLeft;
  if (byPoints === undefined && amount < amountLeft) {
    points = Math.floor((deal.points * (deal.back.amount + amount)) / total) - deal.back.points;
    points = Math.min(pointsLeft, Math.max(0, points));
  }
  const visits = byPoints === undefined && amount === amountLeft && amount > 0 ? 1 : 0;
  const reversal = versionAt(model, happened(transaction)).reversal;
  if (!isEarn) return giveBack(model, { deal, points, grace_days: reversal.grace_days, now });
  deal.back = { points: deal.back.points + points, amount: deal.back.amount + amount };
  const taken = takeFree(model, points, deal.terms as Terms);
  const short = points - add(taken);
  if (reversal.shortfall === 'debt') model.debt += short;
  if (reversal.shortfall === 'negative') model.deficit += short;
  if (total > 0) count(model, { spend: -amount, visits: -visits, points: -points }, happened(deal.transaction));
  return { points: reversal.shortfall === 'negative' ? points : add(taken), amount: -amount, visits: -visits };
}

function giveBack(
  model: Model,
  { deal, points, grace_days, now }: { deal: Deal; points: number; grace_days: number; now: number },
): Answer {
  // One by one, from the last that was taken, past those that are back already.
  const each = deal.taken.flatMap(({ points: size, ends, idle_days }) =>
    Array.from({ length: size }, (): Terms => ({ ends, idle_days })),
  );
  for (const terms of each.reverse().slice(deal.back.points, deal.back.points + points)) {
    const isGone = gone(terms, model.active) <= now;
    put(model, 1, isGone && grace_days > 0 ? { ends: now + grace_days * DAY, idle_days: null } : terms);
  }
  deal.back.points += points;
  return { points };
}

function moveIn(model: Model, { points, amount_minor, visits, terms }: PendingTransaction, now: number): Answer {
  const moved = terms?.transfer;
  if (moved === undefined) throw new Error('a transfer of nothing');
  for (const lot of moved.lots) {
    put(model, lot.points, {
      ends: lot.expires_at === null ? null : ms(lot.expires_at),
      idle_days: lot.inactivity_days ?? null,
    });
  }
  for (const { month, spend_minor, visits: count_, points: counted } of moved.activity) {
    count(model, { spend: spend_minor, visits: count_, points: counted }, ms(`${month}-15`));
  }
  model.debt += moved.debt;
  model.active = now;
  const since = moved.member_since === null ? now : ms(moved.member_since);
  model.member_since = Math.min(model.member_since ?? since, since);
  const order: Tier[] = ['bronze', 'silver', 'gold', 'platinum', 'diamond'];
  if (order.indexOf(moved.tier_floor) > order.indexOf(model.floor)) model.floor = moved.tier_floor;
  return { points: points as number, amount: amount_minor ?? 0, visits: visits ?? 0 };
}
