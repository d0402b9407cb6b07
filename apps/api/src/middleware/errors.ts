// The one place where a failure becomes an answer. Never a stack, a statement or a secret in it.

import { DomainError } from '@customer-service/domain';
import type { Log } from '@customer-service/runtime';
import { isStorageFault, isValueFault } from '@customer-service/store';
import type { Middleware } from 'koa';
import { PROBLEMS, Problem, problemDocument } from '../problems.ts';

const RETRY_AFTER_S = '1';

export function writeProblems(log: Log): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { request_id } = ctx.state;
      const refusal = toRefusal(error);
      const { status } = PROBLEMS[refusal.code];
      if (status === 500) log.error({ request_id, code: refusal.code, error }, 'request failed');
      // Under overload a line a refusal would be one more load: the request's own has its status, for some of them.
      ctx.state.is_overload = refusal.code === 'overloaded';
      if (status === 503 && !ctx.state.is_overload)
        log.warn({ request_id, code: refusal.code, error }, 'request failed');
      ctx.status = status;
      ctx.body = problemDocument(refusal, { path: ctx.path, request_id });
      ctx.type = 'application/problem+json';
      if (refusal instanceof Problem) ctx.set(refusal.headers);
      if (status === 503) ctx.set('Retry-After', RETRY_AFTER_S);
    }
  };
}

function toRefusal(error: unknown): Problem | DomainError {
  if (error instanceof Problem || error instanceof DomainError) return error;
  if (isStorageFault(error)) return new Problem('storage-unavailable', 'The database can not answer now.');
  if (isValueFault(error)) return new DomainError('value-refused', 'The database refused a value of this request.');
  // What Koa and the router throw of themselves, such as for a path that can't be decoded.
  const { status } = error as { status?: number };
  if (status === 400) return new Problem('bad-request', 'The request can not be read.');
  return new Problem('internal', 'An unexpected error; it has been logged.');
}
