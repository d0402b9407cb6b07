// memory: what API and worker hold while both are as busy as they can be, for ten minutes, and after. Single posts, batches
// and reads at once; whoever posts waits while the worker is far behind, so that the load lasts.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { type Event, makeEvents } from '../events.ts';
import { tokenFor } from '../http.ts';
import { checkBooks, OUR_BOOKS } from '../invariants.ts';
import { median } from '../rounds.ts';
import { bodyOf, openShop, type Shop, untilApplied } from '../shop.ts';
import type { Measurement, Suite } from '../suite.ts';

const SINGLES = 32;
const BATCHES = 2;
const READERS = 4;
const BATCH = 500;
/** Events accepted and not yet applied, beyond which nobody posts. */
const FAR_BEHIND = 20_000;

export const memory: Suite = {
  name: 'memory',
  about: 'RSS of API and worker at full load for ten minutes (--quick: 20 s), and after',
  needs: 'redis',
  run: async (bench) => {
    const { services, sized, say } = bench;
    const seconds = sized(20, 600);
    const shop = await openShop(services, sized(2_000, 20_000));
    const environment = { DATABASE_URL: shop.url, REDIS_URL: services.nextRedisUrl() };
    const api = await services.startApi(environment);
    const worker = await services.startWorker(environment);
    const load = startLoad(shop, api.url);
    const busy = await sample({ api: api.pid, worker: worker.pid }, seconds);
    await load.stop();
    await untilApplied(shop);
    const after = await sample({ api: api.pid, worker: worker.pid }, sized(3, 30));
    // Who posts for one customer at once from several places has asked for no order among these.
    await checkBooks(shop.db, 'memory', { books: { ...OUR_BOOKS, ordered: false }, posted: shop.posted });
    say(`${shop.posted} events accepted and applied in ${seconds} s, ${load.reads()} reads`);
    return (['api', 'worker'] as const).flatMap((app) => figuresOf(app, busy, after));
  },
};

type Apps = Record<'api' | 'worker', number>;

/** MB of each process, about once a second. */
async function sample(pids: Apps, seconds: number): Promise<Apps[]> {
  const samples: Apps[] = [];
  for (const until = performance.now() + seconds * 1_000; performance.now() < until; ) {
    const [api, worker] = await Promise.all([rssOf(pids.api), rssOf(pids.worker)]);
    samples.push({ api, worker });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return samples;
}

async function rssOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1_024;
}

function figuresOf(app: keyof Apps, busy: readonly Apps[], after: readonly Apps[]): Measurement[] {
  const third = (nth: number) =>
    busy.slice(Math.floor((busy.length * nth) / 3), Math.floor((busy.length * (nth + 1)) / 3));
  const middleOf = (samples: readonly Apps[]) => [median(samples.map((sampled) => sampled[app]))];
  const name = app === 'api' ? 'API' : app;
  return [
    { name, unit: 'MB', values: [Math.max(...busy.map((sampled) => sampled[app]))], note: 'the most it ever held' },
    { name: `${name}, in the middle`, unit: 'MB', values: middleOf(third(1)) },
    { name: `${name}, towards the end`, unit: 'MB', values: middleOf(third(2)) },
    { name: `${name}, after`, unit: 'MB', values: middleOf(after) },
  ];
}

function startLoad(shop: Shop, url: string): { reads(): number; stop(): Promise<void> } {
  const pool = new Pool(url, { connections: SINGLES + BATCHES + READERS });
  const headers = { authorization: `Bearer ${tokenFor('admin')}`, 'content-type': 'application/json' };
  let [over, reads, behind] = [false, 0, 0];

  // More than the machine can take is answered 503 now and then: sent again with the same keys, as a till would.
  const request = async (path: string, body?: object, more: object = {}) => {
    const how = { method: body ? 'POST' : 'GET', path, headers: { ...headers, ...more } } as const;
    for (;;) {
      const answer = await pool.request({ ...how, ...(body && { body: JSON.stringify(body) }) });
      const text = await answer.body.text();
      if (answer.statusCode === 503 || (answer.statusCode === 207 && JSON.parse(text).refused > 0)) continue;
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
      return;
    }
  };
  const repeat = async (act: (turn: number) => Promise<unknown>) => {
    for (let turn = 0; !over; turn += 1) {
      if (behind > FAR_BEHIND) await new Promise((resolve) => setTimeout(resolve, 50));
      else await act(turn);
    }
  };
  const eventsOf = (lot: string, count: number) => makeEvents({ count, customers: shop.ids.length, lot });
  const idOf = ({ customer }: Event) => shop.ids[customer] as string;

  const single = (who: number) =>
    repeat(async (turn) => {
      const [event] = eventsOf(`single ${who} ${turn}`, 1) as [Event];
      await request(`/customers/${idOf(event)}/loyalty/${event.type}`, bodyOf(event), { 'idempotency-key': event.key });
      shop.posted += 1;
    });
  const batch = (who: number) =>
    repeat(async (turn) => {
      const items = eventsOf(`batch ${who} ${turn}`, BATCH).map((event) => ({
        ...{ type: event.type, customer_id: idOf(event), idempotency_key: event.key, ...bodyOf(event) },
      }));
      await request('/loyalty/transactions/batch', { items });
      shop.posted += BATCH;
    });
  const reader = (who: number) =>
    repeat(async (turn) => {
      const id = shop.ids[(turn * 37 + who) % shop.ids.length];
      const paths = [
        `/customers/${id}`,
        `/customers/${id}/loyalty/transactions`,
        '/customers?limit=100',
        '/customers?search=lovelace',
      ];
      await request(paths[turn % paths.length] as string);
      reads += 1;
    });
  const look = async () => {
    while (!over) {
      const { rows } = await shop.db.query("select count(*)::int from loyalty_transactions where status = 'pending'");
      behind = rows[0].count;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const many = (count: number, act: (who: number) => Promise<void>) =>
    Array.from({ length: count }, (_, who) => act(who));
  const all = Promise.all([...many(SINGLES, single), ...many(BATCHES, batch), ...many(READERS, reader), look()]);
  // Told by `stop`.
  all.catch(() => {
    over = true;
  });
  return {
    reads: () => reads,
    stop: async () => {
      over = true;
      await all;
      await pool.close();
    },
  };
}
