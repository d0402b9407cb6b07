// Endpoints for webhooks over HTTP: made, changed, tried out, their secrets changed, what was sent to them and what is to
// be sent again. The sending itself is the worker's.

import type { DeliveryStatus } from '@customer-service/domain';
import { newWebhookSecret, webhookUrlFault } from '@customer-service/runtime';
import * as store from '@customer-service/store';
import { v7 as uuidv7 } from 'uuid';
import { actorOf } from '../actor.ts';
import { decodeCursor, encodeCursor, toPage } from '../paging.ts';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';

const isId = (key: unknown) => typeof key === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key);
const idOf = (request: Pick<ApiRequest, 'params'>) => request.params.endpoint_id as string;

interface NewEndpoint {
  url: string;
  description: string | null;
  types: string[];
}

/** The secret is in this answer, and in no other one after it. */
export async function create(request: ApiRequest<NewEndpoint>, { db, config }: Services): Promise<Answer> {
  checkUrl(request.body.url, config.webhooks_allow_private);
  const secret = newWebhookSecret();
  const wanted = { ...request.body, id: uuidv7(), secret, actor: actorOf(request) };
  const endpoint = await store.addEndpoint(db, wanted);
  return { status: 201, body: { ...endpoint, secret }, headers: { Location: `/webhook-endpoints/${endpoint.id}` } };
}

/** Its name is looked up when it is connected to: what it leads to may be another thing by then. */
function checkUrl(url: string, allow_private: boolean): void {
  const detail = webhookUrlFault(url, allow_private);
  if (detail === undefined) return;
  throw new Problem('validation-failed', 'Nothing may be sent there.', {
    errors: [{ pointer: '/url', code: 'url-refused', detail }],
  });
}

interface PageQuery {
  limit: number;
  cursor?: string;
}

export async function list(request: ApiRequest<unknown, PageQuery>, { db }: Services): Promise<Answer> {
  const { limit, cursor } = request.query;
  const before = cursor === undefined ? undefined : String(decodeCursor('endpoints', cursor, isId));
  const rows = await store.listEndpoints(db, { limit: limit + 1, before });
  const page = toPage(rows, limit, { item: (row) => row, cursor: (row) => encodeCursor('endpoints', row.id) });
  return { status: 200, body: page };
}

export async function read(request: ApiRequest, { db }: Services): Promise<Answer> {
  return { status: 200, body: await store.readEndpoint(db, idOf(request)) };
}

export async function change(request: ApiRequest<store.EndpointChange>, { db, config }: Services): Promise<Answer> {
  const { body } = request;
  if (body.url !== undefined) checkUrl(body.url, config.webhooks_allow_private);
  return {
    status: 200,
    body: await store.updateEndpoint(db, { id: idOf(request), change: body, actor: actorOf(request) }),
  };
}

export async function remove(request: ApiRequest, { db }: Services): Promise<Answer> {
  await store.deleteEndpoint(db, { id: idOf(request), actor: actorOf(request) });
  return { status: 204 };
}

export async function rotate(request: ApiRequest, { db }: Services): Promise<Answer> {
  const secret = newWebhookSecret();
  const rotated = await store.rotateSecret(db, { id: idOf(request), secret, actor: actorOf(request) });
  return { status: 200, body: { ...rotated, secret } };
}

/** Sends something now, whether the endpoint is enabled or not, and tells what came back. It is not kept. */
export async function test(request: ApiRequest, { db, sender }: Services): Promise<Answer> {
  const endpoint = await store.readEndpoint(db, idOf(request));
  const secrets = await store.readSecrets(db, endpoint.id);
  const id = uuidv7();
  const event = {
    ...{ id, type: 'webhook.test', timestamp: new Date().toISOString(), customer_id: null, sequence: null },
    data: { endpoint_id: endpoint.id },
  };
  const sent = await sender.send({ url: endpoint.url, id, body: JSON.stringify(event), secrets });
  const { status: last_status, error: last_error, duration_ms: last_duration_ms, text: answer } = sent;
  const delivered = last_status !== null && last_status >= 200 && last_status < 300;
  return { status: 200, body: { webhook_id: id, delivered, last_status, last_error, last_duration_ms, answer } };
}

interface DeliveryQuery extends PageQuery {
  status?: DeliveryStatus;
}

export async function deliveries(request: ApiRequest<unknown, DeliveryQuery>, { db }: Services): Promise<Answer> {
  const { limit, cursor, status } = request.query;
  const { id: endpoint_id } = await store.readEndpoint(db, idOf(request));
  const kind = `deliveries ${endpoint_id} ${status ?? ''}`;
  const before = cursor === undefined ? undefined : String(decodeCursor(kind, cursor, isId));
  const rows = await store.listDeliveries(db, { endpoint_id, status, limit: limit + 1, before });
  const page = toPage(rows, limit, { item: (row) => row, cursor: (row) => encodeCursor(kind, row.event_id) });
  return { status: 200, body: page };
}

/** A worker finds within a second or so what is to be sent. */
export async function replay(request: ApiRequest<store.Replay>, { db }: Services): Promise<Answer> {
  const { id } = await store.readEndpoint(db, idOf(request));
  return { status: 202, body: await store.replayDeliveries(db, id, request.body) };
}
