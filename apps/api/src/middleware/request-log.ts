// Gives each request an id, which every answer carries, and writes one line when it is over; under load one for some of
// them, and for every fault. No body, no query, no person: the path as the route spells it.

import { randomUUID } from 'node:crypto';
import { createSampler, type Log } from '@customer-service/runtime';
import type { Middleware } from 'koa';
import type { AnsweredRequest } from '../ops-listener/metrics.ts';
import { METHODS } from './http-rules.ts';

const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

const LINES_PER_SECOND = 100;

interface Manner {
  /** Of the line of a request that was answered; `info` when not given. */
  level?: 'info' | 'debug';
  /** Counts it. */
  answered?(request: AnsweredRequest): void;
}

export function logRequests(log: Log, { level = 'info', answered }: Manner = {}): Middleware {
  const take = createSampler(LINES_PER_SECOND);
  return async (ctx, next) => {
    const given = ctx.get('X-Request-Id');
    ctx.state.request_id = REQUEST_ID.test(given) ? given : randomUUID();
    ctx.set('X-Request-Id', ctx.state.request_id);
    const started = performance.now();
    try {
      await next();
    } finally {
      const { request_id } = ctx.state;
      const { status } = ctx;
      const route = ctx._matchedRoute ?? 'none';
      const duration_ms = performance.now() - started;
      const method = METHODS.has(ctx.method) ? ctx.method : 'other';
      answered?.({ method, route, status, duration_ms });
      const left_out = log.isLevelEnabled(level) ? take() : undefined;
      if (left_out !== undefined || (status >= 500 && !ctx.state.is_overload)) {
        const line = { request_id, method, route, status, duration_ms: Math.round(duration_ms) };
        log[level](left_out ? { ...line, left_out } : line, 'request');
      }
    }
  };
}
