// Loyalty over HTTP: accepts earn and redeem, reads the ledger. Accepting is a committed row; the ring comes after it.

import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  DomainError,
  type LoyaltyBalance,
  type LoyaltyTransaction,
  type Programme,
  programmeAt,
  tierProgress,
} from '@customer-service/domain';
import * as store from '@customer-service/store';
import { v7 as uuidv7 } from 'uuid';
import { decodeCursor, encodeCursor, toPage } from '../paging.ts';
import type { Answer, ApiRequest, Principal, Services } from '../route.ts';
import { idempotencyKey, waitSeconds } from './headers.ts';

/** What is posted; other movements are not a till's to make. */
export type PostedType = 'earn' | 'redeem';

/** The body of earn or redeem as its schema leaves it: absent texts are null. */
export interface Posted {
  points?: number;
  amount_minor?: number;
  currency?: string;
  order_id: string | null;
  source: string | null;
  external_reference: string | null;
  description: string | null;
  occurred_at: string | null;
}

export const earn = (request: ApiRequest<Posted>, services: Services) => post('earn', request, services);
export const redeem = (request: ApiRequest<Posted>, services: Services) => post('redeem', request, services);

/** 202 once the row is committed, or 200 with the outcome when the caller waits for it (`Prefer: wait=N`). */
async function post(type: PostedType, request: ApiRequest<Posted>, services: Services): Promise<Answer> {
  const wait = waitSeconds(request.header('Prefer'));
  const accepted = await services.accept.add(toTransaction(type, request));
  const decided = wait > 0 ? await decideWithin(wait, accepted.transaction, services) : accepted.transaction;
  // When the caller has its answer already, there is nothing left to ring for.
  if (decided.status === 'pending') services.doorbell.ring(type, { id: decided.id, customer_id: decided.customer_id });

  const answeredNow = wait > 0 && decided.status !== 'pending';
  return {
    status: answeredNow ? 200 : 202,
    body: decided,
    headers: {
      Location: `/customers/${decided.customer_id}/loyalty/transactions/${decided.id}`,
      ...(accepted.replayed && { 'Idempotent-Replayed': 'true' }),
      ...(answeredNow && { 'Preference-Applied': `wait=${wait}` }),
    },
  };
}

function toTransaction(type: PostedType, request: ApiRequest<Posted>): store.NewTransaction {
  const idempotency_key = idempotencyKey(request.header('Idempotency-Key'));
  const customer_id = request.params.customer_id as string;
  return newTransaction({ type, customer_id, idempotency_key, body: request.body }, request.principal);
}

/** The row that a posted event becomes, wherever it was posted: a key means the same alone and in a batch. */
export function newTransaction(
  event: { type: PostedType; customer_id: string; idempotency_key: string; body: Posted },
  { role, sub }: Principal,
): store.NewTransaction {
  const { body, ...addressed } = event;
  const { points = null, amount_minor = null, currency = null, ...about } = body;
  return {
    ...addressed,
    id: uuidv7(),
    fingerprint: fingerprint(event.type, body),
    points,
    amount_minor,
    currency,
    ...about,
    terms: null,
    accepted_from: `${role}:${sub}`,
  };
}

/**
 * Equal for requests that mean the same, whatever the order of their fields and the way a moment is written. What is
 * not given is left out, so that a field added later changes nothing for the requests of before: keys never expire.
 */
function fingerprint(type: PostedType, body: Posted): Buffer {
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined);
  const meant = given.map(([name, value]) => [name, name === 'occurred_at' ? new Date(value).toISOString() : value]);
  const canonical = JSON.stringify(meant.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  return createHash('sha256').update(`${type}\n${canonical}`).digest();
}

/**
 * Applies what waits for this customer, in order, this transaction included. Depends neither on the queue nor on the
 * backlog of others. A fault, or the end of the wait, leaves it pending for the worker.
 */
async function decideWithin(
  seconds: number,
  transaction: LoyaltyTransaction,
  { apply, db, log }: Services,
): Promise<LoyaltyTransaction> {
  if (transaction.status !== 'pending') return transaction;
  const { customer_id, id } = transaction;
  const timer = new AbortController();
  const applied = apply.add(customer_id).catch((error) => log.warn({ error, id }, 'not applied at once'));
  const timeout = pause(seconds * 1_000, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([applied, timeout]);
  timer.abort();
  return (await store.readTransaction(db, customer_id, id).catch(() => undefined)) ?? transaction;
}

/** The balance, what the tier still lacks, and when that was true. */
export async function balance(request: ApiRequest, { db }: Services): Promise<Answer> {
  const customer_id = request.params.customer_id as string;
  const account = await store.readBalance(db, customer_id);
  if (account === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
  const { pending, as_of, ...stored } = account;
  const [programmes, [preview]] = await Promise.all([
    store.readProgrammes(db),
    store.previewAccounts(db, [{ account: stored, pending, as_of }]),
  ]);
  return { status: 200, body: balanceOf(preview as store.Preview, programmeAt(programmes, as_of), as_of) };
}

function balanceOf({ account, ...points }: store.Preview, programme: Programme, as_of: string): LoyaltyBalance {
  return {
    points_balance: account.points_balance,
    points_available: points.points_available,
    points_held: account.points_held,
    points_pending: points.points_pending,
    points_debt: account.state.debt ?? 0,
    lifetime: {
      earned: account.lifetime_points_earned,
      redeemed: account.lifetime_points_redeemed,
      expired: account.lifetime_points_expired,
      adjusted: account.lifetime_points_adjusted,
      total_spent_minor: account.total_spent_minor,
      visits_count: account.visits_count,
    },
    tier: account.tier,
    tier_progress: tierProgress(programme, account, as_of),
    sequence: account.sequence,
    as_of,
  };
}

interface ListQuery {
  limit: number;
  cursor?: string;
  type?: string;
  status?: string;
}

export async function list(request: ApiRequest<unknown, ListQuery>, { db }: Services): Promise<Answer> {
  const customer_id = request.params.customer_id as string;
  const { cursor, limit, ...filter } = request.query;
  const before = cursor === undefined ? undefined : Number(decodeCursor('transactions', cursor, isPosition));
  const rows = await store.listTransactions(db, { ...filter, customer_id, before, limit: limit + 1 });
  if (rows.length === 0 && !(await store.isOpen(db, customer_id))) {
    throw new DomainError('customer-not-found', 'There is no such customer.');
  }
  const item = ({ position: _position, ...transaction }: (typeof rows)[number]) => transaction;
  const page = toPage(rows, limit, { item, cursor: (row) => encodeCursor('transactions', row.position) });
  return { status: 200, body: page };
}

function isPosition(key: unknown): boolean {
  return Number.isSafeInteger(key) && (key as number) > 0;
}

export async function read(request: ApiRequest, { db }: Services): Promise<Answer> {
  const { customer_id = '', transaction_id = '' } = request.params;
  const transaction = await store.readTransaction(db, customer_id, transaction_id);
  if (transaction === undefined) throw new DomainError('transaction-not-found', 'There is no such transaction.');
  return { status: 200, body: transaction };
}
