// The numbers a business wants to see, summed up from what is counted with every change (migration 0004), so that they
// cost the same however many customers there are. Read-only.

import { CUSTOMER_STATUSES, type CustomerStatus, TIERS, type Tier } from '@customer-service/domain';
import { fill, readFigures } from './analytics-figures.ts';
import type { Database } from './connect.ts';

export interface Period {
  /** First and last calendar day, YYYY-MM-DD, UTC, both included; undefined is open. */
  date_from?: string;
  date_to?: string;
}

export interface Summary {
  customers: {
    total: number;
    by_status: Record<CustomerStatus, number>;
    by_tier: Record<Tier, number>;
    /** Created within the period. */
    new: number;
  };
  /** `outstanding` is what all balances hold now; the others are of the period. */
  points: { outstanding: number; earned: number; redeemed: number };
  /** Of the period; the average is per customer who bought, rounded down. */
  spend: { total_minor: number; customers: number; average_per_customer_minor: number; visits: number };
  date_from: string | null;
  date_to: string | null;
  as_of: string;
}

const FIRST_DAY = '0001-01-01';
const LAST_DAY = '9999-12-31';

/**
 * All figures are of one snapshot, taken at `as_of`: what was committed by then is in all of them. A transaction belongs
 * to the day it occurred on. Customers who were erased or merged are not counted; what they moved and spent is.
 */
export async function summarise(db: Database, { date_from, date_to }: Period): Promise<Summary> {
  const figures = await sumFigures(db, { date_from: date_from ?? FIRST_DAY, date_to: date_to ?? LAST_DAY });
  const { as_of } = figures;
  const by_status = fill(CUSTOMER_STATUSES, (status) => figures.sum('customers_by_status', status));
  const total_minor = figures.sum('spend');
  const customers = figures.sum('buyers');
  return {
    customers: {
      total: figures.sum('customers_by_status'),
      by_status,
      by_tier: fill(TIERS, (tier) => figures.sum('customers_by_tier', tier)),
      new: figures.sum('new_customers'),
    },
    points: {
      outstanding: figures.sum('outstanding'),
      earned: figures.sum('points_earned'),
      redeemed: figures.sum('points_redeemed'),
    },
    spend: {
      total_minor,
      customers,
      average_per_customer_minor: customers === 0 ? 0 : Math.floor(total_minor / customers),
      visits: figures.sum('visits'),
    },
    date_from: date_from ?? null,
    date_to: date_to ?? null,
    as_of,
  };
}

// One statement, therefore one snapshot. Of the buyers, `part` is the day of the purchase before: whoever has none
// within the period is counted. Whole months before it are there by month; what is not folded yet is not.
const SUM_FIGURES = `
  select figure, part, sum(value) as value from figures
   where figure in ('customers_by_status', 'customers_by_tier') group by figure, part
  union all
  select figure, '', sum(value) from figures
   where figure in ('new_customers', 'points_earned', 'points_redeemed', 'spend', 'visits')
     and day between :date_from and :date_to group by figure
  union all
  select 'outstanding', '', sum(case when figure in ('points_earned', 'points_adjusted') then value else -value end)
    from figures where figure in ('points_earned', 'points_redeemed', 'points_expired', 'points_adjusted')
  union all
  select 'buyers', '', sum(value) from (
    select value from analytics_counts
     where figure = 'buyers_by_month' and part < left(:date_from, 7) and day between :date_from and :date_to
    union all
    select value from unfolded
     where figure = 'buyers' and part < left(:date_from, 7) and day between :date_from and :date_to
    union all
    select value from figures
     where figure = 'buyers' and part >= left(:date_from, 7) and part < :date_from and day between :date_from and :date_to
  ) as buyers`;

interface Figures {
  as_of: string;
  sum(figure: string, part?: string): number;
}

async function sumFigures(db: Database, period: Required<Period>): Promise<Figures> {
  const { as_of, rows } = await readFigures<{ figure: string; part: string; value: number }>(db, SUM_FIGURES, {
    ...period,
  });
  const sum = (figure: string, part?: string) =>
    rows
      .filter((row) => row.figure === figure && (part === undefined || row.part === part))
      .reduce((total, row) => total + row.value, 0);
  return { as_of, sum };
}
