// A patient JSON client over fetch: it retries what is worth retrying and says clearly what is not.
// It must not know any of the service's URLs or fields, except how a problem (RFC 9457) looks.
// Every request it sends must be safe to send twice: a GET, or one that the service recognises when it comes again.

import { setTimeout as sleep } from 'node:timers/promises';

export interface ClientRequest {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  body?: object;
  idempotency_key?: string;
  /** The statuses the caller can handle; any other one stops with an error. */
  expect: number[];
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export type Client = <T>(request: ClientRequest) => Promise<Answer<T>>;

interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: { pointer?: string; code?: string; detail?: string }[];
}

const attempts = 10;
const answer_timeout_ms = 30_000;
const longest_wait_ms = 60_000;

/**
 * A client of one service. `T` is the caller's word for the answer's shape; it isn't checked. Network errors, 429 and
 * 503 are tried ten times in all, as `Retry-After` says or else with a growing pause. Throws an `Error` that names the
 * request and the problem's code and detail when the answer isn't an expected one.
 */
export function createClient(options: { url: string; token: string }): Client {
  const base = new URL(options.url).href.replace(/\/+$/, '');
  return async <T>(request: ClientRequest) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(base, options.token, request).catch((fault: unknown) => asFault(fault));
      if (answer instanceof Error) {
        if (attempt === attempts) throw new Error(noAnswer(request, base, answer), { cause: answer });
        await sleep(pauseMs(attempt));
        continue;
      }
      if (request.expect.includes(answer.status)) return answer as Answer<T>;
      if (!isBusy(answer.status) || attempt === attempts) throw new Error(unexpected(request, answer));
      const wait_ms = retryAfterMs(answer.headers) ?? pauseMs(attempt);
      if (wait_ms > longest_wait_ms) throw new Error(`${unexpected(request, answer)}; it asks to wait ${wait_ms} ms`);
      await sleep(wait_ms);
    }
  };
}

async function send(base: string, token: string, request: ClientRequest): Promise<Answer<unknown>> {
  const headers = new Headers({ authorization: `Bearer ${token}`, accept: 'application/json' });
  if (request.body !== undefined) headers.set('content-type', 'application/json');
  if (request.idempotency_key !== undefined) headers.set('idempotency-key', request.idempotency_key);
  const response = await fetch(`${base}${request.path}`, {
    method: request.method,
    headers,
    signal: AbortSignal.timeout(answer_timeout_ms),
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  return { status: response.status, headers: response.headers, body: parseBody(await response.text()) };
}

// A proxy in between answers in HTML; its text is then the best there is to show.
function parseBody(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

function isBusy(status: number): boolean {
  return status === 429 || status === 503;
}

/** RFC 9110: seconds or a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const wait_ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait_ms) ? undefined : Math.max(0, wait_ms);
}

// 0.1 s doubling up to 2 s, give or take half, so that many tills refused together don't come back together.
function pauseMs(attempt: number): number {
  return Math.min(100 * 2 ** (attempt - 1), 2000) * (0.5 + Math.random());
}

function asFault(fault: unknown): Error {
  return fault instanceof Error ? fault : new Error(String(fault));
}

function noAnswer(request: ClientRequest, base: string, fault: Error): string {
  const reason = fault.cause instanceof Error ? fault.cause.message || fault.cause.name : fault.message;
  return `${request.method} ${request.path} got no answer from ${base} in ${attempts} attempts: ${reason}`;
}

function unexpected(request: ClientRequest, answer: Answer<unknown>): string {
  const said = `${request.method} ${request.path} answered ${answer.status}`;
  const { body } = answer;
  if (typeof body !== 'object' || body === null) return `${said}: ${String(body).slice(0, 200)}`;
  const { code, title, detail, errors = [] } = body as Problem;
  const faults = errors.map((fault) => `; ${fault.pointer ?? ''} ${fault.detail ?? fault.code ?? ''}`);
  return `${said} ${code ?? 'without a code'}: ${detail ?? title ?? ''}${faults.join('')}`;
}
