// The ledger that the contenders apply to: two plain tables, a balance that may not go below zero, a key that makes each
// event count once, SQL transactions. As good services write it, and with far fewer rules than ours: no tiers, no lots, no
// holds, no hash chain, no analytics.

import type pg from 'pg';
import type { Event } from '../events.ts';
import type { Books } from '../invariants.ts';

export interface PlainEvent extends Event {
  /** In which it was accepted. */
  accepted: number;
}

const SCHEMA = `
  create table plain_accounts (customer integer primary key, balance bigint not null default 0 check (balance >= 0))
    with (fillfactor = 70);
  create table plain_ledger (
    id            bigint generated always as identity primary key,
    customer      integer not null,
    key           text not null unique,
    accepted      bigint not null,
    type          text not null,
    status        text not null,
    points        bigint not null,
    balance_after bigint not null,
    applied_at    timestamptz not null default now()
  );
  create index plain_ledger_history on plain_ledger (customer, id);`;

export const PLAIN_BOOKS: Books = {
  balances: 'select customer, balance from plain_accounts',
  lines: `select key as event, customer, accepted, id as applied, balance_after,
                 case when status <> 'applied' then 0 when type = 'earn' then points else -points end as points
            from plain_ledger`,
  ordered: true,
};

export async function createPlainLedger(db: Pick<pg.Pool, 'query'>, customers: number): Promise<void> {
  await db.query(SCHEMA);
  await db.query('insert into plain_accounts (customer) select generate_series(0, $1::int - 1)', [customers]);
  await db.query('vacuum analyze');
}

const pointsOf = (event: PlainEvent) => event.points ?? Math.floor((event.amount_minor as number) / 100);
const changeOf = (event: PlainEvent) => (event.type === 'earn' ? pointsOf(event) : -pointsOf(event));

/** One event, one SQL transaction, as most write it: lock, check, insert, update. */
export async function applyOne(pool: pg.Pool, event: PlainEvent): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<{ balance: string }>(
      'select balance from plain_accounts where customer = $1 for update',
      [event.customer],
    );
    const before = Number(rows[0]?.balance);
    const enough = before + changeOf(event) >= 0;
    const after = enough ? before + changeOf(event) : before;
    const { rowCount } = await client.query(
      `insert into plain_ledger (customer, key, accepted, type, status, points, balance_after)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
      [event.customer, event.key, event.accepted, event.type, enough ? 'applied' : 'rejected', pointsOf(event), after],
    );
    if (rowCount === 1 && enough) {
      await client.query('update plain_accounts set balance = $2 where customer = $1', [event.customer, after]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

/** Many events, one SQL transaction of four statements: lock, look for keys, insert, update. In the order given. */
export async function applyMany(pool: pg.Pool, events: readonly PlainEvent[]): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows: accounts } = await client.query<{ customer: number; balance: string }>(
      'select customer, balance from plain_accounts where customer = any($1) order by customer for update',
      [plain([...new Set(events.map(({ customer }) => customer))])],
    );
    const { rows: known } = await client.query<{ key: string }>('select key from plain_ledger where key = any($1)', [
      plain(events.map(({ key }) => key)),
    ]);
    const seen = new Set(known.map(({ key }) => key));
    const balances = new Map(accounts.map(({ customer, balance }) => [customer, Number(balance)]));
    const lines = events.flatMap((event) => {
      if (seen.has(event.key)) return [];
      seen.add(event.key);
      const before = balances.get(event.customer) as number;
      const enough = before + changeOf(event) >= 0;
      const after = enough ? before + changeOf(event) : before;
      balances.set(event.customer, after);
      return [{ event, status: enough ? 'applied' : 'rejected', after }];
    });
    await client.query(
      `insert into plain_ledger (customer, key, accepted, type, status, points, balance_after)
       select * from unnest($1::int[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])`,
      [
        plain(lines.map(({ event }) => event.customer)),
        plain(lines.map(({ event }) => event.key)),
        plain(lines.map(({ event }) => event.accepted)),
        plain(lines.map(({ event }) => event.type)),
        plain(lines.map(({ status }) => status)),
        plain(lines.map(({ event }) => pointsOf(event))),
        plain(lines.map(({ after }) => after)),
      ],
    );
    await client.query(
      `update plain_accounts a set balance = u.balance
         from unnest($1::int[], $2::bigint[]) as u (customer, balance) where a.customer = u.customer`,
      [plain([...balances.keys()]), plain([...balances.values()])],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

/** An array as PostgreSQL reads it, of values that need no quotes: pg would look for some in each of thousands. */
function plain(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
