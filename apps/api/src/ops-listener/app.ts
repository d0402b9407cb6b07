// What the API serves to those who run it, on a listener of its own that the public never reaches: metrics,
// probes, and the pages at /ops. Reads from the database and the queue alone, and nothing of the API's own routes.

import type { Log, Probes } from '@customer-service/runtime';
import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import { writeProblems } from '../middleware/errors.ts';
import { keepHttpRules } from '../middleware/http-rules.ts';
import { logRequests } from '../middleware/request-log.ts';
import { Problem } from '../problems.ts';
import { SECURITY_HEADERS } from '../security-headers.ts';

export function createOpsApp(probes: Probes, desk: Middleware, log: Log): Koa {
  const app = new Koa();
  const router = new Router({ sensitive: true, strict: true });
  for (const [path, probe] of Object.entries(probes)) {
    router.get(path, async (ctx) => {
      const { status, type, body } = await probe();
      Object.assign(ctx, { status, body, type });
    });
  }

  app.use(async (ctx, next) => {
    ctx.set(SECURITY_HEADERS);
    await next();
  });
  // Whoever watches asks every few seconds: nobody wants to read that.
  app.use(logRequests(log, { level: 'debug' }));
  app.use(writeProblems(log));
  app.use(keepHttpRules);
  app.use(router.routes());
  app.use(desk);
  app.use(async (ctx) => {
    throw new Problem('not-found', `There is nothing at ${ctx.path}.`);
  });
  app.on('error', (error) => log.debug({ error }, 'response'));
  return app;
}
