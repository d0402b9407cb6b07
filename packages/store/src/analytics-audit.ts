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

/** Against the ledger, and in sum against the accounts. Reads all of both, in one statement and therefore as of one snapshot: a running service makes no difference. */
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
       union all
       select figure, 'of all accounts', '-infinity', value, 0 from (
         select sum(points_balance) as outstanding, sum(lifetime_points_earned) as earned,
                sum(lifetime_points_redeemed) as redeemed, sum(lifetime_points_adjusted) as adjusted,
                sum(total_spent_minor) as spent, sum(visits_count) as visits
           from loyalty_accounts
       ) as accounts cross join lateral (values ('outstanding', outstanding), ('points_earned', earned),
         ('points_redeemed', redeemed), ('points_adjusted', adjusted), ('spend', spent), ('visits', visits)) as sums (figure, value)
       union all
       select figure, 'of all accounts', '-infinity', 0, value from analytics_figures
        where figure in ('points_earned', 'points_redeemed', 'points_adjusted', 'spend', 'visits')
       union all
       select 'outstanding', 'of all accounts', '-infinity', 0, case when figure in ('points_earned', 'points_adjusted') then value else -value end
         from analytics_figures where figure in ('points_earned', 'points_redeemed', 'points_expired', 'points_adjusted')
     )
     select figure, part, day, sum(expected) as expected, sum(actual) as actual from counted
      group by figure, part, day having sum(expected) <> sum(actual) order by figure, day, part`,
  );
}
