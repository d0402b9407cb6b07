// latency: how long after its acceptance a transaction is applied, when the service has nothing else to do and at 70 % of
// what it can take; and how long a till waits for the outcome. Beside it one UPDATE with its commit on the same PostgreSQL.
//
// From acceptance to application is read from the rows themselves: nobody who watches takes time from those who work.
// `accepted_at` and `applied_at` are both taken by the database's clock in the statement before a commit, so from stamp to
// stamp it is as long as from commit to commit: the ring, the queue, the lock, the decision, and one whole commit.

import { startServing } from '../child.ts';
import { createPlainLedger } from '../contenders/plain-ledger.ts';
import { startLoader } from '../http.ts';
import type { LoadAnswer } from '../load.ts';
import { type Contender, runRounds } from '../rounds.ts';
import { checkShop, openShop, type Shop, untilApplied, untilQuiet } from '../shop.ts';
import type { Suite } from '../suite.ts';

const CONNECTIONS = 128;
const LOAD = 0.7;

export const latency: Suite = {
  name: 'latency',
  about: 'accepted → applied when idle and at 70 %, and Prefer: wait, beside one UPDATE + COMMIT',
  needs: 'redis',
  run: async ({ services, quick, sized, rounds, say }) => {
    const customers = sized(2_000, 10_000);
    // Idle: far enough apart that each is over before the next one comes.
    const idle = { count: sized(100, 600), rate: 60 };
    const flood = sized(3_000, 15_000);
    const shop = await openShop(services, customers);
    await createPlainLedger(shop.db, customers);
    const environment = { DATABASE_URL: shop.url, REDIS_URL: services.nextRedisUrl() };
    const api = await services.startApi(environment);
    await services.startWorker(environment);
    const loader = await startLoader(services);
    const update = await startServing(services, 'contenders/update.ts', { DATABASE_URL: shop.url });

    const post = async (name: string, asked: { count: number; rate?: number; headers?: Record<string, string> }) => {
      await untilQuiet(shop);
      const after = await lastPosition(shop);
      const { count, rate, headers } = asked;
      const answer = await loader.load({
        ...{ url: api.url, ids: shop.ids, events: { count, customers, lot: name }, connections: CONNECTIONS },
        ...{ ...(rate && { rate }), ...(headers && { headers }) },
      });
      shop.posted += count;
      const began = performance.now();
      await untilApplied(shop);
      return { answer, after, total_ms: answer.took_ms + performance.now() - began };
    };
    const unit = 'ms';
    const turns: Omit<Contender, 'check'>[] = [
      {
        ...{ name: 'idle', unit, note: 'accepted → applied' },
        turn: async (round) => settled(shop, (await post(`idle ${round}`, idle)).after),
      },
      {
        ...{ name: 'at 70 %', unit, note: 'accepted → applied' },
        turn: async (round) => {
          const { total_ms } = await post(`capacity ${round}`, { count: flood });
          const rate = (LOAD * flood * 1_000) / total_ms;
          return settled(
            shop,
            (await post(`loaded ${round}`, { count: Math.round(rate * (quick ? 2 : 8)), rate })).after,
          );
        },
      },
      {
        ...{ name: 'Prefer: wait', unit, note: 'POST → outcome, over HTTP' },
        turn: async (round) => seen((await post(`wait ${round}`, { ...idle, headers: { prefer: 'wait=5' } })).answer),
      },
      {
        ...{ name: 'UPDATE + COMMIT', unit, note: 'one round trip' },
        turn: () => update.ask<Record<string, number>>('update', { ...idle, customers }),
      },
    ];
    const contenders = turns.map((turn) => ({ ...turn, check: () => checkShop(shop, turn.name) }));
    return runRounds(contenders, { rounds, say });
  },
};

async function lastPosition({ db }: Shop): Promise<number> {
  const { rows } = await db.query<{ last: string | null }>('select max(position) as last from loyalty_transactions');
  return Number(rows[0]?.last ?? 0);
}

/** Of what was accepted after that position. */
async function settled({ db }: Shop, after: number): Promise<{ p50: number; p99: number }> {
  const { rows } = await db.query<{ p50: number; p99: number }>(
    `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
       from (select extract(epoch from applied_at - accepted_at)::float8 * 1000 as ms
               from loyalty_transactions where position > $1) as took`,
    [after],
  );
  return rows[0] as { p50: number; p99: number };
}

const seen = ({ p50_ms, p99_ms }: LoadAnswer) => ({ p50: p50_ms, p99: p99_ms });
