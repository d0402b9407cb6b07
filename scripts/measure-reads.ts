// `npm run measure:reads`: how reading changes from ten thousand customers to a million. Seeds two databases of a
// PostgreSQL of its own, starts the real API on each, and sends both the same requests in turn, so that whatever else
// the machine is doing meets both alike. Prints a table of 95th percentiles and their ratios.

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadApiConfig, prepareQueue } from '@customer-service/runtime';
import { openDatabase } from '@customer-service/store';
import { startPostgres } from './embedded-postgres.ts';
import { progressBar } from './replay.ts';
import { seedLarge } from './seed-large.ts';
import { createTokens } from './tokens.ts';

const { values } = parseArgs({
  options: {
    small: { type: 'string', default: '10000' },
    large: { type: 'string', default: '1000000' },
    requests: { type: 'string', default: '200' },
    /** Keeps the databases there, and uses them the next time. */
    data: { type: 'string' },
  },
});
const SIZES = [Number(values.small), Number(values.large)];
const REQUESTS = Number(values.requests);
const UNHURRIED = 20;

interface Shop {
  url: string;
  token: string;
  api: ChildProcess;
  /** Ids of customers here and there in the list. */
  ids: string[];
  /** Cursors near the end of the list, each of which begins a page. */
  deep: string[];
}

/** [what, goal, the path of the nth request]. The goal is the ratio large : small that is still good. */
type Measured = [string, number, (shop: Shop, turn: number) => string];

const pick = <Item>(items: readonly Item[], turn: number) => items[turn % items.length] as Item;
const search = (words: readonly string[]) => (_: Shop, turn: number) =>
  `/customers?search=${encodeURIComponent(pick(words, turn))}`;
const filter =
  (...queries: string[]) =>
  (_: Shop, turn: number) =>
    `/customers?${pick(queries, turn)}`;

const MEASURED: Measured[] = [
  ['list, first page', 1.5, () => '/customers'],
  ['list, page at 90 %', 1.5, ({ deep }, turn) => `/customers?cursor=${pick(deep, turn)}`],
  ...['created', 'name', '-name', 'points', '-points', '-spent', '-last_visit', 'last_visit'].map((sort): Measured => {
    return [`sort=${sort}`, 1.5, () => `/customers?sort=${sort}`];
  }),
  ['filter by status and tier', 1.5, filter('status=inactive', 'status=suspended&tier=silver', 'tier=gold')],
  [
    'filter by city, country, tag',
    1.5,
    filter('city=zürich', 'country=pl&tag=vip', 'city=Malaga&tag=wine', 'tag=press'),
  ],
  ['filter by diet, allergen, birthday', 1.5, filter('dietary_restriction=vegan', 'allergen=milk&birthday_month=2')],
  ['filter by points and spend', 1.5, filter('points_min=1000&points_max=1010', 'spent_min=500000', 'points_max=10')],
  ['filter by day', 1.5, filter('created_to=2024-06-01T00:00:00Z', 'last_visit_to=2024-06-01T00:00:00Z')],
  [
    'filters and sort together',
    1.5,
    filter('city=paris&sort=-points', 'tag=vip&sort=name', 'tier=gold&sort=-last_visit'),
  ],
  ['search, a name few have', 3, search(['Harmaberg', 'Kelrolund', 'Tersiski', 'Balbaberg', 'Osgehoff'])],
  ['search, a name many have', 3, search(['maria', 'Smith', 'muller', 'anna', 'James'])],
  ['search, first and last name', 3, search(['Maria Smith', 'zoe andersson', 'Brown John', 'soren kowalski'])],
  ['search, a beginning', 3, search(['har', 'Kow', 'ja', 'żu', 'm'])],
  ['search, a slip', 3, search(['Andersosn', 'Jhonson', 'Kowalsky', 'Schmitd', 'Elodei Dubois'])],
  ['search, a phone number', 3, search(['+44 7', '07104 594152', '+44 (0)7086 918944', '594152'])],
  ['search, part of an email', 3, search(['maria.smith1', 'gmail.com', 'anna.m', 'orange.fr', '.brown2'])],
  ['search, an external id', 3, search(['seed-4711', 'seed-9', 'SEED-1000'])],
  ['search, nothing found', 3, search(['xyzzyqq', 'Qwrtzp Jklmnb', '999999999999', 'nobody@nowhere.example'])],
  ['search and filters', 3, filter('search=maria&city=paris', 'search=smith&tier=gold', 'search=har&tag=vip')],
  ['customer by id', 1.5, ({ ids }, turn) => `/customers/${pick(ids, turn)}`],
  ['analytics summary', 2, () => '/customers/analytics/summary'],
  ['duplicates', 3, () => '/customers/duplicates'],
];

