// What happened, over HTTP: the feed that other systems follow.

import { type EventFilter, listEvents } from '@customer-service/store';
import type { Answer, ApiRequest, Services } from '../route.ts';

export async function list(request: ApiRequest<unknown, EventFilter>, { db }: Services): Promise<Answer> {
  const items = await listEvents(db, request.query);
  return { status: 200, body: { items, next_after: items.at(-1)?.id ?? request.query.after ?? null } };
}
