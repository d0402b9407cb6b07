// Counts requests against a limit, by key. Every request is decided from this process' own memory and waits for
// nobody. With Redis, a key that is busy here is reported there a tenth of its limit at a time, in the background; when
// the sum of all processes passes the limit, Redis says so and the key is refused here until its window ends. So quiet
// keys cost no message, the limit is shared to within about a tenth a process, and without Redis, or while it is away,
// each process goes on by its own count. Knows no HTTP.

import { createHash } from 'node:crypto';
import type { Log, RateLimit } from '@customer-service/runtime';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** The parts of a limit that are reported at a time. */
const REPORTS = 10;

export interface Count {
  allowed: boolean;
  /** Requests left in this window, as far as this process knows. */
  remaining: number;
  /** Until the window ends, at least 1. */
  reset_s: number;
}

export interface Charge {
  /** How many requests it counts as. It is allowed while one is left, and may use up more than there are. */
  cost: number;
  /** How many have been counted, and allowed, of the same request before. */
  paid: number;
}

export interface Limiter {
  name: string;
  limit: RateLimit;
  take(key: string, charge: Charge): Promise<Count>;
}

/** A connection to Redis as packages/runtime opens it; null keeps the count in this process. */
export type SharedCounts = { client: unknown } | null;

/** @param name tells limiters apart in Redis, and is the policy's name in the headers of an answer */
export function createLimiter(
  name: string,
  limit: RateLimit,
  { shared, log }: { shared: SharedCounts; log: Log },
): Limiter {
  const options = { points: limit.requests, duration: limit.window_s };
  const local = new RateLimiterMemory(options);
  const report = shared && reporter({ name, options, shared, log });

  return {
    name,
    limit,
    take: async (key, { cost, paid }) => {
      const count = await local.consume(key, cost).catch(asCount);
      const used = { before: count.consumedPoints - cost, after: count.consumedPoints };
      report?.(key, used, (seconds) => void local.block(key, seconds));
      return {
        allowed: used.before - paid < limit.requests,
        remaining: count.remainingPoints,
        reset_s: Math.max(1, Math.ceil(count.msBeforeNext / 1_000)),
      };
    },
  };
}

/** A refusal comes as a rejection that says as much as a success. */
function asCount(refusal: unknown): RateLimiterRes {
  if (refusal instanceof RateLimiterRes) return refusal;
  throw refusal;
}

type Report = (key: string, used: { before: number; after: number }, block: (seconds: number) => void) => void;

interface Reporting {
  name: string;
  options: { points: number; duration: number };
  shared: NonNullable<SharedCounts>;
  log: Log;
}

/** Tells Redis whenever another part of the limit has been used here. Never waited for, and may fail. */
function reporter({ name, options, shared, log }: Reporting): Report {
  const part = Math.max(1, Math.floor(options.points / REPORTS));
  const everybody = new RateLimiterRedis({
    ...options,
    storeClient: shared.client,
    keyPrefix: `rate-limit:${name}`,
    rejectIfRedisNotReady: true,
  });
  return (key, { before, after }, block) => {
    const parts = Math.floor(after / part) - Math.floor(before / part);
    if (parts === 0 || before >= options.points) return;
    everybody.consume(hashed(key), parts * part).catch((refusal: unknown) => {
      if (refusal instanceof RateLimiterRes) block(refusal.msBeforeNext / 1_000);
      else log.debug({ error: refusal }, 'rate limits are not shared now');
    });
  };
}

/** A subject may be an e-mail address, and Redis is not a place for one. */
function hashed(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 22);
}
