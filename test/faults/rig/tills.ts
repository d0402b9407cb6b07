// Tills as they should be written: each movement has a key of its own, kept before it is sent, and is sent again with it
// until there is an answer. Their choices come from the seed; what the network and the service do to them does not.

import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../helpers/random.ts';
import { tokenFor } from '../../helpers/service.ts';
import { type History, isPromised, type Movement, newHistory, promised, type Sent } from './history.ts';
import type { Rig } from './rig.ts';

export interface Tills {
  history: History;
  /** Each till ends with what it has begun. */
  stop(): Promise<void>;
}

export interface TillOptions {
  /** What the tills choose by; the rig's, if not given. */
  random?: Random;
  tills?: number;
  customers: string[];
  /** Of a till, between one guest and the next, at the most. */
  pause_ms?: number;
  /** How many of the posts wait for the outcome, from 0 to 1. */
  waiting?: number;
  /** Tells the keys of these tills from those of others that had the same rig. */
  shop?: string;
}

/** How long a till waits for an answer, and how long it goes on sending one movement. */
const ANSWER_MS = 6_000;
const GIVE_UP_MS = 90_000;

interface Till {
  rig: Rig;
  history: History;
  random: Random;
  customers: string[];
  name: string;
  token: string;
  waiting: number;
  count: number;
  /** Its own movements: what it may ask for again. */
  own: Sent[];
}

