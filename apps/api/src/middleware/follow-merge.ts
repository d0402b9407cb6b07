// A customer that was merged lives on under another id: whatever asked for it under the old one is sent there, with
// 308, so that a till with the old card goes on. Costs a query only where the answer would be 404.

import { DomainError } from '@customer-service/domain';
import { type Database, readMergedInto } from '@customer-service/store';
import type { Middleware } from 'koa';

/** For routes below /customers/:customer_id. */
export function followMerge(db: Database): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof DomainError) || !error.code.endsWith('-not-found')) throw error;
      const { customer_id } = ctx.params;
      const target = (await readMergedInto(db, [customer_id])).get(customer_id);
      if (target === undefined) throw error;
      const [, customers, , ...rest] = ctx.path.split('/');
      ctx.status = 308;
      ctx.body = '';
      ctx.set('Location', `/${[customers, target, ...rest].join('/')}${ctx.search}`);
    }
  };
}
