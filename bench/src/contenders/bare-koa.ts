// The least a Koa server can do with such a request: a route, the body read and parsed, an answer. No token, no check, no
// database.

import Router from '@koa/router';
import Koa from 'koa';
import { listenAnywhere, readBody } from './listen.ts';

const router = new Router();
for (const type of ['earn', 'redeem']) {
  router.post(`/customers/:customer_id/loyalty/${type}`, async (ctx) => {
    ctx.status = 202;
    ctx.body = { customer_id: ctx.params.customer_id, ...(await readBody(ctx.req)) };
  });
}
listenAnywhere(new Koa().use(router.routes()));
