// One SQL round trip and a commit: a plain UPDATE of one row by its key, committed by itself, at the same distances as the
// requests that are compared with it.

import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { serve } from '../child.ts';
import { quantile } from '../rounds.ts';

const client = new pg.Client({ connectionString: process.env.DATABASE_URL as string });
await client.connect();

serve({
  update: async ({ count, customers, rate }: { count: number; customers: number; rate: number }) => {
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) {
      await pause(1_000 / rate);
      const began = performance.now();
      await client.query('update plain_accounts set balance = balance + 1 where customer = $1', [index % customers]);
      times.push(performance.now() - began);
    }
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  },
});
