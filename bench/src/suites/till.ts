// till: the whole way on the same cores: posted over HTTP, accepted, rung for, and applied. One event a request, and in
// batches; beside them, in the same rounds, the same worker with a backlog alone.

import { holdQueue } from '../backlog.ts';
import { startServing } from '../child.ts';
import { createPlainLedger, PLAIN_BOOKS } from '../contenders/plain-ledger.ts';
import { type Loader, startLoader } from '../http.ts';
import { checkBooks, OUR_BOOKS } from '../invariants.ts';
import { type Contender, runRounds } from '../rounds.ts';
import { SECRET } from '../services.ts';
import { openShop, untilApplied, untilQuiet } from '../shop.ts';
import type { Bench, Suite } from '../suite.ts';

const UNIT = 'events/s';
const CONNECTIONS = 128;
/** Tills that post batches at the same time. */
const BATCHERS = 4;
const BATCH = 1_000;

export const till: Suite = {
  name: 'till',
  about: 'over HTTP until applied, single posts and batches, everything on the same cores',
  needs: 'redis',
  run: async (bench) => {
    const { services, sized, rounds, say } = bench;
    const [count, batched, customers] = [sized(3_000, 20_000), sized(8_000, 40_000), sized(2_000, 10_000)];
    const shop = await openShop(services, customers);
    const environment = { DATABASE_URL: shop.url, REDIS_URL: services.nextRedisUrl() };
    const api = await services.startApi(environment);
    await services.startWorker(environment);
    const loader = await startLoader(services);
    const queue = holdQueue(services, shop, environment.REDIS_URL);
    const other = await naive(bench, customers, loader);

    const post = async (name: string, size: { count: number; connections: number; batch?: number; round: number }) => {
      const { connections, batch, round } = size;
      await untilQuiet(shop);
      await shop.db.query('checkpoint');
      const began = performance.now();
      const events = { count: size.count, customers, lot: `${name} ${round}` };
      const load = { url: api.url, ids: shop.ids, events, connections, ...(batch && { batch }) };
      await loader.load(load);
      await untilApplied(shop);
      shop.posted += size.count;
      return (size.count / (performance.now() - began)) * 1_000;
    };
    const turns: Omit<Contender, 'check'>[] = [
      { name: 'single posts', unit: UNIT, turn: (round) => post('single', { count, connections: CONNECTIONS, round }) },
      {
        ...{ name: 'batches of 1,000', unit: UNIT },
        turn: (round) => post('batch', { count: batched, connections: BATCHERS, batch: BATCH, round }),
      },
      {
        ...{ name: 'apply alone', unit: UNIT, note: 'the same worker with a backlog' },
        turn: async (round) => {
          await untilQuiet(shop);
          return queue.drain({ count: batched, customers, lot: `alone ${round}` });
        },
      },
    ];
    // Tills that post for one customer at once have asked for no order among these.
    const check = (name: string) =>
      checkBooks(shop.db, name, { books: { ...OUR_BOOKS, ordered: false }, posted: shop.posted });
    const contenders = turns.map((contender) => ({ ...contender, check: () => check(contender.name) }));
    return runRounds([...contenders, other], { rounds, say });
  },
};

/** API and worker in one process, a transaction an event. */
async function naive({ services, sized }: Bench, customers: number, loader: Loader) {
  const url = await services.createDatabase();
  const db = services.pool(url);
  await createPlainLedger(db, customers);
  const program = await startServing(services, 'contenders/naive-api.ts', {
    ...{ DATABASE_URL: url, REDIS_URL: services.nextRedisUrl(), JWT_SECRET: SECRET, WORKER: '1' },
  });
  const count = sized(1_000, 4_000);
  const ids = Array.from({ length: customers }, (_, place) => String(place));
  let posted = 0;
  const contender: Contender = {
    ...{ name: 'naive, single posts', unit: UNIT, note: 'order not kept' },
    turn: async (round) => {
      await db.query('checkpoint');
      const began = performance.now();
      const events = { count, customers, lot: `naive ${round}` };
      await loader.load({ url: program.url, ids, events, connections: CONNECTIONS });
      posted += count;
      await program.ask('drained', posted);
      return (count / (performance.now() - began)) * 1_000;
    },
    check: () => checkBooks(db, 'naive, single posts', { books: { ...PLAIN_BOOKS, ordered: false }, posted }),
  };
  return contender;
}