async function get(shop: Pick<Shop, 'url' | 'token'>, path: string): Promise<{ body: ListAnswer; took_ms: number }> {
  const began = performance.now();
  const answer = await fetch(`${shop.url}${path}`, { headers: { Authorization: `Bearer ${shop.token}` } });
  const body = (await answer.json()) as ListAnswer;
  const took_ms = performance.now() - began;
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(body)}`);
  return { body, took_ms };
}

interface ListAnswer {
  items: { id: string; created_at: string }[];
  next_cursor: string | null;
}

async function openShop(server_url: string, customers: number): Promise<Shop> {
  const url = new URL(server_url);
  url.pathname = `measure_${customers}`;
  const server = openDatabase({ url: server_url, pool_max: 1, application_name: 'measure', statement_timeout_ms: 0 });
  const known = await server.raw('select from pg_database where datname = ?', [url.pathname.slice(1)]);
  if (known.rows.length === 0) {
    await server.raw(`create database ${url.pathname.slice(1)}`);
    const bar = progressBar();
    const report = (done: number) => {
      bar.show({ phase: 'customers', done, total: customers });
      if (done === customers) bar.stop();
    };
    await seedLarge(url.href, { customers, report }).finally(bar.stop);
    await prepareQueue({ redis_url: null, direct_database_url: url.href });
  }
  await server.raw('checkpoint');
  await server.destroy();
  const environment = {
    PATH: process.env.PATH,
    ...{ DATABASE_URL: url.href, JWT_SECRET: randomBytes(32).toString('hex'), PORT: '0', RATE_LIMITS: 'off' },
    LOG_LEVEL: 'error',
  };
  const main = fileURLToPath(new URL('../apps/api/src/main.ts', import.meta.url));
  const api = fork(main, { env: environment });
  const ready = await new Promise<{ url: string }>((resolve, reject) => {
    api.once('message', (message) => resolve(message as { url: string }));
    api.once('exit', (code) => reject(new Error(`the API ended with code ${code}`)));
  });
  const shop = { url: ready.url, token: createTokens(loadApiConfig(environment).jwt).admin, api, ids: [], deep: [] };
  return { ...shop, ...(await placesIn(shop)) };
}

/** The customers are spread evenly over three years, so that the oldest tenth begins at a moment that is known. */
async function placesIn(shop: Shop): Promise<Pick<Shop, 'ids' | 'deep'>> {
  const oldest = (await get(shop, '/customers?sort=created&limit=1')).body.items[0]?.created_at as string;
  const age_ms = Date.now() - Date.parse(oldest);
  const ids: string[] = [];
  for (let part = 1; part < 10; part += 1) {
    const created_to = new Date(Date.parse(oldest) + (age_ms * part) / 10).toISOString();
    const { body } = await get(shop, `/customers?limit=10&created_to=${created_to}`);
    ids.push(...body.items.map(({ id }) => id));
  }
  const deep = await deepCursors(shop, new Date(Date.parse(oldest) + age_ms / 10).toISOString());
  return { ids, deep };
}

/** A cursor of the plain list says where a page ended; one of a filtered list is of another list, so it is made from there. */
async function deepCursors(shop: Shop, created_to: string): Promise<string[]> {
  const plain = (await get(shop, '/customers?limit=1')).body.next_cursor as string;
  const [kind] = JSON.parse(Buffer.from(plain, 'base64url').toString());
  const cursors: string[] = [];
  let next = '';
  for (let page = 0; page < 10; page += 1) {
    const { body } = await get(shop, `/customers?created_to=${created_to}&limit=1${next && `&cursor=${next}`}`);
    next = body.next_cursor as string;
    const [, place] = JSON.parse(Buffer.from(next, 'base64url').toString());
    cursors.push(Buffer.from(JSON.stringify([kind, place])).toString('base64url'));
  }
  return cursors;
}

function p95(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] as number;
}

async function measure(shops: [Shop, Shop], [what, goal, path]: Measured): Promise<void> {
  const times: [number[], number[]] = [[], []];
  for (let turn = -UNHURRIED; turn < REQUESTS; turn += 1) {
    for (const which of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const { took_ms } = await get(shops[which], path(shops[which], Math.abs(turn)));
      if (turn >= 0) times[which].push(took_ms);
    }
  }
  const [small, large] = [p95(times[0]), p95(times[1])];
  const ratio = large / small;
  const verdict = ratio <= goal ? 'yes' : '**no**';
  console.log(`| ${what} | ${small.toFixed(1)} | ${large.toFixed(1)} | ${ratio.toFixed(2)} | ${goal} | ${verdict} |`);
}

const data_dir = values.data ?? mkdtempSync(join(tmpdir(), 'customer-service-measure-'));
mkdirSync(data_dir, { recursive: true });
const postgres = await startPostgres({ data_dir });
const shops: Shop[] = [];
try {
  for (const customers of SIZES) shops.push(await openShop(postgres.url, customers));
  console.log(
    `| request | p95 of ${SIZES[0]}, ms | p95 of ${SIZES[1]}, ms | ratio | goal | met |\n|---|---|---|---|---|---|`,
  );
  for (const measured of MEASURED) {
    // One that can not be answered in time is a row like others.
    await measure(shops as [Shop, Shop], measured).catch((fault: Error) =>
      console.log(`| ${measured[0]} | ${fault.message.slice(0, 60)} | | | ${measured[1]} | **no** |`),
    );
  }
} finally {
  for (const { api } of shops) api.kill('SIGTERM');
  await postgres.stop();
  if (values.data === undefined) rmSync(data_dir, { recursive: true, force: true });
}
