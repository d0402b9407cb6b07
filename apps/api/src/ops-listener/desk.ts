// The pages for people who look after the service, at /ops: sign in, overview, queue, and the few things one can set
// right there. A page asks nobody but this listener for anything.

import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { QueueName, QueueView } from '@customer-service/runtime';
import { reconcile, releaseQuarantined } from '@customer-service/store';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import rawBody from 'raw-body';
import { validate } from 'uuid';
import { actorOf } from '../actor.ts';
import { Problem } from '../problems.ts';
import type { Services } from '../route.ts';
import { createBoard } from './board.ts';
import { RANGES, readOverview } from './overview.ts';
import { createSessions, mayOperate, operatorsOnly, sameOrigin } from './session.ts';

const PAGES = fileURLToPath(new URL('../../ops-pages/', import.meta.url));
const UPLOT = createRequire(import.meta.url)
  .resolve('uplot')
  .replace(/uPlot\.[\w.]+$/, '');
const FILES: Readonly<Record<string, readonly [path: string, type: string]>> = {
  'ops.css': [join(PAGES, 'ops.css'), 'text/css'],
  'login.js': [join(PAGES, 'login.js'), 'text/javascript'],
  'overview.js': [join(PAGES, 'overview.js'), 'text/javascript'],
  'charts.js': [join(PAGES, 'charts.js'), 'text/javascript'],
  'uplot.js': [join(UPLOT, 'uPlot.esm.js'), 'text/javascript'],
  'uplot.css': [join(UPLOT, 'uPlot.min.css'), 'text/css'],
};
const MAX_FORM_BYTES = 16 * 1024;
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

export function createDesk(services: Services, views: Record<QueueName, QueueView>): Middleware {
  const { db, config, log } = services;
  const sessions = createSessions(config, log);
  const router = new Router({ prefix: '/ops', sensitive: true });
  const boards = {
    operator: createBoard('/ops/queues', views, { actions: true }),
    viewer: createBoard('/ops/queues', views, { actions: false }),
  };
  let reconciling = false;

  const page =
    (file: string): Middleware =>
    (ctx) => {
      ctx.type = 'text/html; charset=utf-8';
      ctx.body = createReadStream(join(PAGES, file));
    };

  router.use(sameOrigin, async (ctx, next) => {
    ctx.set('Content-Security-Policy', PAGE_POLICY);
    ctx.set('X-Frame-Options', 'DENY');
    await next();
  });
  router.get('/assets/:file', (ctx) => {
    const { file = '' } = ctx.params;
    const found = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
    if (found === undefined) throw new Problem('not-found', 'There is no such file.');
    ctx.type = `${found[1]}; charset=utf-8`;
    ctx.body = createReadStream(found[0]);
  });
  router.get('/login', page('login.html'));
  router.post('/login', async (ctx) => {
    const form = await readForm(ctx);
    const given = (name: string) => form.get(name)?.trim() ?? '';
    await sessions.signIn(ctx, { token: given('token'), user: given('user'), password: given('password') });
    ctx.status = 204;
  });
  router.post('/logout', (ctx) => {
    sessions.signOut(ctx);
    ctx.status = 204;
  });

  router.use(sessions.required);
  router.get('/', page('overview.html'));
  router.get('/overview.json', async (ctx) => {
    const minutes = Number(ctx.query.minutes ?? 15);
    if (!Object.hasOwn(RANGES, minutes))
      throw new Problem('invalid-query', `minutes is one of ${Object.keys(RANGES)}.`);
    const overview = await readOverview(services, views.loyalty, minutes);
    ctx.body = { ...overview, reconciling, may_operate: mayOperate(ctx.state.principal) };
  });
  router.all('/queues{/*rest}', (ctx, next) => {
    const operates = mayOperate(ctx.state.principal);
    return operates || ctx.method === 'GET'
      ? boards[operates ? 'operator' : 'viewer'](ctx, next)
      : operatorsOnly(ctx, next);
  });

  router.post('/quarantine/:customer_id/release', operatorsOnly, async (ctx) => {
    const { customer_id = '' } = ctx.params;
    if (!validate(customer_id) || !(await releaseQuarantined(db, customer_id, actorOf(ctx.state as Actor))))
      throw new Problem('not-found', 'There is no such customer in quarantine.');
    ctx.status = 204;
  });
  router.post('/failed/:job_id/retry', operatorsOnly, async (ctx) => {
    const job = await views.loyalty.queue.getJob(ctx.params.job_id as string);
    if (job === undefined || !(await job.isFailed())) throw new Problem('not-found', 'There is no such failed job.');
    await job.retry();
    log.info({ ...(ctx.state.principal as object), job: job.id }, 'failed job retried');
    ctx.status = 204;
  });
  router.post('/reconcile', operatorsOnly, (ctx) => {
    if (!reconciling) {
      reconciling = true;
      reconcile(db, actorOf(ctx.state as Actor))
        .catch((error) => log.error({ error }, 'reconcile'))
        .finally(() => {
          reconciling = false;
        });
    }
    ctx.status = 202;
    ctx.body = { reconciling };
  });
  return router.routes() as Middleware;
}

type Actor = Parameters<typeof actorOf>[0];

async function readForm(ctx: Context): Promise<URLSearchParams> {
  if (!ctx.is('urlencoded')) throw new Problem('unsupported-media-type', 'This takes a form.');
  const text = await rawBody(ctx.req, { limit: MAX_FORM_BYTES, encoding: 'utf8' }).catch(() => {
    throw new Problem('bad-request', 'The form can not be read.');
  });
  return new URLSearchParams(text);
}
