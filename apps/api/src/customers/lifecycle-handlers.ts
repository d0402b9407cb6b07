// The life of a customer's record over HTTP: erasure, export, merge, and the search for those who are here twice.

import { DomainError } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { v7 as uuidv7 } from 'uuid';
import { actorOf } from '../actor.ts';
import { present as presentLine } from '../loyalty/accept.ts';
import { decodeCursor, encodeCursor } from '../paging.ts';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { present, toCustomer, withoutStaff } from './handlers.ts';

export async function erase(request: ApiRequest<unknown, { reason?: string }>, { db }: Services): Promise<Answer> {
  const id = request.params.customer_id as string;
  await store.eraseCustomer(db, id, actorOf(request, request.query.reason));
  return { status: 204 };
}

interface MergeBody {
  from_customer_id: string;
  reason?: string;
}

export async function merge(request: ApiRequest<MergeBody>, { db }: Services): Promise<Answer> {
  const { from_customer_id, reason } = request.body;
  const target_id = request.params.customer_id as string;
  if (from_customer_id === target_id) {
    const errors = [{ pointer: '/from_customer_id', code: 'same-customer', detail: 'is the customer of the path' }];
    throw new Problem('validation-failed', 'A customer can not be merged into itself.', { errors });
  }
  const row = await store.mergeCustomers(db, {
    target_id,
    source_id: from_customer_id,
    transfer_ids: { out: uuidv7(), in: uuidv7() },
    actor: actorOf(request, reason),
  });
  return present(row, request.principal, db);
}

/**
 * Everything, to whoever may have it: what is hidden from a customer elsewhere is part of what is held on them. Only
 * who of the staff wrote it is not theirs to know.
 */
export async function exportAll(request: ApiRequest, { db }: Services): Promise<Answer> {
  const id = request.params.customer_id as string;
  const found = await store.exportCustomer(db, id);
  if (found === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
  const { customer, merged_customer_ids, transactions, adjustments, tier_changes, audit } = found;
  const { points_balance, points_held, total_spent_minor, visits_count, tier } = customer;
  const { lifetime_points_earned, lifetime_points_redeemed } = customer;
  const { lifetime_points_expired, lifetime_points_adjusted } = customer;
  const { role, sub } = request.principal;
  const body = {
    exported_at: new Date().toISOString(),
    customer: await toCustomer(customer, db),
    merged_customer_ids,
    loyalty_account: {
      ...{ points_balance, points_held, lifetime_points_earned, lifetime_points_redeemed, lifetime_points_expired },
      ...{ lifetime_points_adjusted, total_spent_minor, visits_count, tier },
    },
    transactions: transactions.map(presentLine),
    adjustments: adjustments.map((each) =>
      role === 'customer' ? { ...each, requested_by: null, decided_by: null } : each,
    ),
    tier_changes: tier_changes.map(({ id: _id, ...change }) => change),
    audit: audit.map((entry) =>
      role === 'customer' && entry.actor_sub !== sub ? { ...entry, actor_sub: null } : entry,
    ),
  };
  const visible = withoutStaff(body, request.principal);
  return {
    status: 200,
    body: visible,
    headers: { 'Content-Disposition': `attachment; filename="customer-${id}.json"` },
  };
}

interface DuplicatesQuery {
  limit: number;
  cursor?: string;
}

/** A page may be short, or empty, and have a next one: it looks at a limited number of records. */
export async function duplicates(request: ApiRequest<unknown, DuplicatesQuery>, { db }: Services): Promise<Answer> {
  const { limit, cursor } = request.query;
  const after = cursor === undefined ? undefined : toPair(String(decodeCursor('duplicates', cursor, isPair)));
  const { pairs, next } = await store.listDuplicates(db, { limit, after });
  const next_cursor = next === null ? null : encodeCursor('duplicates', `${next.newer_id}/${next.older_id}`);
  return { status: 200, body: { items: pairs, next_cursor } };
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const PAIR = new RegExp(`^${UUID}/${UUID}$`);

function isPair(key: unknown): boolean {
  return typeof key === 'string' && PAIR.test(key);
}

function toPair(key: string): store.PairKey {
  const [newer_id = '', older_id = ''] = key.split('/');
  return { newer_id, older_id };
}
