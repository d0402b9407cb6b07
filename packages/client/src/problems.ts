// What can go wrong, a class for each kind that a caller treats differently. A refusal is a problem document (RFC 9457);
// that points were not enough is none: it is the outcome `rejected` of a transaction.

import type { Problem } from './contract.ts';

/** One fault of a request: `pointer` names a field of the body, `parameter` a part of the query. */
export type ProblemField = NonNullable<Problem['errors']>[number];

/** What an answer said of itself. All of a problem document is here, even when a proxy answered without one. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The word to compare with. A newer service may know more of them than this client. */
  code: Problem['code'] | (string & {});
  errors: ProblemField[];
  /** Under which the service logged it. */
  request_id: string | null;
  /** How long the service asks to wait; null when it doesn't say. */
  retry_after_ms: number | null;
}

/** The service refused; see the subclasses. */
export class ProblemError extends Error implements ProblemDetails {
  override readonly name: string = 'ProblemError';
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemDetails['code'];
  readonly errors: ProblemField[];
  readonly request_id: string | null;
  readonly retry_after_ms: number | null;

  /** @param operation what was asked for, such as `GET /customers`: no id of anybody is in the message */
  constructor(operation: string, details: ProblemDetails) {
    const faults = details.errors.map((fault) => `; ${fault.pointer ?? fault.parameter ?? ''} ${fault.detail}`);
    super(`${operation} answered ${details.status} ${details.code}: ${details.detail}${faults.join('')}`);
    this.type = details.type;
    this.title = details.title;
    this.status = details.status;
    this.detail = details.detail;
    this.code = details.code;
    this.errors = details.errors;
    this.request_id = details.request_id;
    this.retry_after_ms = details.retry_after_ms;
  }
}

/** 401: the token is missing, over or not accepted. */
export class AuthenticationError extends ProblemError {
  override readonly name: string = 'AuthenticationError';
}

/** 403: the role does not permit this. */
export class PermissionError extends ProblemError {
  override readonly name: string = 'PermissionError';
}

/** 404: no such customer, transaction, hold … */
export class NotFoundError extends ProblemError {
  override readonly name: string = 'NotFoundError';
}

/** 409: it stands against what is there, such as a customer with the same email. */
export class ConflictError extends ProblemError {
  override readonly name: string = 'ConflictError';
}

/** 412: somebody else has changed it since it was read. */
export class ChangedMeanwhileError extends ProblemError {
  override readonly name: string = 'ChangedMeanwhileError';
}

/** 400 and 422: the request is wrong, and `errors` names each fault. The same again is refused again. */
export class ValidationError extends ProblemError {
  override readonly name: string = 'ValidationError';
}

/** 422: the key belongs to another movement, which stands as it was accepted. */
export class IdempotencyKeyReusedError extends ValidationError {
  override readonly name: string = 'IdempotencyKeyReusedError';
}

/** 429, and it went on for longer than the client is patient. Nothing was written. */
export class RateLimitedError extends ProblemError {
  override readonly name: string = 'RateLimitedError';
}

/** 408 and 5xx: the service could not, for longer than the client is patient. Call again with the same arguments later. */
export class UnavailableError extends ProblemError {
  override readonly name: string = 'UnavailableError';
}

/** No answer: the network, or a timeout. Whether it was done isn't known; call again with the same arguments. */
export class NoAnswerError extends Error {
  override readonly name: string = 'NoAnswerError';
}

const CLASSES: Record<number, typeof ProblemError> = {
  400: ValidationError,
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  408: UnavailableError,
  409: ConflictError,
  412: ChangedMeanwhileError,
  422: ValidationError,
  429: RateLimitedError,
};

/** The error for an answer that is not a success; `body` is whatever was in it. */
export function problemOf(operation: string, { status, headers }: Response, body: unknown): ProblemError {
  const said: Partial<Problem> = typeof body === 'object' && body !== null ? body : {};
  const { type = 'about:blank', title = `HTTP ${status}`, code = 'unknown', errors = [] } = said;
  const details: ProblemDetails = {
    ...{ type, title, status, code, errors },
    // A proxy in between answers in HTML; the beginning of its text is the best there is to show.
    detail: said.detail ?? (typeof body === 'string' && body !== '' ? body.slice(0, 200) : title),
    request_id: said.request_id ?? headers.get('x-request-id'),
    retry_after_ms: retryAfterMs(headers),
  };
  if (code === 'idempotency-key-reused') return new IdempotencyKeyReusedError(operation, details);
  const Class = CLASSES[status] ?? (status >= 500 ? UnavailableError : ProblemError);
  return new Class(operation, details);
}

/** RFC 9110: seconds or a date. */
function retryAfterMs(headers: Headers): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  const wait_ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait_ms) ? null : Math.max(0, wait_ms);
}
