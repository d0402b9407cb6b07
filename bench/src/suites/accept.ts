// accept: single POSTs until they are answered. Ours with all it does (token, checks, idempotency, limits, log), beside a
// bare Koa and the naive way. What was accepted is applied by nobody here; till measures both.

import { startServing } from '../child.ts';
import type { EventsOf } from '../events.ts';
import { startLoader } from '../http.ts';
import { BrokenBooks } from '../invariants.ts';
import { type Contender, runRounds } from '../rounds.ts';
import { SECRET } from '../services.ts';
import { openShop } from '../shop.ts';
import type { Suite } from '../suite.ts';

const CONNECTIONS = 128;

export const accept: Suite = {
  name: 'accept',
  about: 'single POSTs with everything a request goes through, beside bare Koa and the naive way',
  needs: 'redis',
  run: async ({ services, sized, rounds, say }) => {
    const [count, naive, customers] = [sized(4_500, 30_000), sized(1_500, 8_000), sized(2_000, 10_000)];
    const shop = await openShop(services, customers);
    const api = await services.startApi({ DATABASE_URL: shop.url, REDIS_URL: services.nextRedisUrl() });
    const bare = await startServing(services, 'contenders/bare-koa.ts');
    const naive_url = await services.createDatabase();
    const careless = await startServing(services, 'contenders/naive-api.ts', {
      ...{ DATABASE_URL: naive_url, REDIS_URL: services.nextRedisUrl(), JWT_SECRET: SECRET },
    });
    const loader = await startLoader(services);
    const places = Array.from({ length: customers }, (_, place) => String(place));
    const flood = async (url: string, ids: string[], events: EventsOf) => {
      await shop.db.query('checkpoint');
      const { took_ms } = await loader.load({ url, ids, events, connections: CONNECTIONS });
      return (events.count / took_ms) * 1_000;
    };
    const unit = 'requests/s';
    const contenders: Contender[] = [
      {
        ...{ name: 'ours', unit, note: 'token, checks, idempotency, limits, log' },
        turn: (round) => {
          shop.posted += count;
          return flood(api.url, shop.ids, { count, customers, lot: `accept ${round}` });
        },
        // Nothing is decided here, so the books are what was promised: each request a row.
        check: async () => {
          const { rows } = await shop.db.query<{ rows: number }>(
            'select count(*)::int as rows from loyalty_transactions',
          );
          const found = rows[0]?.rows;
          if (found !== shop.posted)
            throw new BrokenBooks('ours', [`${shop.posted} were accepted and ${found} are there`]);
        },
      },
      {
        ...{ name: 'bare Koa', unit, note: 'router and JSON' },
        turn: (round) => flood(bare.url, places, { count, customers, lot: `bare ${round}` }),
      },
      {
        ...{ name: 'naive', unit, note: 'INSERT and add awaited by each request' },
        turn: async (round) => {
          const figure = await flood(careless.url, places, { count: naive, customers, lot: `naive ${round}` });
          await careless.ask('forget');
          return figure;
        },
      },
    ];
    return runRounds(contenders, { rounds, say });
  },
};
