// What HTTP asks of every request before anybody looks at its path, and Node leaves to us.

import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import { Problem } from '../problems.ts';

export const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Node limits the bytes of the headers, but counts none for colons and line ends, and drops lines past the 2,000th. */
const MAX_HEADERS = 100;

export const keepHttpRules: Middleware = (ctx, next) => {
  const { httpVersion, rawHeaders } = ctx.req;
  // Node's parser lets 0.9 and 2.0 through as well.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw new Problem('bad-request', 'This is HTTP/1.1.');
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    throw new Problem('headers-too-large', `A request may have ${MAX_HEADERS} headers.`);
  }
  checkHost(ctx.req);
  if (!METHODS.has(ctx.method)) throw new Problem('method-not-implemented', 'Nothing here knows this method.');
  return next();
};

/** RFC 9112 §3.2: exactly one Host in HTTP/1.1. Its value is never used for anything. */
function checkHost({ httpVersion, rawHeaders }: IncomingMessage): void {
  const hosts = rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host',
  ).length;
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return;
  throw new Problem('bad-request', `A request has one Host header, this one has ${hosts}.`);
}
