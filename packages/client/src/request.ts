// One request, sent until it is answered: with its key, its timeout and its patience. Knows no operation by name, except
// those that may be sent twice.

import { keyed } from './contract.ts';
import { canonicalJson, type KeyStore, openKeys } from './keys.ts';
import type { Answer, AnswerOf, CallArguments, ChangeOptions, MovementOptions, OperationName } from './operations.ts';
import { NoAnswerError, ProblemError, problemOf, RateLimitedError, UnavailableError } from './problems.ts';

export interface ClientOptions {
  /** Where the service is, such as `https://loyalty.example.com`. */
  url: string;
  /** The JSON Web Token, or what gives one that is not over: asked for each attempt. */
  token: string | (() => string | Promise<string>);
  /** Where keys wait for their answers; without one, in memory, and a program that is killed forgets them. */
  store?: KeyStore;
  /** How often a request is sent at the most: 8 when not given, with pauses of about 11 s in all. */
  attempts?: number;
  /** How long an attempt may take: 30 s when not given. */
  timeout_ms?: number;
}

/** Sends `name` and gives the answer; a refusal is thrown, see problems. */
export type Request = <Name extends OperationName>(
  name: Name,
  ...call: CallArguments<Name>
) => Promise<Answer<AnswerOf<Name>>>;

/** A call, once its types don't matter. */
interface Loose extends MovementOptions, ChangeOptions {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
}

interface Prepared {
  name: OperationName;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
  signal: AbortSignal | undefined;
  repeatable: boolean;
}

/** `in_doubt`: an attempt may have been done although nothing said so. */
type Delivery = { answer: Answer<unknown> } | { error: unknown; in_doubt: boolean };

/** Longer than this nobody waits for a service that asks to. */
const LONGEST_PAUSE_MS = 60_000;
/** Refusals which say that nothing was written, so that any request may be sent again. */
const NOTHING_WRITTEN = new Set(['rate-limited', 'overloaded', 'keys-unavailable']);

export function createRequest(options: ClientOptions): Request {
  const keys = openKeys(options.store);
  const send = async (name: OperationName, call: Loose = {}): Promise<Answer<unknown>> => {
    const request = prepare(options.url, name, call);
    const needsKey = keyed.has(name) && call.query?.dry_run !== true;
    const movement = `${name}\n${request.url}\n${canonicalJson(call.body)}`;
    const key = needsKey && call.idempotency_key === undefined ? await keys.take(movement) : undefined;
    const idempotency_key = key?.value ?? call.idempotency_key;
    if (idempotency_key !== undefined) request.headers['idempotency-key'] = idempotency_key;

    const delivery = await deliver(request, options);
    if (key && ('answer' in delivery || !(delivery.in_doubt || key.used))) await keys.settle(movement, key);
    if ('error' in delivery) throw delivery.error;
    return delivery.answer;
  };
  return send as Request;
}

function prepare(base: string, name: OperationName, call: Loose): Prepared {
  const [, template = ''] = name.split(' ');
  const path = template.replace(/\{(\w+)\}/g, (_, part: string) => segment(part, call.path?.[part]));
  const url = new URL(base.replace(/\/+$/, '') + path);
  for (const [parameter, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(parameter, String(value));
  }
  const headers = {
    accept: 'application/json',
    ...(call.body !== undefined && { 'content-type': 'application/json' }),
    ...(call.wait !== undefined && { prefer: call.wait === 0 ? 'respond-async' : `wait=${call.wait}` }),
    ...(call.if_match !== undefined && { 'if-match': call.if_match }),
  };
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  return { name, url: url.href, headers, body, signal: call.signal, repeatable: call.repeatable ?? isRepeatable(name) };
}

/** @throws TypeError for what would lead to another path, such as no id or `..` */
function segment(name: string, value: string | undefined): string {
  if (value === undefined || /^\.{0,2}$/.test(value)) throw new TypeError(`${name} is not an id: ${value}`);
  return encodeURIComponent(value);
}

/** Whether it does the same when it comes twice. A batch has a key for each item; a programme is a new version each time. */
function isRepeatable(name: OperationName): boolean {
  if (name === 'POST /loyalty/transactions/batch') return true;
  return keyed.has(name) || (!name.startsWith('POST ') && name !== 'PUT /loyalty/programme');
}

async function deliver(request: Prepared, options: ClientOptions): Promise<Delivery> {
  const { signal, repeatable } = request;
  const attempts = options.attempts ?? 8;
  let in_doubt = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { answer: await sendOnce(request, options) };
    } catch (error) {
      in_doubt ||= mayBeDone(error);
      const worthIt = isPassing(error) && (repeatable || !mayBeDone(error));
      const pause_ms = pauseMs(attempt, error);
      if (signal?.aborted || !worthIt || attempt >= attempts || pause_ms > LONGEST_PAUSE_MS) return { error, in_doubt };
      await pause(pause_ms, signal);
    }
  }
}

async function sendOnce(request: Prepared, options: ClientOptions): Promise<Answer<unknown>> {
  const { name, url, headers, body, signal } = request;
  const token = typeof options.token === 'string' ? options.token : await options.token();
  const timeout = AbortSignal.timeout(options.timeout_ms ?? 30_000);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: name.slice(0, name.indexOf(' ')),
      headers: { ...headers, authorization: `Bearer ${token}` },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body !== undefined && { body }),
    });
    text = await response.text();
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new NoAnswerError(`${name} got no answer from ${options.url}: ${reasonOf(cause)}`, { cause });
  }
  const content = parse(text);
  if (!response.ok) throw problemOf(name, response, content);
  // A network that wants somebody to sign in answers 200 with a page of its own: the service has not heard of it.
  if (typeof content === 'string') throw new NoAnswerError(`${name} got an answer that is no JSON from ${options.url}`);
  return { status: response.status, headers: response.headers, body: content };
}

/** The value; a text when it is no JSON, as from a proxy in between. No answer of the service is a text. */
function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

/** Node says "fetch failed" and has the reason in the cause. */
function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return fault.cause instanceof Error ? fault.cause.message || fault.cause.name : fault.message;
}

/** Whether it may go well later as it is. */
function isPassing(error: unknown): boolean {
  return error instanceof NoAnswerError || error instanceof RateLimitedError || error instanceof UnavailableError;
}

/** Whether the service may have done what it was asked for, whatever it said. */
function mayBeDone(error: unknown): boolean {
  if (error instanceof ProblemError) return error instanceof UnavailableError && !NOTHING_WRITTEN.has(error.code);
  return true;
}

/**
 * As long as the service asks for, and then 0.1 s doubling up to 5 s, give or take half: many tills that were refused
 * together don't come back together.
 */
function pauseMs(attempt: number, error: unknown): number {
  const asked_ms = error instanceof ProblemError ? (error.retry_after_ms ?? 0) : 0;
  return asked_ms + Math.min(100 * 2 ** (attempt - 1), 5000) * (0.5 + Math.random());
}

/** Ends early, and well, when the caller gives up: the next attempt then throws the caller's reason. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
