// The ledger over HTTP, to read: the history in pages, and one transaction by its id.

import { createHash } from 'node:crypto';
import { DomainError } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { decodeCursor, encodeCursor, toPage } from '../paging.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { present } from './accept.ts';

interface ListQuery {
  limit: number;
  cursor?: string;
  /** One or more, separated by commas. */
  type?: string;
  status?: string;
  occurred_from?: string;
  occurred_to?: string;
  order_id?: string;
  order: 'asc' | 'desc';
}

export async function list(request: ApiRequest<unknown, ListQuery>, { db }: Services): Promise<Answer> {
  const customer_id = request.params.customer_id as string;
  const { cursor, limit, type, ...filter } = request.query;
  const kind = kindOf(request.query);
  const before = cursor === undefined ? undefined : Number(decodeCursor(kind, cursor, isPosition));
  const rows = await store.listTransactions(db, {
    ...{ ...filter, type: type?.split(','), customer_id, before, limit: limit + 1 },
  });
  if (rows.length === 0 && !(await store.isOpen(db, customer_id))) {
    throw new DomainError('customer-not-found', 'There is no such customer.');
  }
  const item = ({ position: _position, ...transaction }: (typeof rows)[number]) => present(transaction);
  const page = toPage(rows, limit, { item, cursor: (row) => encodeCursor(kind, row.position) });
  return { status: 200, body: page };
}

/** A cursor is good for the list it comes from: the same filters in the same order. */
function kindOf({ cursor: _cursor, limit: _limit, order, ...filter }: ListQuery): string {
  const asked = Object.entries(order === 'desc' ? filter : { ...filter, order }).sort(([a], [b]) => (a < b ? -1 : 1));
  if (asked.length === 0) return 'transactions';
  return `transactions ${createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, 16)}`;
}

function isPosition(key: unknown): boolean {
  return Number.isSafeInteger(key) && (key as number) > 0;
}

export async function read(request: ApiRequest, { db }: Services): Promise<Answer> {
  const { customer_id = '', transaction_id = '' } = request.params;
  const transaction = await store.readTransaction(db, customer_id, transaction_id);
  if (transaction === undefined) throw new DomainError('transaction-not-found', 'There is no such transaction.');
  return { status: 200, body: present(transaction) };
}
