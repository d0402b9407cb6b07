// Structured logs, a JSON line an event. What could name a person, or open a door, never reaches them: fields of such
// names are redacted, and of an error only what can't quote a value is kept.

import { type Logger, pino } from 'pino';
import { currentTraceId, isTracing } from './trace.ts';

export type Log = Logger;

const REDACTED = ['authorization', 'cookie', 'password', 'token', 'email', 'phone', 'headers', 'body'];

export function createLog(name: string, level: string): Log {
  return pino({
    name,
    level,
    redact: [...REDACTED, ...REDACTED.map((field) => `*.${field}`)],
    serializers: { error: describeError, err: describeError },
    timestamp: pino.stdTimeFunctions.isoTime,
    ...(isTracing() && { mixin: traceOfLine }),
  });
}

function traceOfLine(): { trace_id?: string } {
  const trace_id = currentTraceId();
  return trace_id === undefined ? {} : { trace_id };
}

/** What a log, or the queue, may know of an error. An allow-list: libraries hang whole requests on their errors. */
export interface ErrorDescription {
  type: string;
  /** Of Node (ECONNREFUSED) or of PostgreSQL (a SQLSTATE). */
  code?: string;
  message?: string;
  /** Which rule of the database was broken, by its name in the schema. */
  constraint?: string;
  table?: string;
  stack?: string;
  cause?: ErrorDescription;
}

interface AnyError extends Error {
  code?: unknown;
  severity?: unknown;
  constraint?: string;
  table?: string;
  errors?: unknown[];
}

const MAX_CAUSES = 3;

export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error))
    return { type: typeof error, ...(typeof error === 'string' && { message: veil(error) }) };
  const { name, message, stack, code, severity, constraint, table, errors, cause = errors?.[0] } = error as AnyError;
  return {
    type: error.constructor.name === 'Error' ? name : error.constructor.name,
    ...(typeof code === 'string' && { code }),
    // PostgreSQL's own messages quote values, in more languages and ways than can be told apart.
    ...(severity === undefined ? { message: veil(message) } : { constraint, table }),
    ...(stack !== undefined && { stack: framesOf(stack) }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, depth + 1) }),
  };
}

/** Leaves out what is in quotes, from the first to the last, and what looks like an address or a URL with a user. */
function veil(message: string): string {
  const plain = message.replace(/["'`].*["'`]/s, '…').replace(/["'`].*/s, '…');
  return plain.replace(/\S*@\S*/g, '…').slice(0, 300);
}

/** The places only: the lines before them repeat the message. */
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^ +at (?:[^()]+ \()?[^()\s]+:\d+:\d+\)?$/.test(line))
    .join('\n');
}
