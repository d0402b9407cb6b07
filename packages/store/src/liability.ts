// What all customers together could still redeem, by the month in which it lapses. Read-only.

import { type Database, rows } from './connect.ts';
import { ledgerNow } from './programmes.ts';

export interface Liability {
  as_of: string;
  points_outstanding: number;
  points_held: number;
  /** `month` YYYY-MM, null: never, or after inactivity; in order. Held points are in the months of their lots. */
  by_expiry_month: { month: string | null; points: number }[];
}

/** Accounts one statement looks at, so that none comes near its time limit. */
const PAGE = 20_000;

/** Lots that have lapsed and were not settled yet are left out. Pages are read one after the other. */
export async function readLiability(db: Database): Promise<Liability> {
  const months = new Map<string | null, number>();
  const as_of = await ledgerNow(db);
  let points_held = 0;
  let after: string | null = '00000000-0000-0000-0000-000000000000';
  while (after !== null) {
    const page: { last: string | null; held: number; month: string | null; points: number | null }[] = await rows(
      db,
      `with page as (
         select customer_id, points_held, state from loyalty_accounts
          where customer_id > ? and closed_at is null order by customer_id limit ?),
       lots as (
         select lot.points, lot.expires_at from page, jsonb_to_recordset(coalesce(state -> 'lots', '[]')
                || coalesce(jsonb_path_query_array(state, '$.holds[*].lots[*]'), '[]')) as lot (points bigint, expires_at timestamptz)
          where lot.expires_at is null or lot.expires_at > ?),
       months as (
         select to_char(expires_at at time zone 'UTC', 'YYYY-MM') as month, sum(points) as points from lots group by 1)
       select last, held, month, points
         from (select max(customer_id::text) as last, coalesce(sum(points_held), 0) as held from page) as totals
         left join months on true`,
      [after, PAGE, as_of],
    );
    for (const { month, points } of page) {
      if (points !== null) months.set(month, (months.get(month) ?? 0) + points);
    }
    points_held += page[0]?.held ?? 0;
    after = page[0]?.last ?? null;
  }
  const by_expiry_month = [...months]
    .map(([month, points]) => ({ month, points }))
    .sort((a, b) => ((a.month ?? '9999') < (b.month ?? '9999') ? -1 : 1));
  const points_outstanding = by_expiry_month.reduce((sum, { points }) => sum + points, 0);
  return { as_of, points_outstanding, points_held, by_expiry_month };
}
