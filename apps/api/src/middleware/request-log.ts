// Gives each request an id, which every answer carries, and writes one line when it is over. No body, no query, no
// person: the path as the route spells it.

import { randomUUID } from 'node:crypto';
import type { Log } from '@customer-service/runtime';
import type { Middleware } from 'koa';

const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

export function logRequests(log: Log): Middleware {
  return async (ctx, next) => {
    const given = ctx.get('X-Request-Id');
    ctx.state.request_id = REQUEST_ID.test(given) ? given : randomUUID();
    ctx.set('X-Request-Id', ctx.state.request_id);
    const started = performance.now();
    try {
      await next();
    } finally {
      const { request_id } = ctx.state;
      const route = ctx._matchedRoute ?? 'none';
      const duration_ms = Math.round(performance.now() - started);
      log.info({ request_id, method: ctx.method, route, status: ctx.status, duration_ms }, 'request');
    }
  };
}
