// Proves that the figures analytics reads are what the tables say, counted anew. Read-only.

import { type Database, rows } from './connect.ts';

export interface FigureDifference {
  figure: string;
  /** A tier or a status; of `buyers`, the day of the purchase before. */
  part: string;
  /** `-infinity` for a figure that is not of a day. */
  day: string;
  expected: number;
  actual: number;
}

/** Reads the whole ledger, in one statement and therefore as of one snapshot: a running service makes no difference. */
export function auditFigures(db: Database): Promise<FigureDifference[]> {
  return rows<FigureDifference>(
    db,
    `with counted as (
       select figure, part, day, 0 as expected, value as actual from analytics_figures where figure <> 'buyers_by_month'
       union all
       select 'buyers_by_month', part, day, 0, value from analytics_counts where figure = 'buyers_by_month'
       union all
       select 'buyers_by_month', left(part, 7), day, value, 0 from analytics_counts where figure = 'buyers'
       union all
       select figure, part, day, value, 0 from analytics_recount
     )
     select figure, part, day, sum(expected) as expected, sum(actual) as actual from counted
      group by figure, part, day having sum(expected) <> sum(actual) order by figure, day, part`,
  );
}
