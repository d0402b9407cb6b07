// Where requests come from: a process of its own, on connections that are kept. Asked by http.ts for floods (as many as
// come through) and for a steady rate.

import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { serve } from './child.ts';
import { type Event, type EventsOf, makeEvents } from './events.ts';
import { quantile } from './rounds.ts';
import { bodyOf } from './shop.ts';

export interface Load {
  url: string;
  token: string;
  /** Of the customers that the events name. */
  ids: string[];
  events: EventsOf;
  connections: number;
  /** Events a request, to the batch endpoint; one a request to their own, if not given. */
  batch?: number;
  /** Requests a second, whether or not those before have been answered; as many as come through, if not given. */
  rate?: number;
  /** Sent with each. */
  headers?: Record<string, string>;
}

export interface LoadAnswer {
  /** From the first request to the last answer. */
  took_ms: number;
  /** How often each status was answered. */
  statuses: Record<string, number>;
  /** Events that were accepted. */
  accepted: number;
  /** Answers that were no success. Those of 503 were sent again, as a till does: with their keys that is harmless. */
  refused: number;
  /** The first of them. */
  refusal?: string;
  /** Of each request, from when it was due to its whole answer: a server that stalls can not hide who waits. */
  p50_ms: number;
  p99_ms: number;
}

/** So many are a fault and no mishap. */
const MOST_REFUSED = 1_000;

interface Request {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** Everything is written before the clock starts. */
function requestsOf({ ids, token, batch, events, headers = {} }: Load): Request[] {
  const common = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers };
  const all = makeEvents(events);
  const id = ({ customer }: Event) => ids[customer] as string;
  if (batch === undefined) {
    return all.map((event) => ({
      path: `/customers/${id(event)}/loyalty/${event.type}`,
      headers: { ...common, 'idempotency-key': event.key },
      body: JSON.stringify(bodyOf(event)),
    }));
  }
  return Array.from({ length: Math.ceil(all.length / batch) }, (_, index) => {
    const items = all.slice(index * batch, (index + 1) * batch).map((event) => ({
      ...{ type: event.type, customer_id: id(event), idempotency_key: event.key, ...bodyOf(event) },
    }));
    return { path: '/loyalty/transactions/batch', headers: common, body: JSON.stringify({ items }) };
  });
}

async function load(asked: Load): Promise<LoadAnswer> {
  const requests = requestsOf(asked);
  const pool = new Pool(asked.url, { connections: asked.connections, pipelining: 1 });
  const statuses: Record<string, number> = {};
  const times: number[] = [];
  let [accepted, refused] = [0, 0];
  let refusal: string | undefined;
  const send = async (request: Request, due: number): Promise<void> => {
    const { statusCode, body } = await pool.request({ ...request, method: 'POST' });
    const text = await body.text();
    statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
    if (statusCode >= 300) {
      refused += 1;
      refusal ??= text.slice(0, 500);
    }
    if (statusCode === 503 && refused < MOST_REFUSED) return send(request, due);
    times.push(performance.now() - due);
    if (statusCode === 207) accepted += Number(/^\{"accepted":(\d+)/.exec(text)?.[1]);
    else if (statusCode < 300) accepted += 1;
  };
  const began = performance.now();
  await (asked.rate === undefined ? flood(requests, { ...asked, send }) : steadily(requests, asked.rate, send));
  const took_ms = performance.now() - began;
  await pool.close();
  return {
    took_ms,
    statuses,
    accepted,
    refused,
    ...(refusal && { refusal }),
    p50_ms: quantile(times, 0.5),
    p99_ms: quantile(times, 0.99),
  };
}

type Send = (request: Request, due: number) => Promise<void>;

/** Each connection sends the next request as soon as it has an answer. */
async function flood(requests: Request[], { connections, send }: { connections: number; send: Send }): Promise<void> {
  const rest = requests.values();
  const till = async () => {
    for (const request of rest) await send(request, performance.now());
  };
  await Promise.all(Array.from({ length: connections }, till));
}

/** At even distances, each when it is due. */
async function steadily(requests: Request[], rate: number, send: Send): Promise<void> {
  const began = performance.now();
  const sent: Promise<void>[] = [];
  for (const [index, request] of requests.entries()) {
    const due = began + (index / rate) * 1_000;
    const early = due - performance.now();
    if (early > 1) await pause(early);
    sent.push(send(request, due));
  }
  await Promise.all(sent);
}

serve({ load });
