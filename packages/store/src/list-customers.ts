// Lists of customers: an order, pages that go on where the last one ended, and how many there are. Read-only.

import type { Database } from './connect.ts';
import { applyFilter, type CustomerFilter, LAST_VISIT } from './customer-filter.ts';
import { type CustomerRow, selectCustomers } from './customers.ts';
import { readSearch, type Search, searchCustomers, whereFound } from './search-customers.ts';

const SORTS = {
  created: { key: 'c.created_at', id: 'c.id', type: 'timestamptz' },
  name: { key: 'c.sort_name', id: 'c.id', type: 'text' },
  points: { key: 'a.points_balance', id: 'a.customer_id', type: 'bigint' },
  spent: { key: 'a.total_spent_minor', id: 'a.customer_id', type: 'bigint' },
  /** Who never bought, comes as if it were longer ago than everything. */
  last_visit: { key: LAST_VISIT, id: 'a.customer_id', type: 'timestamptz' },
} as const;

type SortKey = keyof typeof SORTS;
/** With a minus: descending. */
export type CustomerSort = SortKey | `-${SortKey}`;
export const CUSTOMER_SORTS = (Object.keys(SORTS) as SortKey[]).flatMap((key): CustomerSort[] => [key, `-${key}`]);

/** Where a page ended: what its last row is sorted by, as PostgreSQL writes it (of a search: its rank), and its id. */
export interface Place {
  value: string;
  id: string;
}

export interface CustomerList extends CustomerFilter {
  /** What somebody typed: names, an email, a phone number, an external id, or parts of them. Ranks; excludes `sort`. */
  search?: string;
  /** The newest first, unless it says something else. */
  sort?: CustomerSort;
  limit: number;
  after?: Place;
}

/** @returns one page, and where the next one begins; null on the last */
export async function listCustomers(
  db: Database,
  { limit, after, sort = '-created', search: text, ...filter }: CustomerList,
): Promise<{ customers: CustomerRow[]; next: Place | null }> {
  const search = await readSearch(db, text);
  const found = await (search === undefined
    ? sortedCustomers(db, { filter, sort, after, limit: limit + 1 })
    : searchCustomers(db, { filter, search, after, limit: limit + 1 }));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    customers: page.map(({ place: _place, ...customer }) => customer as CustomerRow),
    next: found.length > limit && last ? { value: last.place, id: last.id } : null,
  };
}

/** A customer with what its place in the list is made of. */
export interface PlacedCustomer extends CustomerRow {
  place: string;
}

function sortedCustomers(
  db: Database,
  { filter, sort, after, limit }: { filter: CustomerFilter; sort: CustomerSort; after?: Place; limit: number },
): Promise<PlacedCustomer[]> {
  const { key, id, type } = SORTS[sort.replace('-', '') as SortKey];
  const [direction, beyond] = sort.startsWith('-') ? ['desc', '<'] : ['asc', '>'];
  const query = selectCustomers(db)
    .select(db.raw(`${key}::text as place`))
    .orderByRaw(`${key} ${direction}, ${id} ${direction}`)
    .limit(limit);
  applyFilter(query, filter);
  if (after) query.whereRaw(`(${key}, ${id}) ${beyond} (?::${type}, ?::uuid)`, [after.value, after.id]);
  return query as unknown as Promise<PlacedCustomer[]>;
}

/** How many customers all pages together have. Counts them, so it takes longer the more there are. */
export async function countCustomers(
  db: Database,
  { search: text, ...filter }: CustomerFilter & { search?: string },
): Promise<number> {
  const search: Search | undefined = await readSearch(db, text);
  const query = selectCustomers(db).clearSelect();
  applyFilter(query, filter);
  if (search !== undefined) await whereFound(db, query, search);
  const [counted] = (await query.count('* as total')) as unknown as { total: number }[];
  return counted?.total ?? 0;
}
