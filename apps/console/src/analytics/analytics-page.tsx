// The numbers of the business over a time: figures, charts, and the table behind each.

import { useEffect, useState } from 'preact/hooks';
import { Input } from '../parts/field.tsx';
import { Answered, Page } from '../parts/page.tsx';
import { useSession } from '../session.ts';
import { useAnswer } from '../use-answer.ts';
import { Charts } from './charts.tsx';
import { endingAt, faultOf, lastDay, type Period } from './period.ts';

const SPANS = [
  [30, '30 days'],
  [90, '90 days'],
  [365, '12 months'],
  [731, '24 months'],
] as const;

export function AnalyticsPage() {
  const { client } = useSession();
  /** A shop whose last purchase is long ago is looked at as it was then. */
  const latest = useAnswer(async (signal) => {
    const { body } = await client.request('GET /customers', { query: { sort: '-last_visit', limit: 1 }, signal });
    return lastDay(body.items[0]?.loyalty.last_visit_at);
  });
  return (
    <Page title="Analytics">
      <Answered asked={latest}>{(day) => <Analytics last={day} />}</Answered>
    </Page>
  );
}

function Analytics({ last }: { last: string }) {
  const [period, setPeriod] = useState<Period>(() => endingAt(last, 365));
  const [shown, setShown] = useState(period);
  const fault = faultOf(period);
  useEffect(() => {
    if (fault === undefined) setShown(period);
  }, [period]);
  return (
    <>
      <div class="period">
        <Input
          label="From"
          type="date"
          value={period.date_from}
          onChange={(date_from) => setPeriod({ ...period, date_from })}
          fault={fault}
        />
        <Input
          label="To"
          type="date"
          value={period.date_to}
          onChange={(date_to) => setPeriod({ ...period, date_to })}
        />
        <div class="actions">
          {SPANS.map(([days, name]) => (
            <button
              key={days}
              type="button"
              aria-pressed={period.date_from === endingAt(period.date_to, days).date_from}
              onClick={() => setPeriod(endingAt(fault === undefined ? period.date_to : last, days))}
            >
              {name}
            </button>
          ))}
        </div>
      </div>
      <Charts period={shown} />
    </>
  );
}
