// Refuses, at once, what is more than this process can have under way: whoever is let in is served in good time, whoever
// is not hears so within milliseconds, and memory stays bounded. A request weighs one, and one more for each 64 KiB of
// body. Work piles up here when the processor, the database or its connections are the narrow place: this one count
// sees all of them.

import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import { Problem } from '../problems.ts';

const BYTES_OF_ONE = 64 * 1_024;
/** What a body weighs whose length nobody tells: as much as the largest there is. */
const UNKNOWN = 16;

/** One for all, because an error notes where it was made, each time. */
const REFUSAL = new Problem('overloaded', 'There is more to do than can be done in good time.');

/** @param max the weight of all requests under way together */
export function admitSome(max: number): Middleware {
  let underWay = 0;
  return async (ctx, next) => {
    const weight = weightOf(ctx.req);
    if (underWay + weight > max) throw REFUSAL;
    underWay += weight;
    try {
      await next();
    } finally {
      underWay -= weight;
    }
  };
}

function weightOf({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return UNKNOWN;
  return 1 + Math.floor(Math.min(Number(headers['content-length'] ?? 0) / BYTES_OF_ONE, UNKNOWN));
}
