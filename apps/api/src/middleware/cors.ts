// Lets pages of the configured origins call this API from a browser (Fetch standard, "CORS protocol"). Without any, no
// answer has a CORS header. No credentials: the token is a header that the page sets itself, never a cookie.

import type { Middleware } from 'koa';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS = 'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-Id';
const ANSWER_HEADERS =
  'ETag, Idempotent-Replayed, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id';
const PREFLIGHT_AGE_S = '600';

/** Set before anything else is asked, so that a page can read a refusal too. A preflight needs no token. */
export function allowOrigins(origins: readonly string[]): Middleware {
  const allowed = new Set(origins);
  return async (ctx, next) => {
    if (allowed.size === 0) return next();
    ctx.vary('Origin');
    const origin = ctx.get('Origin');
    if (!allowed.has(origin)) return next();
    ctx.set('Access-Control-Allow-Origin', origin);
    const preflight = ctx.method === 'OPTIONS' && ctx.get('Access-Control-Request-Method') !== '';
    if (!preflight) {
      ctx.set('Access-Control-Expose-Headers', ANSWER_HEADERS);
      return next();
    }
    ctx.set('Access-Control-Allow-Methods', METHODS);
    ctx.set('Access-Control-Allow-Headers', REQUEST_HEADERS);
    ctx.set('Access-Control-Max-Age', PREFLIGHT_AGE_S);
    ctx.status = 204;
  };
}