export function startTills(rig: Rig, options: TillOptions): Tills {
  const { tills = 16, customers, pause_ms = 20, waiting = 0.05, shop = '', random: chance = rig.random } = options;
  const history = newHistory();
  const ending = new AbortController();
  const loops = Array.from({ length: tills }, async (_, number) => {
    const name = `${shop}till-${number}`;
    const token = tokenFor('service', name);
    const random = chance.fork(name);
    const till: Till = { rig, history, customers, name, token, random, waiting, count: 0, own: [] };
    while (!ending.signal.aborted) {
      await serve(till);
      await pause(till.random.next() * pause_ms);
    }
  });
  return {
    history,
    stop: async () => {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

/** One guest: mostly a purchase, and now and then everything else a till does. */
async function serve(till: Till): Promise<void> {
  const choice = till.random.next();
  if (choice < 0.18) return postBatch(till);
  if (choice < 0.26) return sendAgain(till);
  if (choice < 0.3) return reuseKey(till);
  if (choice < 0.34) return lookBack(till);
  return post(till, aMovement(till.random), till.random.chance(till.waiting) ? { Prefer: 'wait=2' } : {});
}

function aMovement(random: Random): Movement {
  const choice = random.next();
  if (choice < 0.6) return { type: 'earn', amount_minor: random.between(1, 30_000), currency: 'USD' };
  if (choice < 0.65) return { type: 'earn', amount_minor: random.between(1, 30_000), currency: 'EUR' };
  if (choice < 0.75) return { type: 'earn', points: random.between(1, 50) };
  if (choice < 0.95) return { type: 'redeem', points: random.between(1, 400) };
  return { type: 'hold', points: random.between(1, 20) };
}

function note(till: Till, movement: Movement, customer = till.random.one(till.customers)): Sent {
  till.count += 1;
  const sent: Sent = {
    ...{ customer_id: customer, key: `${till.name}-${till.count}`, movement, sent_at: performance.now() },
    ...{ promised_at: null, ids: new Set<string>(), told: null },
  };
  till.history.sent.push(sent);
  till.own.push(sent);
  return sent;
}

async function post(till: Till, movement: Movement, headers: object = {}): Promise<void> {
  const sent = note(till, movement);
  await insist(till, requestOf(sent, headers), (answer) => {
    if (answer.status !== 202 && answer.status !== 200) return false;
    promised(till.history, sent, answer.body as never);
    return true;
  });
}

/** One bonus for one customer, until it is promised. */
export async function postEarn(rig: Rig, history: History, customer: string): Promise<void> {
  const random = rig.random.fork(customer);
  const token = tokenFor('service', 'rig');
  const till: Till = {
    rig,
    history,
    random,
    token,
    customers: [customer],
    waiting: 0,
    name: customer,
    count: 0,
    own: [],
  };
  till.count = history.sent.length;
  const sent = note(till, { type: 'earn', points: 7 });
  await insist(till, requestOf(sent), ({ status, body }) => {
    if (status !== 202) return false;
    promised(history, sent, body);
    return true;
  });
}

interface Request {
  method: string;
  path: string;
  body?: object;
  headers?: object;
}

interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the contract says what it is, and the tests of the API check that
  body: any;
}

function requestOf({ customer_id, key, movement: { type, ...rest } }: Sent, headers: object = {}): Request {
  const path = `/customers/${customer_id}/loyalty/${type === 'hold' ? 'holds' : type}`;
  const body = type === 'hold' ? { ...rest, expires_in: 3_600 } : rest;
  return { method: 'POST', path, body, headers: { 'Idempotency-Key': key, Prefer: 'wait=0', ...headers } };
}

async function postBatch(till: Till): Promise<void> {
  const movements = Array.from({ length: till.random.between(2, 25) }, () => aMovement(till.random));
  const sent = movements.filter(({ type }) => type !== 'hold').map((movement) => note(till, movement));
  const items = sent.map(({ customer_id, key, movement }) => ({ customer_id, idempotency_key: key, ...movement }));
  if (items.length === 0) return;
  const path = '/loyalty/transactions/batch';
  // An item may be told to come again while the others are in: the whole batch is sent again, and replays those.
  await insist(till, { method: 'POST', path, body: { items } }, ({ status, body }) => {
    if (status !== 207) return false;
    let refused = false;
    for (const { index, outcome, transaction, problem } of body.items) {
      if (outcome !== 'refused') promised(till.history, sent[index] as Sent, transaction);
      else if (![429, 500, 503].includes(problem.status)) {
        till.history.broken.push(`an item of a batch was refused: ${JSON.stringify(problem)}`);
        refused = true;
      }
    }
    till.history.replays += body.replayed;
    return refused || sent.every(isPromised);
  });
}

/** A receipt that was promised long ago: the same transaction, and nothing new. */
async function sendAgain(till: Till): Promise<void> {
  const done = till.own.filter(isPromised);
  if (done.length === 0) return;
  const sent = till.random.one(done);
  await insist(till, requestOf(sent), (answer) => {
    if (answer.status !== 202 && answer.status !== 200) return false;
    if (answer.headers.get('idempotent-replayed') !== 'true') {
      till.history.broken.push(`${sent.key} was promised before, and accepted as new`);
    }
    promised(till.history, sent, answer.body as never);
    return true;
  });
}

/** The same key for something else is refused, and touches nothing. */
async function reuseKey(till: Till): Promise<void> {
  const done = till.own.filter((sent) => isPromised(sent) && sent.movement.points !== undefined);
  if (done.length === 0) return;
  const sent = till.random.one(done);
  const other = { ...sent, movement: { ...sent.movement, points: (sent.movement.points as number) + 1 } };
  await insist(till, requestOf(other), ({ status, body }) => {
    if (status === 422 && body.code === 'idempotency-key-reused') return true;
    if (status < 300) till.history.broken.push(`${sent.key} was accepted for another request`);
    return status < 300;
  });
}

async function lookBack(till: Till): Promise<void> {
  const done = till.own.filter(isPromised);
  if (done.length === 0) return;
  const sent = till.random.one(done);
  const path = `/customers/${sent.customer_id}/loyalty/transactions/${[...sent.ids][0]}`;
  await insist(till, { method: 'GET', path }, ({ status, body }) => {
    if (status === 200) promised(till.history, sent, body);
    else if (status === 404) till.history.broken.push(`${sent.key} was promised, and is not there`);
    return status === 200 || status === 404;
  });
}

/** Sends until the answer is taken. Whatever is neither that nor a word to come again is noted as broken. */
async function insist(till: Till, request: Request, take: (answer: Answer) => boolean): Promise<void> {
  const until = performance.now() + GIVE_UP_MS;
  while (performance.now() < until) {
    const began = performance.now();
    const answer = await send(till, request).catch(() => undefined);
    if (answer !== undefined) {
      if (answer.headers.get('idempotent-replayed') === 'true') till.history.replays += 1;
      if (take(answer)) {
        if (till.random.chance(0.1)) till.history.latencies.push(performance.now() - began);
        return;
      }
      const told = `${request.method} ${request.path.replace(/[0-9a-f-]{36}/g, '…')}: ${answer.status} ${answer.body?.code}`;
      if (![207, 408, 429, 503].includes(answer.status)) till.history.broken.push(told);
      if (answer.status < 500 && ![207, 408, 429].includes(answer.status)) return;
    }
    await pause(20 + till.random.next() * 180);
  }
  till.history.broken.push(`${request.method} ${request.path} had no answer for ${GIVE_UP_MS} ms`);
}

async function send(till: Till, { method, path, body, headers }: Request): Promise<Answer> {
  till.history.requests += 1;
  const response = await fetch(`${till.random.one(till.rig.urls)}${path}`, {
    method,
    headers: { Authorization: `Bearer ${till.token}`, ...(body && { 'Content-Type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
