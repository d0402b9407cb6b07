// The days that are looked at, and how they are put together: day by day, by the week or by the month.

export interface Period {
  /** First and last day, YYYY-MM-DD, both included. */
  date_from: string;
  date_to: string;
}

const DAY_MS = 86_400_000;
/** Of one answer of the service. */
const MAX_DAYS = 731;
const dayAt = (moment_ms: number) => new Date(moment_ms).toISOString().slice(0, 10);

export function endingAt(date_to: string, days: number): Period {
  return { date_from: dayAt(Date.parse(date_to) - (days - 1) * DAY_MS), date_to };
}

/** Today, or the last day on which anything was bought when that is long ago. */
export function lastDay(last_visit_at: string | null | undefined): string {
  const now_ms = Date.now();
  const visit_ms = last_visit_at == null ? now_ms : Date.parse(last_visit_at);
  return dayAt(now_ms - visit_ms > 60 * DAY_MS ? visit_ms : now_ms);
}

/** Why the service would refuse it. */
export function faultOf(period: Period): string | undefined {
  const days = daysOf(period);
  if (Number.isNaN(days)) return 'Give the first and the last day.';
  if (days < 1) return 'The period ends before it begins.';
  return days > MAX_DAYS ? 'Two years are the most.' : undefined;
}

const daysOf = ({ date_from, date_to }: Period) => (Date.parse(date_to) - Date.parse(date_from)) / DAY_MS + 1;

/** Which part of a chart a day belongs to. */
function partOf(day: string, period: Period): string {
  const days = daysOf(period);
  if (days <= 45) return day;
  return days <= 190 ? mondayOf(day) : day.slice(0, 7);
}

function mondayOf(day: string): string {
  const at_ms = Date.parse(day);
  const sinceMonday = (new Date(at_ms).getUTCDay() + 6) % 7;
  return dayAt(at_ms - sinceMonday * DAY_MS);
}

/** Sums of each part, in order of time, of several figures with the same days. */
export function sumByPart(
  period: Period,
  figures: readonly (readonly { date: string; value: number }[])[],
): { label: string; values: number[] }[] {
  const sums = new Map<string, number[]>();
  for (const [index, days] of figures.entries()) {
    for (const { date, value } of days) {
      const part = partOf(date, period);
      const values = sums.get(part) ?? figures.map(() => 0);
      values[index] = (values[index] ?? 0) + value;
      sums.set(part, values);
    }
  }
  return [...sums].map(([label, values]) => ({ label, values }));
}
