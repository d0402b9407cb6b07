// Holds over HTTP, the two phases of a redemption: points are set aside while the guest decides, then taken or given
// back. Somebody stands at the till, so all of them wait for the outcome unless told otherwise.

import { DomainError, HOLD_SECONDS, holdStatus } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { decodeCursor, encodeCursor, toPage } from '../paging.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { type About, addressOf, type Movement, move } from './accept.ts';

const WAIT_S = 5;

interface HoldBody extends About {
  points: number;
  expires_in?: number;
}

export async function create(request: ApiRequest<HoldBody>, services: Services): Promise<Answer> {
  const { body } = request;
  const movement: Movement = {
    ...{ type: 'hold', operation: 'hold', ...addressOf(request), body, about: body, points: body.points },
    terms: { expires_in_s: body.expires_in ?? HOLD_SECONDS },
  };
  return located(await move({ movement, wait_s: WAIT_S }, request, services));
}

/** A hold has the id of its transaction. */
function located(answer: Answer): Answer {
  const Location = answer.headers?.Location?.replace('/loyalty/transactions/', '/loyalty/holds/') as string;
  return { ...answer, headers: { ...answer.headers, Location } };
}

interface CaptureBody extends About {
  points?: number;
  final?: boolean;
}

export async function capture(request: ApiRequest<CaptureBody>, services: Services): Promise<Answer> {
  const { body } = request;
  const { points, final } = body;
  const address = addressOf(request);
  const { id: hold_id } = await requireHold(request, services);
  const terms = { hold_id, final: final ?? true };
  const operation = `capture ${hold_id}`;
  const movement: Movement = { type: 'capture', operation, ...address, body, about: body, points, terms };
  return move({ movement, wait_s: WAIT_S }, request, services);
}

export async function release(request: ApiRequest<About>, services: Services): Promise<Answer> {
  const { body } = request;
  const address = addressOf(request);
  const { id: hold_id } = await requireHold(request, services);
  const operation = `void ${hold_id}`;
  const movement: Movement = {
    ...{ type: 'release', operation, ...address, body, about: body, terms: { hold_id } },
  };
  return move({ movement, wait_s: WAIT_S }, request, services);
}

async function requireHold({ params }: ApiRequest, { db }: Services): Promise<store.HoldRow> {
  const { customer_id = '', hold_id = '' } = params;
  const [hold] = await store.readHolds(db, customer_id, [hold_id]);
  if (hold === undefined) throw new DomainError('hold-not-found', 'There is no such hold.');
  return hold;
}

export async function read(request: ApiRequest, services: Services): Promise<Answer> {
  return { status: 200, body: toHold(await requireHold(request, services)) };
}

interface ListQuery {
  limit: number;
  cursor?: string;
}

/** Those that are open, the newest first. */
export async function list(request: ApiRequest<unknown, ListQuery>, { db }: Services): Promise<Answer> {
  const customer_id = request.params.customer_id as string;
  const { limit, cursor } = request.query;
  const before = cursor === undefined ? undefined : String(decodeCursor('holds', cursor, isId));
  const account = await store.readBalance(db, customer_id);
  if (account === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
  const held = (account.state.holds ?? []).map(({ id }) => id).filter((id) => before === undefined || id < before);
  const holds = (await store.readHolds(db, customer_id, held)).map(toHold).filter(({ status }) => status === 'open');
  const sorted = holds.sort((a, b) => (a.id < b.id ? 1 : -1));
  const page = toPage(sorted, limit, { item: (hold) => hold, cursor: (hold) => encodeCursor('holds', hold.id) });
  return { status: 200, body: page };
}

const isId = (key: unknown) => typeof key === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);

function toHold(row: store.HoldRow) {
  const { as_of, released_at: _released_at, is_void: _is_void, ...hold } = row;
  const status = holdStatus(row, as_of);
  const points_left = status === 'open' ? hold.points - hold.points_captured : 0;
  return { ...hold, status, points_left };
}
