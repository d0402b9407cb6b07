// Shops that have grown: so many customers, so many lines in the ledger, made by `npm run seed:large`, with an API in
// front. Kept where `--data` says, because the largest takes a quarter of an hour to fill.

import { mkdirSync } from 'node:fs';
import { prepareQueue } from '@customer-service/runtime';
import { migrate } from '@customer-service/store';
import pg from 'pg';
import { Pool } from 'undici';
import { startPostgres } from '../../scripts/embedded-postgres.ts';
import { seedLarge } from '../../scripts/seed-large.ts';
import { tokenFor } from './http.ts';
import { POSTGRES_SETTINGS } from './services.ts';
import type { Shop } from './shop.ts';
import type { Bench } from './suite.ts';

export interface Size {
  customers: number;
  lines: number;
}

/** Its `ids` are of customers here and there, among them `regulars`, whose history has several pages. */
export interface GrownShop extends Shop {
  size: Size;
  regulars: string[];
  /** @returns the body of an answer that must be 200; undefined when the database could not answer in time (503) */
  get(path: string): Promise<unknown>;
}

/** A server for them: the run's own, or the one whose data is kept. @returns its URL */
export async function openGrower({ services, data }: Bench): Promise<string> {
  if (data !== undefined) {
    mkdirSync(data, { recursive: true });
    const { url, stop } = await startPostgres({ data_dir: data, settings: POSTGRES_SETTINGS });
    services.onClose(stop);
    return url;
  }
  const url = new URL(await services.createDatabase());
  url.pathname = 'postgres';
  return url.href;
}

export async function openGrown(
  { services, say }: Bench,
  { server_url, size, active }: { server_url: string; size: Size; active: number },
): Promise<GrownShop> {
  const { customers, lines } = size;
  const name = `growth_${customers}_${lines}`;
  const url = new URL(server_url);
  url.pathname = name;
  const server = new pg.Pool({ connectionString: server_url, max: 1 });
  const known = await server.query('select from pg_database where datname = $1', [name]);
  if (known.rowCount === 0) {
    say(`fills a database with ${customers} customers and ${lines} lines`);
    await server.query(`create database ${name}`);
    await seedLarge(url.href, size).catch(async (error) => {
      await server.query(`drop database ${name} with (force)`);
      throw error;
    });
  }
  await server.end();
  await migrate(url.href);
  await prepareQueue({ redis_url: null, direct_database_url: url.href });
  const db = new pg.Pool({ connectionString: url.href, max: 4 });
  // A connection that ends while nobody uses it; the next query tells.
  db.on('error', () => {});
  services.onClose(() => db.end());
  const api = await services.startApi({ DATABASE_URL: url.href });
  const http = new Pool(api.url, { connections: 16 });
  services.onClose(() => http.close());
  return { url: url.href, db, size, ...(await chooseCustomers(db, active)), get: clientOf(http) };
}

/** The same ones in every run, by chance; what was posted for them before counts as posted. */
async function chooseCustomers(
  db: Shop['db'],
  active: number,
): Promise<Pick<GrownShop, 'ids' | 'regulars' | 'posted'>> {
  await db.query(
    `create table if not exists bench_active as
     select customer_id from loyalty_accounts join customers on id = customer_id where status <> 'suspended'
      order by md5(customer_id::text) limit ${active}`,
  );
  const ids = await db.query<{ customer_id: string }>('select customer_id from bench_active order by 1');
  const regulars = await db.query<{ customer_id: string }>(
    `select customer_id from loyalty_accounts where sequence > 75 order by md5(customer_id::text) limit 200`,
  );
  const posted = await db.query<{ count: number }>(
    'select count(*)::int from loyalty_transactions where customer_id in (select customer_id from bench_active)',
  );
  const idsOf = (rows: { customer_id: string }[]) => rows.map(({ customer_id }) => customer_id);
  return { ids: idsOf(ids.rows), regulars: idsOf(regulars.rows), posted: posted.rows[0]?.count as number };
}

function clientOf(http: Pool): GrownShop['get'] {
  const headers = { authorization: `Bearer ${tokenFor('admin')}` };
  return async (path) => {
    const { statusCode, body } = await http.request({ method: 'GET', path, headers });
    const answer = await body.json();
    if (statusCode === 503) return undefined;
    if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${JSON.stringify(answer)}`);
    return answer;
  };
}
