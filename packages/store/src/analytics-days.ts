// Analytics day by day. Read-only.

import { TIERS, type Tier } from '@customer-service/domain';
import type { Period } from './analytics.ts';
import { fill, readFigures } from './analytics-figures.ts';
import type { Database } from './connect.ts';

export const DAILY_METRICS = [
  'new_customers',
  'points_earned',
  'points_redeemed',
  'points_expired',
  'spend',
  'visits',
  'active_customers',
] as const;
export type DailyMetric = (typeof DAILY_METRICS)[number];

export interface Day {
  date: string;
  value: number;
  /** By the tier held after the transaction. */
  by_tier: Record<Tier, number>;
}

/**
 * One metric, day by day, the days without anything too. Of one snapshot, and counted as the summary counts;
 * `active_customers` are those with an earn or a redeem applied that day, each under the tier after the first one.
 */
export async function listDays(
  db: Database,
  { metric, date_from, date_to }: { metric: DailyMetric } & Required<Period>,
): Promise<{ days: Day[]; as_of: string }> {
  const { as_of, rows } = await readFigures<{ date: string; tier: Tier | null; value: number | null }>(
    db,
    `select cast(date as date) as date, part as tier, value
       from generate_series(cast(:date_from as timestamp), cast(:date_to as timestamp), '1 day') as date
       left join (
         select day, part, sum(value) as value from figures
          where figure = :metric and part = any(:tiers) and day between :date_from and :date_to group by day, part
       ) as sums on day = date
      order by date`,
    { metric, date_from, date_to, tiers: [...TIERS] },
  );
  const days = new Map<string, Day>();
  for (const { date, tier, value } of rows) {
    const day = days.get(date) ?? { date, value: 0, by_tier: fill(TIERS, () => 0) };
    if (tier !== null) day.by_tier[tier] = value ?? 0;
    day.value += value ?? 0;
    days.set(date, day);
  }
  return { days: [...days.values()], as_of };
}
