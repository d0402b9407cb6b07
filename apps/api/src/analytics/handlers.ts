// Analytics over HTTP.

import { type Period, summarise } from '@customer-service/store';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';

export async function summary(request: ApiRequest<unknown, Period>, { db }: Services): Promise<Answer> {
  const { date_from, date_to } = request.query;
  if (date_from !== undefined && date_to !== undefined && date_from > date_to) {
    const errors = [{ parameter: 'date_to', code: 'before-date-from', detail: 'must not be before date_from' }];
    throw new Problem('invalid-query', 'The period ends before it begins.', { errors });
  }
  return { status: 200, body: await summarise(db, request.query) };
}
