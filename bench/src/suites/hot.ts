// hot: fifty tills post for the same customer at once, and everybody wants the same row; beside them the same load spread
// over many. Over HTTP until applied. A conflict is an answer other than 2xx, or an SQL transaction that was rolled back.

import { startLoader } from '../http.ts';
import { runRounds } from '../rounds.ts';
import { checkShop, openShop, type Shop, untilApplied, untilQuiet } from '../shop.ts';
import type { Suite } from '../suite.ts';

const TILLS = 50;

export const hot: Suite = {
  name: 'hot',
  about: 'one customer at 50 tills at once, beside the same load spread over many customers',
  needs: 'redis',
  run: async ({ services, sized, rounds, say }) => {
    const [count, waiting, customers] = [sized(2_000, 15_000), sized(300, 3_000), sized(2_000, 10_000)];
    const shop = await openShop(services, customers);
    const environment = { DATABASE_URL: shop.url, REDIS_URL: services.nextRedisUrl() };
    const api = await services.startApi(environment);
    await services.startWorker(environment);
    const loader = await startLoader(services);
    const conflicts: number[] = [];

    const post = async (lot: string, asked: { count: number; customers: number; wait?: boolean }) => {
      await untilQuiet(shop);
      const before = await rolledBack(shop);
      const began = performance.now();
      const answer = await loader.tryLoad({
        ...{ url: api.url, ids: shop.ids, connections: TILLS, events: { ...asked, lot } },
        ...(asked.wait && { headers: { prefer: 'wait=5' } }),
      });
      await untilApplied(shop);
      const took_ms = performance.now() - began;
      shop.posted += answer.accepted;
      conflicts.push(answer.refused + (await rolledBack(shop)) - before);
      return (asked.count / took_ms) * 1_000;
    };
    const turns = [
      { name: 'one customer, 50 tills', turn: (round: number) => post(`hot ${round}`, { count, customers: 1 }) },
      {
        ...{ name: 'one customer, 50 tills that wait', note: 'Prefer: wait' },
        turn: (round: number) => post(`waiting ${round}`, { count: waiting, customers: 1, wait: true }),
      },
      { name: 'spread over customers', turn: (round: number) => post(`spread ${round}`, { count, customers }) },
    ];
    const contenders = turns.map((turn) => ({ ...turn, unit: 'events/s', check: () => checkShop(shop, turn.name) }));
    const measurements = await runRounds(contenders, { rounds, say });
    const sum = conflicts.reduce((all, some) => all + some, 0);
    return [...measurements, { name: 'conflicts', unit: 'in all turns', values: [sum] }];
  },
};

/** SQL transactions of this database so far that were: deadlocks, serialization failures, whatever else. */
async function rolledBack({ db }: Shop): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select xact_rollback::int as count from pg_stat_database where datname = current_database()',
  );
  return rows[0]?.count as number;
}
