// Lists of customers over HTTP: filters, orders, the search box, and cursors that belong to one list only.

import { createHash } from 'node:crypto';
import * as store from '@customer-service/store';
import { decodeCursor, encodeCursor } from '../paging.ts';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { normaliseContact, visible, withPreview } from './handlers.ts';

interface ListQuery extends Omit<store.CustomerList, 'after'> {
  cursor?: string;
  include_total?: boolean;
}

export async function list(request: ApiRequest<unknown, ListQuery>, { db }: Services): Promise<Answer> {
  const { cursor, limit, include_total, ...given } = request.query;
  refuseContradictions(given);
  const query = normaliseContact(given);
  const kind = kindOf(query);
  const after = cursor === undefined ? undefined : toPlace(decodeCursor(kind, cursor, isPlaceOf(query)));
  const { customers, next } = await store.listCustomers(db, { ...query, limit, after });
  const previews = await store.previewAccounts(db, customers.map(store.accountOf));
  const items = customers.map((row, index) =>
    visible(withPreview(row, previews[index] as store.Preview), request.principal),
  );
  const next_cursor = next === null ? null : encodeCursor(kind, [next.value, next.id]);
  const total = include_total ? { total: await store.countCustomers(db, query) } : {};
  return { status: 200, body: { items, next_cursor, ...total } };
}

/** A range that ends before it begins is a mistake, and not a list of nobody; a search has an order of its own. */
function refuseContradictions(query: Omit<ListQuery, 'limit'>): void {
  const errors: { parameter: string; code: string; detail: string }[] = store.RANGES.flatMap(([from, to]) => {
    const [first, last] = [query[from], query[to]];
    if (first === undefined || last === undefined) return [];
    const empty = typeof first === 'number' ? first > Number(last) : Date.parse(first) > Date.parse(String(last));
    return empty ? [{ parameter: to, code: 'range', detail: `is before ${from}` }] : [];
  });
  if (query.search !== undefined && query.sort !== undefined) {
    errors.push({ parameter: 'sort', code: 'exclusive', detail: 'is not for a search, which puts the best first' });
  }
  if (errors.length > 0) throw new Problem('invalid-query', 'These parameters contradict each other.', { errors });
}

/** A place in one list says nothing about a place in another: of other filters, another order or another search. */
function kindOf(query: object): string {
  const named = Object.entries(query).sort(([one], [other]) => (one < other ? -1 : 1));
  return `customers.${createHash('sha256').update(JSON.stringify(named)).digest('base64url').slice(0, 12)}`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a list can be sorted by, as PostgreSQL writes it; a search by its four steps. */
const isValue: Record<string, (value: string) => boolean> = {
  search: (value) => /^[0-3]$/.test(value),
  name: (value) => value.length <= 200 && !value.includes('\0'),
  points: (value) => /^\d{1,16}$/.test(value),
  spent: (value) => /^\d{1,16}$/.test(value),
  created: isMoment,
  last_visit: (value) => value === '-infinity' || isMoment(value),
};

function isPlaceOf({ search, sort = 'created' }: Omit<ListQuery, 'limit'>): (key: unknown) => boolean {
  const isOurs = isValue[search === undefined ? sort.replace('-', '') : 'search'] as (value: string) => boolean;
  return (key) => {
    if (!Array.isArray(key) || key.length !== 2) return false;
    const [value, id] = key;
    return typeof value === 'string' && isOurs(value) && typeof id === 'string' && UUID.test(id);
  };
}

function isMoment(value: string): boolean {
  const [, second, fraction = ''] = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d{1,6})?\+00$/.exec(value) ?? [];
  const at = new Date(`${second?.replace(' ', 'T')}${fraction.slice(0, 4)}Z`);
  return second !== undefined && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(second.replace(' ', 'T'));
}

function toPlace(key: unknown): store.Place {
  const [value, id] = key as [string, string];
  return { value, id };
}
