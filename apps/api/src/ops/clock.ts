// The test clock over HTTP. Where the environment does not allow it there is no such thing.

import * as store from '@customer-service/store';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';

export async function read(_request: ApiRequest, { db, config }: Services): Promise<Answer> {
  if (!config.test_clock) throw noClock();
  return { status: 200, body: { now: await store.ledgerNow(db) } };
}

export async function set(request: ApiRequest<{ now: string }>, { db, config }: Services): Promise<Answer> {
  if (!config.test_clock) throw noClock();
  return { status: 200, body: { now: await store.setTestClock(db, request.body.now) } };
}

function noClock(): Problem {
  return new Problem('not-found', 'The test clock is off.');
}
