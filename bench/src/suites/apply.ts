// apply: a backlog of accepted events, and how quickly it becomes ledger. Ours as it is deployed, the queue on Redis and in
// PostgreSQL; ours without any queue; and what others use, doing the plain work of plain-ledger.ts.

import { acceptLot, holdQueue } from '../backlog.ts';
import { startServing } from '../child.ts';
import { createPlainLedger, PLAIN_BOOKS } from '../contenders/plain-ledger.ts';
import type { Event, EventsOf } from '../events.ts';
import { checkBooks } from '../invariants.ts';
import { type Contender, runRounds } from '../rounds.ts';
import type { Services } from '../services.ts';
import { checkShop, openShop, type Shop, untilQuiet } from '../shop.ts';
import type { Bench, Suite } from '../suite.ts';

const UNIT = 'events/s';
/** Rows that one SQL transaction decides at the most (store/apply-pending.ts). */
const ROWS_A_CALL = 2_000;

/** The size of a turn. One job a SQL transaction is so slow that a part of it has to do. */
function sizes({ sized }: Bench) {
  return { count: sized(6_000, 40_000), naive: sized(1_000, 5_000), customers: sized(2_000, 10_000) };
}

export const apply: Suite = {
  name: 'apply',
  about: 'a backlog of accepted events → ledger, beside naive BullMQ, pg-boss, graphile-worker and no queue',
  needs: 'redis',
  run: async (bench) => {
    const { count, naive, customers } = sizes(bench);
    const shop = await openShop(bench.services, customers);
    const contenders = [
      await onRedis(bench, shop, { count, customers }),
      await onPostgres(bench, shop, { count, customers }),
      await withoutQueue(bench, shop, { count, customers }),
      await peer(bench, 'pg-boss', { size: { count, customers }, note: 'a job an event, 2,000 a transaction' }),
      await peer(bench, 'graphile-worker', { size: { count, customers }, note: 'a job an event, 2,000 a transaction' }),
      await peer(bench, 'naive BullMQ', {
        ...{
          file: 'bullmq',
          size: { count: naive, customers },
          note: 'a job and a transaction an event; order not kept',
        },
        ordered: false,
      }),
      await peer(bench, 'BullMQ no-op', {
        file: 'bullmq',
        size: { count, customers },
        note: 'a job an event, no ledger',
      }),
    ];
    return runRounds(contenders, bench);
  },
};

type Size = Omit<EventsOf, 'lot'>;

/** The worker as it is deployed. Those of both queues live side by side: idle, each asks for what is overdue now and then. */
async function onRedis({ services }: Bench, shop: Shop, size: Size): Promise<Contender> {
  const redis_url = services.nextRedisUrl();
  await services.startWorker({ DATABASE_URL: shop.url, REDIS_URL: redis_url });
  return deployed(services, shop, { name: 'ours, queue on Redis', redis_url, size });
}

async function onPostgres({ services }: Bench, shop: Shop, size: Size): Promise<Contender> {
  await services.startWorker({ DATABASE_URL: shop.url });
  return deployed(services, shop, { name: 'ours, queue on PostgreSQL', redis_url: null, size });
}

interface Deployed {
  name: string;
  redis_url: string | null;
  size: Size;
}

function deployed(services: Services, shop: Shop, { name, redis_url, size }: Deployed): Contender {
  const queue = holdQueue(services, shop, redis_url);
  return {
    ...{ name, unit: UNIT },
    turn: async (round) => {
      await untilQuiet(shop);
      return queue.drain({ ...size, lot: `${name} ${round}` });
    },
    check: () => checkShop(shop, name),
  };
}

async function withoutQueue({ services }: Bench, shop: Shop, size: Size): Promise<Contender> {
  const program = await startServing(services, 'contenders/no-queue.ts', { DATABASE_URL: shop.url });
  const name = 'ours, no queue';
  return {
    ...{ name, unit: UNIT, note: 'called directly: the limit' },
    turn: async (round) => {
      await untilQuiet(shop);
      const events = await acceptLot(shop, { ...size, lot: `${name} ${round}` });
      await shop.db.query('checkpoint');
      const took_ms = await program.ask<number>('apply', { calls: callsOf(events, shop) });
      return (size.count / took_ms) * 1_000;
    },
    check: () => checkShop(shop, name),
  };
}

/** Customers a call, as many as fill its SQL transaction. */
function callsOf(events: readonly Event[], shop: Shop): string[][] {
  const waiting = new Map<number, number>();
  for (const { customer } of events) waiting.set(customer, (waiting.get(customer) ?? 0) + 1);
  const calls: string[][] = [];
  let room = 0;
  for (const [customer, rows] of waiting) {
    if (rows >= room) {
      calls.push([]);
      room = ROWS_A_CALL;
    }
    calls.at(-1)?.push(shop.ids[customer] as string);
    room -= rows;
  }
  return calls;
}

interface PeerOptions {
  /** The program; its name, if not given. */
  file?: string;
  size: Size;
  note: string;
  ordered?: boolean;
}

/** Each has a database and a Redis database of its own on the same servers. */
async function peer({ services }: Bench, name: string, options: PeerOptions): Promise<Contender> {
  const { file = name, size, note, ordered = true } = options;
  const url = await services.createDatabase();
  const db = services.pool(url);
  await createPlainLedger(db, size.customers);
  const no_op = name === 'BullMQ no-op';
  const program = await startServing(services, `contenders/${file}.ts`, {
    ...{ DATABASE_URL: url, REDIS_URL: services.nextRedisUrl(), NO_OP: no_op ? '1' : '0' },
  });
  let posted = 0;
  return {
    ...{ name, unit: UNIT, note },
    turn: async (round) => {
      await program.ask('fill', { ...size, lot: `${name} ${round}` });
      posted += no_op ? 0 : size.count;
      await db.query('checkpoint');
      const took_ms = await program.ask<number>('work', size.count);
      return (size.count / took_ms) * 1_000;
    },
    check: () => checkBooks(db, name, { books: { ...PLAIN_BOOKS, ordered }, posted }),
  };
}
