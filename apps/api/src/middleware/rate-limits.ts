// Refuses who asks too often: each principal by its role, each customer whose points are moved, each address that keeps
// failing to authenticate. Answers that were counted say so in RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers-10).

import type { Log, RateLimitName, RateLimits } from '@customer-service/runtime';
import type { Context, Middleware } from 'koa';
import { PROBLEMS, Problem } from '../problems.ts';
import { networkOf } from './address.ts';
import { type Count, createLimiter, type Limiter, type SharedCounts } from './limiter.ts';

export interface RequestLimits {
  /** Counts the caller, whom `authenticate` has left in `ctx.state`. */
  principal: Middleware;
  /** Counts the customer of the path. */
  movements: Middleware;
  /** Stands before `authenticate` and counts its refusals. */
  failures: Middleware;
}

export function createRequestLimits(limits: RateLimits, options: { shared: SharedCounts; log: Log }): RequestLimits {
  const make = (limit: RateLimitName, name: string, sharing = options): Limiter | null =>
    limits[limit] && createLimiter(name, limits[limit], sharing);
  const byRole = Object.fromEntries(
    (['service', 'admin', 'customer', 'default'] as const).map((role) => [role, make(role, 'principal')]),
  );
  // Addresses are persons' data: they stay in this process.
  const failures = make('failures', 'failures', { ...options, shared: null });
  const movements = make('movements', 'movements');

  return {
    principal: async (ctx, next) => {
      const { sub, role } = ctx.state.principal;
      const limiter = Object.hasOwn(byRole, role) ? byRole[role] : byRole.default;
      if (limiter) await count(ctx, limiter, `${role}:${sub}`);
      await next();
    },
    movements: async (ctx, next) => {
      if (movements) await count(ctx, movements, ctx.params.customer_id);
      await next();
    },
    failures: async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        const network = failures && isUnauthenticated(error) ? networkOf(ctx.req.socket.remoteAddress) : null;
        if (failures && network !== null) await count(ctx, failures, network);
        throw error;
      }
    },
  };
}

const isUnauthenticated = (error: unknown) => error instanceof Problem && PROBLEMS[error.code].status === 401;

/** @throws Problem `rate-limited` */
async function count(ctx: Context, limiter: Limiter, key: string): Promise<void> {
  const counted = await limiter.take(key);
  describe(ctx, limiter, counted);
  if (counted.allowed) return;
  const { requests, window_s } = limiter.limit;
  throw new Problem('rate-limited', `More than ${requests} ${WHAT[limiter.name]} within ${window_s} s.`, {
    headers: { 'Retry-After': String(counted.reset_s) },
  });
}

const WHAT: Record<string, string> = {
  principal: 'requests with this subject and role',
  movements: 'movements of points of this customer',
  failures: 'requests without a valid token from this address',
};

/** Both are lists: a movement has an item of its principal and one of its customer. */
function describe(ctx: Context, { name, limit }: Limiter, { remaining, reset_s }: Count): void {
  ctx.append('RateLimit-Policy', `"${name}";q=${limit.requests};w=${limit.window_s}`);
  ctx.append('RateLimit', `"${name}";r=${remaining};t=${reset_s}`);
}
