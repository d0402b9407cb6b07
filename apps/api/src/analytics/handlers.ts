// Analytics over HTTP.

import { type DailyMetric, listCohorts, listDays, type Period, summarise } from '@customer-service/store';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';

const DAY_MS = 86_400_000;
/** Days of one answer: two years. */
const MAX_DAYS = 731;
/** Days of an answer that was not asked for a beginning. */
const DEFAULT_DAYS = 30;

export async function summary(request: ApiRequest<unknown, Period>, { db }: Services): Promise<Answer> {
  refuseReversed(request.query);
  return { status: 200, body: await summarise(db, request.query) };
}

interface DailyQuery extends Period {
  metric: DailyMetric;
  by?: 'tier';
}

export async function daily(request: ApiRequest<unknown, DailyQuery>, { db }: Services): Promise<Answer> {
  const { metric, by } = request.query;
  refuseReversed(request.query);
  const { date_from, date_to } = periodOf(request.query);
  const { days, as_of } = await listDays(db, { metric, date_from, date_to });
  const shown = by === 'tier' ? days : days.map(({ date, value }) => ({ date, value }));
  return { status: 200, body: { metric, date_from, date_to, as_of, days: shown } };
}

export async function cohorts(
  request: ApiRequest<unknown, { months: number; month_to?: string }>,
  { db }: Services,
): Promise<Answer> {
  const { months, month_to = new Date().toISOString().slice(0, 7) } = request.query;
  return { status: 200, body: { months, month_to, ...(await listCohorts(db, { months, month_to })) } };
}

function refuseReversed({ date_from, date_to }: Period): void {
  if (date_from === undefined || date_to === undefined || date_from <= date_to) return;
  const errors = [{ parameter: 'date_to', code: 'before-date-from', detail: 'must not be before date_from' }];
  throw new Problem('invalid-query', 'The period ends before it begins.', { errors });
}

/** What is not given follows from what is; without either it is the last 30 days, today included. */
function periodOf({ date_from, date_to }: Period): Required<Period> {
  const today = new Date().toISOString().slice(0, 10);
  const last = date_to ?? (date_from === undefined || date_from <= today ? today : date_from);
  const first = date_from ?? addDays(last, 1 - DEFAULT_DAYS);
  if (Date.parse(last) - Date.parse(first) >= MAX_DAYS * DAY_MS) {
    const detail = `is more than ${MAX_DAYS} days before the end of the period, ${last}`;
    const errors = [{ parameter: 'date_from', code: 'too-many-days', detail }];
    throw new Problem('invalid-query', 'The period is too long.', { errors });
  }
  return { date_from: first, date_to: last };
}

function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}
