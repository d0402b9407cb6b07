// Lets through whom the policy table permits. A customer asking about another one is told what a missing id is told.

import { DomainError, type Permission, scopeOf } from '@customer-service/domain';
import type { Middleware } from 'koa';
import { Problem } from '../problems.ts';

export function permit(permission: Permission): Middleware {
  return (ctx, next) => {
    const { sub, role } = ctx.state.principal;
    const scope = scopeOf(role, permission);
    if (scope === undefined) {
      throw new Problem('forbidden', `This needs the permission ${permission}.`, {
        headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${permission}"` },
      });
    }
    if (scope === 'own' && ctx.params.customer_id !== sub) {
      throw new DomainError('customer-not-found', 'There is no such customer.');
    }
    return next();
  };
}
