// Corrections by hand: made at once up to what the role may do alone, and by two people above that.

import { adjustmentLimitOf, type LoyaltyTransaction } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { v7 as uuidv7 } from 'uuid';
import { actorOf } from '../actor.ts';
import { decodeCursor, encodeCursor, toPage } from '../paging.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import {
  addressOf,
  decideWithin,
  type Movement,
  move,
  NOTHING_SAID,
  newTransaction,
  present,
  ringFor,
} from './accept.ts';

/** How long an approval waits for the outcome of what it approved. */
const WAIT_S = 5;

interface AdjustmentBody {
  direction: 'credit' | 'debit';
  points: number;
  reason_code: string;
  note: string | null;
}

/** The same key again finds what became of the first request, whoever decided about it meanwhile. */
export async function create(request: ApiRequest<AdjustmentBody>, services: Services): Promise<Answer> {
  const { direction, points, reason_code, note } = request.body;
  const movement: Movement = {
    ...{ type: `adjust_${direction}`, operation: 'adjust', ...addressOf(request), body: request.body },
    ...{ about: { ...NOTHING_SAID, description: note }, points, terms: { reason_code } },
  };
  const asked = newTransaction(movement, request.principal);
  const earlier = await store.readRequest(services.db, asked);
  if (earlier !== undefined) return answerTo({ adjustment: earlier, replayed: true }, services);
  if (points > adjustmentLimitOf(request.principal.role)) {
    const requested = await store.requestAdjustment(services.db, { asked, actor: actorOf(request) });
    if (requested !== undefined) return answerTo(requested, services);
  }
  return move({ movement }, request, services);
}

async function answerTo(
  { adjustment, replayed }: { adjustment: store.Adjustment; replayed: boolean },
  { db }: Services,
): Promise<Answer> {
  const made = adjustment.transaction_id;
  const transaction = made === null ? undefined : await store.readTransaction(db, adjustment.customer_id, made);
  const path = transaction && `/customers/${transaction.customer_id}/loyalty/transactions/${transaction.id}`;
  const waits = transaction ? transaction.status === 'pending' : adjustment.status === 'awaiting_approval';
  return {
    status: waits ? 202 : 200,
    body: transaction ? present(transaction) : adjustment,
    headers: {
      Location: path ?? `/loyalty/adjustments/${adjustment.id}`,
      ...(replayed && { 'Idempotent-Replayed': 'true' }),
    },
  };
}

interface ListQuery {
  limit: number;
  cursor?: string;
  status?: string;
}

/** The newest first. */
export async function list(request: ApiRequest<unknown, ListQuery>, { db }: Services): Promise<Answer> {
  const { cursor, limit, status } = request.query;
  const kind = status === undefined ? 'adjustments' : `adjustments ${status}`;
  const before = cursor === undefined ? undefined : String(decodeCursor(kind, cursor, isId));
  const rows = await store.listAdjustments(db, {
    limit: limit + 1,
    ...(status && { status }),
    ...(before && { before }),
  });
  const page = toPage(rows, limit, { item: (row) => row, cursor: (row) => encodeCursor(kind, row.id) });
  return { status: 200, body: page };
}

const isId = (key: unknown) => typeof key === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);

export async function read(request: ApiRequest, { db }: Services): Promise<Answer> {
  return { status: 200, body: await store.readAdjustment(db, request.params.adjustment_id as string) };
}

export const approve = (request: ApiRequest, services: Services) => decide(true, request, services);
export const refuse = (request: ApiRequest, services: Services) => decide(false, request, services);

/** Approved, it is applied at once; when that takes too long the transaction is pending still. */
async function decide(approved: boolean, request: ApiRequest, services: Services): Promise<Answer> {
  const { adjustment, transaction } = await store.decideAdjustment(services.db, {
    ...{ id: request.params.adjustment_id as string, approve: approved, transaction_id: uuidv7() },
    actor: actorOf(request),
  });
  return { status: 200, body: { adjustment, transaction: transaction && (await settled(transaction, services)) } };
}

async function settled(transaction: LoyaltyTransaction, services: Services) {
  const decided = await decideWithin(WAIT_S, transaction, services);
  ringFor(decided, services);
  return present(decided);
}
