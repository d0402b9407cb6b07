// Everything that is shown of one period, asked for together.

import type { AnalyticsDaily, AnalyticsSummary, Client, Liability } from '@customer-service/client';
import { compact, minute, money, number, words } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { Answered, Figure } from '../parts/page.tsx';
import { useSession } from '../session.ts';
import { useAnswer } from '../use-answer.ts';
import { Cohorts } from './cohorts.tsx';
import { type Period, sumByPart } from './period.ts';

const METRICS = ['new_customers', 'visits', 'spend', 'points_earned', 'points_redeemed', 'points_expired'] as const;
type Days = Record<(typeof METRICS)[number], AnalyticsDaily['days']>;

async function readAll(client: Client, period: Period, signal: AbortSignal) {
  const [summary, liability, cohorts, ...answers] = await Promise.all([
    client.analytics.summary({ ...period }, { signal }),
    client.loyalty.liability({ signal }),
    client.analytics.cohorts({ month_to: period.date_to.slice(0, 7) }, { signal }),
    ...METRICS.map((metric) => client.analytics.daily({ metric, by: 'tier', ...period }, { signal })),
  ]);
  const days = Object.fromEntries(answers.map((answer) => [answer.metric, answer.days])) as Days;
  return { summary, liability, cohorts, days, period };
}

export function Charts({ period }: { period: Period }) {
  const { client } = useSession();
  const asked = useAnswer((signal) => readAll(client, period, signal), [period.date_from, period.date_to]);
  return (
    <Answered asked={asked}>
      {({ summary, liability, cohorts, days, period: of }) => (
        <>
          <Figures summary={summary} />
          <div class="columns">
            <Chart
              title="Points"
              series={['Earned', 'Redeemed', 'Lapsed']}
              rows={sumByPart(of, [days.points_earned, days.points_redeemed, days.points_expired])}
            />
            <Chart title="Spent" series={['Spent']} rows={sumByPart(of, [days.spend])} {...MONEY} />
            <Chart
              title="Customers"
              hint="New ones, and visits"
              series={['New customers', 'Visits']}
              rows={sumByPart(of, [days.new_customers, days.visits])}
            />
            <Chart title="Spent, by the tier held" series={['Spent']} rows={spentByTier(days.spend)} {...MONEY} />
            <Chart title="Customers by tier, now" series={['Customers']} rows={byTier(summary.customers.by_tier)} />
            <Chart
              title="Points outstanding, by the month in which they lapse"
              series={['Points']}
              rows={lapsingOf(liability)}
            />
          </div>
          <Cohorts cohorts={cohorts} />
          <p class="quiet">
            All that was booked by {minute(summary.as_of)} is counted. Days and months are those of UTC.
          </p>
        </>
      )}
    </Answered>
  );
}

function Figures({ summary: { customers, points, spend } }: { summary: AnalyticsSummary }) {
  return (
    <dl class="figures">
      <Figure name="Customers" hint={`${number(customers.new)} new in this time`}>
        <span class="large">{number(customers.total)}</span>
      </Figure>
      <Figure name="Points outstanding" hint={`${compact(points.earned)} earned, ${compact(points.redeemed)} redeemed`}>
        <span class="large">{number(points.outstanding)}</span>
      </Figure>
      <Figure name="Spent in this time" hint={`${number(spend.visits)} visits`}>
        <span class="large">{money(spend.total_minor)}</span>
      </Figure>
      <Figure name="A customer spent" hint={`${number(spend.customers)} bought`}>
        <span class="large">{money(spend.average_per_customer_minor)}</span>
      </Figure>
    </dl>
  );
}

const MONEY = { format: (minor: number) => money(minor), scale: (minor: number) => compact(minor / 100) };

const byTier = (counts: object) =>
  Object.entries(counts).map(([tier, count]: [string, number]) => ({ label: words(tier), values: [count] }));

function spentByTier(days: AnalyticsDaily['days']) {
  const sums: Record<string, number> = {};
  for (const { by_tier } of days)
    for (const [tier, value] of Object.entries(by_tier ?? {})) sums[tier] = (sums[tier] ?? 0) + value;
  return byTier(sums);
}

const lapsingOf = ({ by_expiry_month }: Liability) =>
  by_expiry_month.map(({ month, points }) => ({ label: month ?? 'Never', values: [points] }));
