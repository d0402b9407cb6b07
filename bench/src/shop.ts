// A shop of the service: a database with customers, what was posted to it so far, and the check of its books.

import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Event } from './events.ts';
import { checkBooks, OUR_BOOKS } from './invariants.ts';
import type { Services } from './services.ts';

export interface Shop {
  /** Of the database. */
  url: string;
  db: pg.Pool;
  /** Of the customers; an event names them by their place. */
  ids: string[];
  /** Different events that were accepted so far: whoever posts some counts them here. */
  posted: number;
}

/** Customers with nothing in their accounts. */
export async function openShop(
  services: Pick<Services, 'createServiceDatabase' | 'pool'>,
  customers: number,
): Promise<Shop> {
  const url = await services.createServiceDatabase();
  const db = services.pool(url);
  const ids = Array.from({ length: customers }, () => randomUUID());
  await db.query(
    `insert into customers (id, external_id, first_name, last_name, email, preferences)
     select id, 'bench-' || n, 'Ada', 'Lovelace ' || n % 1000, 'ada' || n || '@example.com', '{}'
       from unnest($1::uuid[]) with ordinality as u (id, n)`,
    [ids],
  );
  await db.query('insert into loyalty_accounts (customer_id) select unnest($1::uuid[])', [ids]);
  await db.query('vacuum analyze');
  return { url, db, ids, posted: 0 };
}

/** @throws BrokenBooks */
export function checkShop({ db, posted }: Shop, whose: string): Promise<void> {
  return checkBooks(db, whose, { books: OUR_BOOKS, posted });
}

/** Resolves once nothing waits any more. The newest row is asked for: it is the last to be decided, and one look finds it. */
export async function untilApplied({ db }: Shop, patience_ms = 120_000): Promise<void> {
  const deadline = Date.now() + patience_ms;
  for (;;) {
    const { rowCount } = await db.query(
      `select from loyalty_transactions where status = 'pending' and position > 0 order by position desc limit 1`,
    );
    if (rowCount === 0) return;
    if (Date.now() > deadline) throw new Error(`not everything was applied within ${patience_ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What the turn before left behind, such as figures to fold, is not to be this one's work. */
export async function untilQuiet({ db }: Shop, patience_ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + patience_ms; Date.now() < deadline; ) {
    const { rows } = await db.query<{ left: boolean }>(
      `select exists (select from analytics_deltas) or exists (select from analytics_visits)
           or exists (select from outbox) as left`,
    );
    if (rows[0]?.left === false) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`figures are not folded, or events not published, within ${patience_ms} ms: is a worker running?`);
}

/** The body of the request that posts it, and how a batch has it. */
export function bodyOf({ type, amount_minor, points }: Event): object {
  return type === 'earn' ? { amount_minor, currency: 'USD' } : { points };
}
