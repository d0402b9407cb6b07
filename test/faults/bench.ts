// What the named tests of faults have in common: servers that all of them share, a rig for each group, and a till that
// sends one sale and looks closely at what becomes of it. Each test ends with the oracle.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoyaltyTransaction } from '@customer-service/domain';
import { expect } from 'chai';
import { tokenFor } from '../helpers/service.ts';
import { isRung } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import { createCustomers } from './rig/chaos.ts';
import { type History, isPromised, type Movement, newHistory, promised, type Sent } from './rig/history.ts';
import { judge } from './rig/oracle.ts';
import { type Rig, type RigOptions, type Servers, startRig, startServers } from './rig/rig.ts';
import type { Member } from './rig/supervisor.ts';
import { startTills } from './rig/tills.ts';

/** A bound holds on a busy machine with two processors; what is usual stands in docs/reliability.md. */
export const BOUND_MS = 15_000;

export interface Bench {
  rig: Rig;
  customers: string[];
  /** What was sent and promised since the last time the oracle was asked. */
  history: History;
  /** Customers with so many lines that the oracle, which is thorough, would take too long. */
  except: string[];
  /** Words of lines that the processes should log: customers whose account a test has spoilt, for one. */
  expected: string[];
}

let shared: Promise<Servers> | undefined;

/** To be called once by each file, outside of all groups: the servers end with its last test, or with that of all files. */
export function shareServers(): void {
  after(async function () {
    this.timeout(180_000);
    const servers = await shared;
    shared = undefined;
    await servers?.stop();
  });
}

/** Starts a rig before the tests of this group and stops it after them. */
export function useBench(options: Omit<RigOptions, 'seed'> = {}, count = 8): Bench {
  const bench = { history: newHistory(), except: [] as string[], expected: [] as string[] } as Bench;
  before(async function () {
    this.timeout(120_000);
    shared ??= startServers({ small_disk: true });
    bench.rig = await startRig(await shared, { seed: 1, ...options });
    bench.customers = await createCustomers(bench.rig, count);
  });
  after(async function () {
    this.timeout(180_000);
    await bench.rig?.stop();
  });
  return bench;
}

/** Everything that was promised is there, once, in order, and adds up. */
export async function keepsItsPromises(bench: Bench): Promise<void> {
  await bench.rig.heal();
  const verdict = await judge(bench.rig, bench.history, { except: bench.except });
  const { errors = [], ...broken } = verdict.broken;
  const others = errors.filter((line) => !bench.expected.some((word) => line.includes(word)));
  expect({ ...broken, ...(others.length > 0 && { errors: others }) }).to.deep.equal({});
  bench.history = newHistory();
}

export interface Sale {
  customer?: string;
  key?: string;
  movement?: Movement;
  headers?: Record<string, string>;
  /** To which of the processes; any, if not given. */
  api?: number;
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the contract says what it is, and the tests of the API check that
  body: any;
  ms: number;
}

export interface Receipt {
  sale: Required<Omit<Sale, 'api'>>;
  sent: Sent;
}

/** Notes a sale in the history, before it is sent. */
export function ring(bench: Bench, sale: Sale = {}): Receipt {
  const { customer = bench.rig.random.one(bench.customers), key = randomUUID(), headers = {} } = sale;
  const { movement = { type: 'earn', amount_minor: 1_234, currency: 'USD' } } = sale;
  const sent: Sent = {
    ...{ customer_id: customer, key, movement, sent_at: performance.now() },
    ...{ promised_at: null, ids: new Set<string>(), told: null },
  };
  bench.history.sent.push(sent);
  return { sale: { customer, key, movement, headers }, sent };
}

const TOKEN = tokenFor('service', 'bench');

/** One try. @throws TypeError as `fetch` does when there is no answer */
export async function attempt(bench: Bench, { sale, sent }: Receipt, api?: number): Promise<Answer> {
  const { type, ...body } = sale.movement;
  const answer = await ask(bench, `/customers/${sale.customer}/loyalty/${type}`, {
    ...{ method: 'POST', body, api },
    headers: { 'Idempotency-Key': sale.key, Prefer: 'wait=0', ...sale.headers },
  });
  if (answer.status === 200 || answer.status === 202) promised(bench.history, sent, answer.body);
  return answer;
}

