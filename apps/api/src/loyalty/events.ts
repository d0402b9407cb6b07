// What tills post, alone or in a batch: purchases, redemptions and refunds, and what a purchase or redemption would be.

import { DomainError, type Outcome, type PurchaseItem } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { type About, addressOf, type Movement, move, newTransaction } from './accept.ts';

/** What a batch may hold; `reverse` is a refund that knows its order alone. */
export type EventType = 'earn' | 'redeem' | 'reverse';

/** The body of any of them as its schema leaves it. */
export interface Posted extends About {
  points?: number;
  amount_minor?: number;
  currency?: string;
  items?: PurchaseItem[];
}

type Event = Omit<Movement, 'customer_id' | 'idempotency_key'>;

/** @throws Problem `validation-failed` for items that are more than the purchase */
export function eventOf(type: EventType, body: Posted): Event {
  const { points, amount_minor, currency, items } = body;
  if (type === 'reverse') return reversalOf('reverse', 'reverse_earn', body);
  const itemised = items?.reduce((sum, item) => sum + item.amount_minor, 0) ?? 0;
  if (itemised > (amount_minor ?? 0)) {
    const errors = [{ pointer: '/items', code: 'sum', detail: 'add up to more than amount_minor' }];
    throw new Problem('validation-failed', '1 field(s) break a rule.', { errors });
  }
  const asked = { type, operation: type, body, about: body, points, amount_minor, currency };
  return items === undefined ? asked : { ...asked, terms: { items } };
}

function reversalOf(
  operation: string,
  type: 'reverse_earn' | 'reverse_redeem',
  body: Posted,
  reverses?: string,
): Event {
  const { points, amount_minor, currency } = body;
  const terms = { ...(reverses && { reverses }), ...(points !== undefined && { reverse_points: points }) };
  return { type, operation, body, about: body, amount_minor, currency, terms };
}

type EventRequest = ApiRequest<Posted, { dry_run?: boolean }>;

export const earn = (request: EventRequest, services: Services) => post('earn', request, services);
export const redeem = (request: EventRequest, services: Services) => post('redeem', request, services);

/** A refund that knows the order alone, and may come before its purchase. */
export const refund = (request: EventRequest, services: Services) => post('reverse', request, services);

async function post(type: EventType, request: EventRequest, services: Services): Promise<Answer> {
  const event = eventOf(type, request.body);
  if (request.query.dry_run) return tryOut(event, request, services);
  return move({ movement: { ...event, ...addressOf(request) } }, request, services);
}

const REVERSALS: Record<string, 'reverse_earn' | 'reverse_redeem'> = {
  ...{ earn: 'reverse_earn', redeem: 'reverse_redeem', capture: 'reverse_redeem' },
};

/** Takes back one transaction, of this customer or of a record that was merged into it. */
export async function reverse(request: ApiRequest<Posted>, services: Services): Promise<Answer> {
  const { customer_id = '', transaction_id = '' } = request.params;
  const address = addressOf(request);
  const original = await store.readTransaction(services.db, customer_id, transaction_id);
  if (original === undefined) throw new DomainError('transaction-not-found', 'There is no such transaction.');
  const type = REVERSALS[original.type];
  if (type === undefined) throw new Problem('not-reversible', `A transaction of type ${original.type} stays.`);
  const event = reversalOf(`reverse ${transaction_id}`, type, request.body, transaction_id);
  return move({ movement: { ...event, ...address } }, request, services);
}

/** What it would become right now, after all that waits; writes nothing. */
async function tryOut(event: Event, request: ApiRequest, { db }: Services): Promise<Answer> {
  const customer_id = request.params.customer_id as string;
  const row = await store.readBalance(db, customer_id);
  if (row === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
  const { pending, as_of, ...account } = row;
  const { occurred_at, terms, ...asked } = newTransaction(
    { ...event, customer_id, idempotency_key: '' },
    request.principal,
  );
  const { before, after, outcomes } = await store.previewTransaction(
    db,
    { account, pending, as_of },
    {
      ...{ ...asked, type: event.type, visits: null, terms },
      occurred_at: occurred_at === null ? as_of : new Date(occurred_at).toISOString(),
    },
  );
  const line = ({ type, status, points, rejection_code, balance_after, explanation }: Outcome) => {
    return { type, status, points, rejection_code, balance_after, explanation };
  };
  const own = outcomes.find(({ id }) => id === asked.id) as Outcome;
  const body = {
    ...{ dry_run: true, ...line(own), balance_before: before.points_balance },
    ...{ tier_before: before.tier, tier_after: after.tier },
    lines: outcomes.filter((outcome) => outcome !== own).map(line),
    as_of,
  };
  return { status: 200, body: { ...body, points_after: after.points_balance } };
}
