// The way most write it: verify the token with the secret as a string, INSERT, add a job, both awaited by each request.
// With WORKER=1 the same process applies too, a job and a SQL transaction an event.

import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import jwt from 'jsonwebtoken';
import Koa from 'koa';
import pg from 'pg';
import { listenAnywhere, readBody } from './listen.ts';
import { applyOne, type PlainEvent } from './plain-ledger.ts';

const { DATABASE_URL, REDIS_URL, JWT_SECRET, WORKER } = process.env as Record<string, string>;
const connection = () => new Redis(REDIS_URL as string, { maxRetriesPerRequest: null });
const pool = new pg.Pool({ connectionString: DATABASE_URL as string, max: 10 });
const queue = new Queue<PlainEvent>('naive', {
  connection: connection(),
  defaultJobOptions: { removeOnComplete: true },
});
await pool.query(`create table if not exists naive_events (id uuid primary key, accepted bigint generated always as identity,
  customer integer not null, key text not null unique, type text not null, points bigint, amount_minor bigint,
  accepted_at timestamptz not null default now())`);

const router = new Router();
for (const type of ['earn', 'redeem'] as const) {
  router.post(`/customers/:customer_id/loyalty/${type}`, async (ctx) => {
    jwt.verify(ctx.get('Authorization').slice('Bearer '.length), JWT_SECRET as string);
    const { points = null, amount_minor = null } = (await readBody(ctx.req)) as Partial<PlainEvent>;
    const event = {
      customer: Number(ctx.params.customer_id),
      key: ctx.get('Idempotency-Key'),
      type,
      points,
      amount_minor,
    };
    const { rows } = await pool.query<{ accepted: string }>(
      `insert into naive_events (id, customer, key, type, points, amount_minor) values ($1, $2, $3, $4, $5, $6)
       on conflict do nothing returning accepted`,
      [randomUUID(), event.customer, event.key, type, points, amount_minor],
    );
    const accepted = Number(rows[0]?.accepted);
    if (rows.length === 1) await queue.add(type, { ...event, accepted });
    ctx.status = 202;
    ctx.body = { ...event, accepted };
  });
}
let applied = 0;
let waiting: { count: number; resolve(): void } | undefined;
if (WORKER === '1') {
  const worker = new Worker<PlainEvent>('naive', ({ data }) => applyOne(pool, data), {
    ...{ connection: connection(), concurrency: 10 },
  });
  worker.on('error', (error) => console.error(error));
  worker.on('completed', () => {
    applied += 1;
    if (applied === waiting?.count) waiting.resolve();
  });
}
listenAnywhere(new Koa().use(router.routes()), {
  /** So that one turn's jobs are not the next one's work. */
  forget: () => queue.drain(),
  /** Once that many have been applied since the start. */
  drained: (count: number) =>
    new Promise<void>((resolve) => {
      waiting = { count, resolve };
      if (applied >= count) resolve();
    }),
});
