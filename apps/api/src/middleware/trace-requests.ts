// A span a request, which joins the caller's trace (W3C Trace Context). Only where traces are recorded at all.

import { inTrace } from '@customer-service/runtime';
import type { Middleware } from 'koa';
import { METHODS } from './http-rules.ts';

/** SpanStatusCode.ERROR of OpenTelemetry. */
const ERROR = 2;

export const traceRequests: Middleware = (ctx, next) => {
  const method = METHODS.has(ctx.method) ? ctx.method : 'other';
  return inTrace({ name: method, kind: 'server', parent: ctx.get('traceparent') || null }, async (span) => {
    await next();
    const { _matchedRoute: route, status } = ctx;
    if (route !== undefined) span.updateName(`${method} ${route}`);
    span.setAttributes({
      ...{ 'http.request.method': method, 'http.response.status_code': status },
      ...{ 'http.route': String(route ?? 'none'), request_id: ctx.state.request_id },
    });
    if (status >= 500) span.setStatus({ code: ERROR });
  });
};
