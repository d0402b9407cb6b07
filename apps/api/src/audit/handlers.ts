// The audit log over HTTP.

import { type AuditFilter, listAudit } from '@customer-service/store';
import { decodeCursor, encodeCursor, toPage } from '../paging.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';

interface ListQuery extends Omit<AuditFilter, 'before'> {
  cursor?: string;
}

export async function list(request: ApiRequest<unknown, ListQuery>, { db }: Services): Promise<Answer> {
  const { cursor, limit, ...filter } = request.query;
  const before = cursor === undefined ? undefined : Number(decodeCursor('audit', cursor, Number.isSafeInteger));
  const rows = await listAudit(db, { ...filter, before, limit: limit + 1 });
  const page = toPage(rows, limit, { item: (row) => row, cursor: (row) => encodeCursor('audit', row.id) });
  return { status: 200, body: page };
}
