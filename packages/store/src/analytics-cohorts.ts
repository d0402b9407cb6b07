// Those who joined in a month, and how many of them bought in the months after (migration 0014). Read-only.

import { readFigures } from './analytics-figures.ts';
import type { Database } from './connect.ts';

export interface Cohort {
  /** YYYY-MM, UTC, in which they joined: of `created_at`, or of the first purchase where that is earlier. */
  month: string;
  customers: number;
  /** Of these, who bought in the month itself, the next one …, up to the last month that was asked for. */
  bought: number[];
}

/** The months that end with `month_to`, in order, those in which nobody joined too. Of one snapshot, at a cost that does not grow with customers. */
export async function listCohorts(
  db: Database,
  { months, month_to }: { months: number; month_to: string },
): Promise<{ cohorts: Cohort[]; as_of: string }> {
  const shown = Array.from({ length: months }, (_, index) => addMonths(month_to, index + 1 - months));
  const { as_of, rows } = await readFigures<{ joined: string; month: string | null; value: number }>(db, READ, {
    month_from: shown[0],
    month_to,
  });
  const values = new Map<string, number>();
  for (const { joined, month, value } of rows) values.set(`${joined} ${month ?? ''}`, value);
  const countOf = (joined: string, month = '') => values.get(`${joined} ${month}`) ?? 0;
  const cohorts = shown.map((month, index) => ({
    month,
    customers: countOf(month),
    bought: shown.slice(index).map((later) => countOf(month, later)),
  }));
  return { cohorts, as_of };
}

const READ = `
  select part as joined, null as month, sum(value) as value from (
    select to_char(day, 'YYYY-MM') as part, value from figures
     where figure = 'new_customers' and day >= cast(:month_from || '-01' as date)
       and day < cast(:month_to || '-01' as date) + interval '1 month'
    union all
    select part, value from figures where figure = 'cohort_moved' and part between :month_from and :month_to
  ) as customers group by part
  union all
  select part, to_char(day, 'YYYY-MM'), sum(value) from figures
   where figure = 'cohort_buyers' and part between :month_from and :month_to group by part, day`;

function addMonths(month: string, months: number): string {
  const date = new Date(`${month}-01`);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 7);
}
