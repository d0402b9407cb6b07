// Refuses who asks too often: each principal by its role, each customer whose points are moved, each address that keeps
// failing to authenticate. Answers that were counted say so in RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers-10).

import type { Log, RateLimitName, RateLimits } from '@customer-service/runtime';
import type { Context, Middleware } from 'koa';
import { PROBLEMS, Problem } from '../problems.ts';
import { networkOf } from './address.ts';
import { type Charge, type Count, createLimiter, type Limiter, type SharedCounts } from './limiter.ts';

export interface RequestLimits {
  /** Counts the caller, whom `authenticate` has left in `ctx.state`. */
  principal: Middleware;
  /** Counts the caller again for each further item of the list that `readJson` has left there. */
  items: Middleware;
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
  const countCaller = async (ctx: Context, charge: Charge) => {
    const { sub, role } = ctx.state.principal;
    const limiter = Object.hasOwn(byRole, role) ? byRole[role] : byRole.default;
    if (limiter) await count(ctx, limiter, { key: `${role}:${sub}`, ...charge });
  };

  return {
    principal: async (ctx, next) => {
      await countCaller(ctx, ONE);
      await next();
    },
    items: async (ctx, next) => {
      const { items } = ctx.state.body;
      if (Array.isArray(items) && items.length > 1) await countCaller(ctx, { cost: items.length - 1, paid: 1 });
      await next();
    },
    movements: async (ctx, next) => {
      if (movements) await count(ctx, movements, { key: ctx.params.customer_id, ...ONE });
      await next();
    },
    failures: async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        const network = failures && isUnauthenticated(error) ? networkOf(ctx.req.socket.remoteAddress) : null;
        if (failures && network !== null) await count(ctx, failures, { key: network, ...ONE });
        throw error;
      }
    },
  };
}

const ONE: Charge = { cost: 1, paid: 0 };

const isUnauthenticated = (error: unknown) => error instanceof Problem && PROBLEMS[error.code].status === 401;

/** @throws Problem `rate-limited` */
async function count(ctx: Context, limiter: Limiter, { key, ...charge }: Charge & { key: string }): Promise<void> {
  const counted = await limiter.take(key, charge);
  describe(ctx, limiter, counted);
  if (counted.allowed) return;
  const { requests, window_s } = limiter.limit;
  throw new Problem('rate-limited', `More than ${requests} ${WHAT[limiter.name]} within ${window_s} s.`, {
    headers: { 'Retry-After': String(counted.reset_s) },
  });
}

const WHAT: Record<string, string> = {
  principal: 'requests (or events in batches) with this subject and role',
  movements: 'movements of points of this customer',
  failures: 'requests without a valid token from this address',
};

/** Both are lists: a movement has an item of its principal and one of its customer. Counted again, the last one is it. */
function describe(ctx: Context, { name, limit }: Limiter, { remaining, reset_s }: Count): void {
  const write = name === 'movements' ? 'append' : 'set';
  ctx[write]('RateLimit-Policy', `"${name}";q=${limit.requests};w=${limit.window_s}`);
  ctx[write]('RateLimit', `"${name}";r=${remaining};t=${reset_s}`);
}
