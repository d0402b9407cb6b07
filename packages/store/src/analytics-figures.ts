// The figures that every change leaves behind (migration 0004): what is folded, and what is not yet. Read-only.

import type { Database } from './connect.ts';

const WITH_FIGURES = `
  with unfolded as materialized (
    select figure, part, day, value from analytics_deltas
    union all
    select figure, part, day, value from visit_changes((select array_agg(v) from analytics_visits v))
  ), figures as not materialized (
    select figure, part, day, value from analytics_counts union all select figure, part, day, value from unfolded
  )`;

/**
 * Runs `query`, which reads `figures`, and `unfolded` or `analytics_counts` where the difference matters. All of it is
 * one statement and therefore of one snapshot: what was committed by `as_of` is in every figure.
 */
export async function readFigures<Row>(
  db: Database,
  query: string,
  bindings: Record<string, unknown>,
): Promise<{ as_of: string; rows: Row[] }> {
  const sql = `${WITH_FIGURES} select moment.as_of, found.*
    from (select statement_timestamp() as as_of) as moment left join (${query}) as found on true`;
  const { rows } = await db.raw<{ rows: (Row & { as_of: string })[] }>(sql, bindings as never);
  return { as_of: (rows[0] as { as_of: string }).as_of, rows };
}

export function fill<Key extends string>(keys: readonly Key[], value: (key: Key) => number): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<Key, number>;
}
