// The life of a request, read downwards: headers, id and log, errors, origins, then per route: admission, token, limits, permission,
// parts, handler.

import { isTracing } from '@customer-service/runtime';
import Router from '@koa/router';
import Koa from 'koa';
import compose from 'koa-compose';
import { isHeld } from './etags.ts';
import { admitSome } from './middleware/admission.ts';
import { createAuthenticator } from './middleware/authenticate.ts';
import { allowOrigins } from './middleware/cors.ts';
import { writeProblems } from './middleware/errors.ts';
import { followMerge } from './middleware/follow-merge.ts';
import { keepHttpRules } from './middleware/http-rules.ts';
import { readJson } from './middleware/json-body.ts';
import type { SharedCounts } from './middleware/limiter.ts';
import { permit } from './middleware/permit.ts';
import { createRequestLimits, type RequestLimits } from './middleware/rate-limits.ts';
import { logRequests } from './middleware/request-log.ts';
import { traceRequests } from './middleware/trace-requests.ts';
import { checkParts } from './middleware/validate.ts';
import { Problem } from './problems.ts';
import { type Answer, type ApiRequest, movesPoints, type Route, type Services } from './route.ts';
import { routes } from './routes.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** @param shared where processes share their counts of requests; null counts here alone */
export function createApp(services: Services, shared: SharedCounts = null): Koa {
  const app = new Koa();
  const router = new Router({ sensitive: true, strict: true });
  const authenticate = createAuthenticator(services.config.jwt, services.log);
  const admission = admitSome(services.config.max_in_flight);
  const limits = createRequestLimits(services.config.rate_limits, { shared, log: services.log });

  if (isTracing()) app.use(traceRequests);
  app.use(setSecurityHeaders);
  app.use(logRequests(services.log, services.metrics));
  app.use(writeProblems(services.log));
  app.use(keepHttpRules);
  app.use(allowOrigins(services.config.cors_origins));
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path);
    for (const route of methods) {
      const guards = guardsOf(route, { admission, authenticate, limits });
      const body = route.body === undefined ? [] : [readJson(route)];
      const items = route.max_items === undefined ? [] : [limits.items];
      const follow = path.includes(':customer_id') ? [followMerge(services.db)] : [];
      const steps = [...guards, ...body, ...items, checkParts(route), ...follow, answer(route, services)];
      // Put together once: the router would do it for each request.
      router[route.method](path, compose(steps));
    }
    // Before the next path, which may take this one for an id.
    router.all(path, otherMethods(methods));
  }
  app.use(router.routes());
  app.use(notFound);
  // Faults of a socket that has gone; everything else has been answered by writeProblems.
  app.on('error', (error) => services.log.debug({ error }, 'response'));
  return app;
}

const setSecurityHeaders: Koa.Middleware = (ctx, next) => {
  for (const name in SECURITY_HEADERS) ctx.res.setHeader(name, SECURITY_HEADERS[name] as string);
  return next();
};

interface Guards {
  admission: Koa.Middleware;
  authenticate: Koa.Middleware;
  limits: RequestLimits;
}

/** A customer's movements are counted after `permit`, so that nobody uses up what is not theirs. */
function guardsOf(route: Route, { admission, authenticate, limits }: Guards): Koa.Middleware[] {
  // Health among them, which a busy process must answer as well.
  if (route.permission === 'public') return [];
  const guards = [admission, limits.failures, authenticate, limits.principal, permit(route.permission)];
  return movesPoints(route) ? [...guards, limits.movements] : guards;
}

/** Calls the route's handler with what the guards and checks before it left in `ctx.state`. */
function answer(route: Route, services: Services): Koa.Middleware {
  return async (ctx) => {
    const request: ApiRequest = {
      principal: ctx.state.principal,
      request_id: ctx.state.request_id,
      path: ctx.path,
      params: ctx.params,
      query: ctx.state.query,
      body: ctx.state.body,
      header: (name) => ctx.get(name),
    };
    const { status, body, type, headers = {} }: Answer = await route.handler(request as never, services);
    ctx.status = status;
    ctx.set(headers);
    if (body !== undefined) ctx.body = body;
    if (type !== undefined) ctx.type = type;
    // Koa's own test heeds `Cache-Control: no-cache` too. Routes of GET answer HEAD as well.
    const held = headers.ETag !== undefined && isHeld(ctx.get('If-None-Match'), headers.ETag);
    if (held && route.method === 'get') ctx.status = 304;
  };
}

/** 405 with Allow for a known path with another method; OPTIONS is answered with Allow. */
function otherMethods(known: readonly Route[]): Koa.Middleware {
  const methods = known.flatMap(({ method }) => (method === 'get' ? ['HEAD', 'GET'] : [method.toUpperCase()]));
  const allow = [...methods, 'OPTIONS'].join(', ');
  return async (ctx) => {
    if (ctx.method !== 'OPTIONS') {
      throw new Problem('method-not-allowed', `${ctx.path} knows ${allow}.`, { headers: { Allow: allow } });
    }
    ctx.status = 204;
    ctx.set('Allow', allow);
  };
}

const notFound: Koa.Middleware = async (ctx) => {
  throw new Problem('not-found', `There is nothing at ${ctx.path}.`);
};