export interface Question {
  method?: string;
  body?: object;
  headers?: Record<string, string>;
  api?: number | undefined;
}

export async function ask(bench: Bench, path: string, question: Question = {}): Promise<Answer> {
  const { urls, random } = bench.rig;
  const { method = 'GET', body, headers = {}, api = random.between(0, urls.length - 1) } = question;
  const began = performance.now();
  const response = await fetch(`${urls[api]}${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}`, ...(body && { 'Content-Type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const ms = performance.now() - began;
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text), ms };
}

/** Sends until it is promised, as a till does: nothing but a promise or a word to come again is a lawful answer. */
export async function insist(bench: Bench, receipt: Receipt, api?: number): Promise<Answer> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const answer = await attempt(bench, receipt, api).catch(() => undefined);
    if (answer !== undefined) {
      if (answer.status < 300) return answer;
      isRetryable(answer);
    }
    await pause(25);
  }
  throw new Error('no promise within a minute');
}

export function sell(bench: Bench, sale: Sale = {}): Promise<Answer> {
  return insist(bench, ring(bench, sale), sale.api);
}

export function sellMany(bench: Bench, count: number, sale: Sale = {}): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, () => sell(bench, sale)));
}

/** 503 with the time to come again. */
export function isRetryable({ status, headers, body }: Answer): void {
  expect({ status, code: body?.code }, JSON.stringify(body)).to.deep.include({ status: 503 });
  expect(body.code).to.be.oneOf(['storage-unavailable', 'outcome-unknown', 'overloaded']);
  expect(headers.get('retry-after')).to.match(/^[1-9]\d*$/);
}

/** The rows of these answers, or ids, once none is pending. */
export async function decided(bench: Bench, sales: readonly (Answer | string)[]): Promise<LoyaltyTransaction[]> {
  const ids = sales.map((sale) => (typeof sale === 'string' ? sale : sale.body.id));
  return until(
    async () => {
      const rows = await bench.rig.db<LoyaltyTransaction>('loyalty_transactions').whereIn('id', ids);
      return rows.length === ids.length && rows.every(({ status }) => status !== 'pending') && rows;
    },
    { what: 'the outcome of what was accepted', timeout_ms: BOUND_MS },
  );
}

/** Sells until a sale is applied because it was rung for. @returns how long that took, in ms */
export async function doorbellRings(bench: Bench, api?: number): Promise<number> {
  const began = performance.now();
  await until(
    async () => {
      const answer = await sell(bench, api === undefined ? {} : { api });
      const [row] = await decided(bench, [answer]);
      return row !== undefined && isRung(row);
    },
    { what: 'a transaction applied by its ring', timeout_ms: 45_000 },
  );
  return performance.now() - began;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/**
 * Figures for docs/reliability.md: printed, never asserted.
 * @param goals what a figure should be at the most
 */
export function measured(row: string, figures: Record<string, number>, goals: Record<string, number> = {}): void {
  if (!process.env.FIGURES) return;
  const texts = Object.entries(figures).map(([name, value]) => {
    const goal = goals[name];
    const verdict = goal === undefined ? '' : ` (goal ≤ ${goal}${value <= goal ? '' : ': SHORT'})`;
    return `${name} ${Math.round(value)}${verdict}`;
  });
  console.log(`      ${row}: ${texts.join(', ')}`);
}

/** Has ended by that signal or in good order, and been started again since. */
export async function restarted(member: Member, starts: number): Promise<void> {
  await until(() => member.starts() > starts && member.isReady(), {
    what: `${member.name} to be back`,
    timeout_ms: 60_000,
  });
}

let shops = 0;

/** Tills that post all the while, until `closed`, which adds what they remember to the history. */
export function openShop(bench: Bench, tills = 6): { promised(): number; closed(): Promise<void> } {
  const { rig, customers } = bench;
  const { history, stop } = startTills(rig, { tills, customers, shop: `shop-${++shops}-` });
  return {
    promised: () => history.sent.filter(isPromised).length,
    closed: async () => {
      await stop();
      bench.history.sent.push(...history.sent);
      bench.history.broken.push(...history.broken);
    },
  };
}
