// The way every movement of points takes over HTTP: a row that is accepted, a ring, and the outcome for whoever waits for
// it. Knows no rule of any of them.

import { hash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  explain,
  type LoyaltyTransaction,
  type PurchaseItem,
  type TransactionTerms,
  type TransactionType,
} from '@customer-service/domain';
import { currentTraceparent } from '@customer-service/runtime';
import * as store from '@customer-service/store';
import type { Answer, ApiRequest, Principal, Services } from '../route.ts';
import { idempotencyKey, waitSeconds } from './headers.ts';

/** What the bodies of all movements have in common, as their schemas leave it: absent texts are null. */
export interface About {
  order_id: string | null;
  source: string | null;
  external_reference: string | null;
  description: string | null;
  occurred_at: string | null;
}

export const NOTHING_SAID: About = {
  ...{ order_id: null, source: null, external_reference: null, description: null, occurred_at: null },
};

export interface Movement {
  type: TransactionType;
  /** With the id in its path, if it has one: tells it apart from others with the same body. */
  operation: string;
  customer_id: string;
  idempotency_key: string;
  /** What was asked for, for the fingerprint. */
  body: object;
  about: About;
  points?: number | undefined;
  amount_minor?: number | undefined;
  currency?: string | undefined;
  terms?: TransactionTerms;
}

/** The row that a movement becomes, wherever it was posted: a key means the same alone and in a batch. */
export function newTransaction(movement: Movement, { role, sub }: Principal): store.NewTransaction {
  const { type, customer_id, idempotency_key, about } = movement;
  const { points = null, amount_minor = null, currency = null, terms = null } = movement;
  return {
    ...{ id: newId(), customer_id, idempotency_key, type, points, amount_minor, currency },
    ...{ fingerprint: fingerprint(movement), terms, accepted_from: `${role}:${sub}` },
    ...{ order_id: about.order_id, source: about.source, external_reference: about.external_reference },
    ...{ description: about.description, occurred_at: about.occurred_at },
    traceparent: currentTraceparent(),
  };
}

/**
 * A UUIDv7 (RFC 9562 §5.7) whose random part comes from Node's own store of random bytes: asking the system for sixteen
 * bytes each time takes ten times as long.
 */
function newId(): string {
  const ms = Date.now().toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${randomUUID().slice(15)}`;
}

/**
 * Equal for requests that mean the same, whatever the order of their fields and the way a moment is written. What is
 * not given is left out, so that a field added later changes nothing for the requests of before: keys never expire.
 */
function fingerprint({ operation, body }: Movement): Buffer {
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined);
  const meant = given.map(([name, value]) => [name, canonical(name, value)]);
  const text = JSON.stringify(meant.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  return hash('sha256', `${operation}\n${text}`, 'buffer');
}

function canonical(name: string, value: unknown): unknown {
  if (name === 'occurred_at') return new Date(value as string).toISOString();
  if (name !== 'items') return value;
  return (value as PurchaseItem[]).map((item) => [item.category, item.product, item.amount_minor]);
}

/** Who asks in the path and in the header, the same for every movement of one customer. */
export function addressOf(request: ApiRequest): Pick<Movement, 'customer_id' | 'idempotency_key'> {
  const idempotency_key = idempotencyKey(request.header('Idempotency-Key'));
  return { customer_id: request.params.customer_id as string, idempotency_key };
}

interface Manner {
  /** Seconds that a caller waits who does not say; a guest stands in front of those who do. */
  wait_s?: number;
  /** Where to ask for the outcome; the transaction, if not given. */
  location?: string;
}

/** 202 once the row is committed, or 200 with the outcome when the caller waits for it (`Prefer: wait=N`). */
export async function move(
  { movement, ...manner }: Manner & { movement: Movement },
  request: ApiRequest,
  services: Services,
): Promise<Answer> {
  const wait = waitSeconds(request.header('Prefer'), manner.wait_s);
  const accepted = await services.accept.add(newTransaction(movement, request.principal));
  const decided = wait > 0 ? await decideWithin(wait, accepted.transaction, services) : accepted.transaction;
  ringFor(decided, services);

  const { customer_id, id } = decided;
  const answeredNow = wait > 0 && decided.status !== 'pending';
  return {
    status: answeredNow ? 200 : 202,
    body: present(decided),
    headers: {
      Location: manner.location ?? `/customers/${customer_id}/loyalty/transactions/${id}`,
      ...(accepted.replayed && { 'Idempotent-Replayed': 'true' }),
      ...(answeredNow && { 'Preference-Applied': `wait=${wait}` }),
    },
  };
}

/** When it has been decided already, there is nothing left to ring for. */
export function ringFor({ status, type, id, customer_id }: LoyaltyTransaction, { doorbell }: Services): void {
  if (status === 'pending') doorbell.ring(type, { id, customer_id });
}

/** The line, and what it says in a sentence. */
export function present(transaction: LoyaltyTransaction): LoyaltyTransaction & { text: string } {
  return { ...transaction, text: explain(transaction) };
}

/**
 * Applies what waits for this customer, in order, this transaction included. Depends neither on the queue nor on the
 * backlog of others. A fault, or the end of the wait, leaves it pending for the worker.
 */
export async function decideWithin(
  seconds: number,
  transaction: LoyaltyTransaction,
  { apply, db, log }: Services,
): Promise<LoyaltyTransaction> {
  if (transaction.status !== 'pending') return transaction;
  const { customer_id, id } = transaction;
  const timer = new AbortController();
  const waiting = { customer_id, traceparent: currentTraceparent() };
  const applied = apply.add(waiting).catch((error) => log.warn({ error, id }, 'not applied at once'));
  const timeout = pause(seconds * 1_000, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([applied, timeout]);
  timer.abort();
  return (await store.readTransaction(db, customer_id, id).catch(() => undefined)) ?? transaction;
}
