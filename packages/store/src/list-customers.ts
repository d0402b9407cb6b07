// Lists of customers: an order, pages that go on where the last one ended, and how many there are. Read-only.

import { type Database, rows } from './connect.ts';
import { applyFilter, type CustomerFilter, LAST_VISIT, RANGES } from './customer-filter.ts';
import { type CustomerRow, selectCustomers } from './customers.ts';
import { readSearch, type Search, searchCustomers, whereFound } from './search-customers.ts';

const CUSTOMERS = { from: 'customers c', id: 'c.id' } as const;
const ACCOUNTS = { from: 'loyalty_accounts a', id: 'a.customer_id' } as const;
/** What an index has in this order, with the id for those who are equal. */
const SORTS = {
  created: { ...CUSTOMERS, key: 'c.created_at', type: 'timestamptz' },
  name: { ...CUSTOMERS, key: 'c.sort_name', type: 'text' },
  points: { ...ACCOUNTS, key: 'a.points_balance', type: 'bigint' },
  spent: { ...ACCOUNTS, key: 'a.total_spent_minor', type: 'bigint' },
  /** Who never bought comes as if it were longer ago than everything. */
  last_visit: { ...ACCOUNTS, key: LAST_VISIT, type: 'timestamptz' },
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

interface Sorted {
  filter: CustomerFilter;
  sort: CustomerSort;
  limit: number;
  after?: Place;
}

/** How many customers are looked at in their order, before those within a range are collected and sorted. */
const LOOKED_AT = 5_000;

/**
 * A range that holds many fills its page from the next few thousand in order; what one holds that has few, is collected
 * and sorted. PostgreSQL can't know that who came long ago was last here long ago, too: left to itself, it would go
 * through everybody in order to find them at the end.
 */
async function sortedCustomers(db: Database, list: Sorted): Promise<PlacedCustomer[]> {
  // A range of what the list is sorted by is a part of its index.
  const ranges = RANGES.flat().filter((name) => !name.startsWith(list.sort.replace('-', '')));
  const hasRange = ranges.some((name) => list.filter[name] !== undefined);
  const until = hasRange ? await readPlaceAhead(db, list) : undefined;
  const near = await readSorted(db, list, { until });
  if (until === undefined || near.length === list.limit) return near;
  const rest = { ...list, after: until, limit: list.limit - near.length };
  return [...near, ...(await readSorted(db, rest, { collect: true }))];
}

/** @param how `until` is the last place to look at; `collect` hides the order's index, so that it is not followed */
function readSorted(
  db: Database,
  { filter, sort, after, limit }: Sorted,
  how: { until?: Place; collect?: boolean },
): Promise<PlacedCustomer[]> {
  const { key, id, type, direction, beyond, upTo } = orderOf(sort);
  const query = selectCustomers(db)
    .select(db.raw(`${key}::text as place`))
    .orderByRaw(`${how.collect ? `greatest(${key}, ${key})` : key} ${direction}, ${id} ${direction}`)
    .limit(limit);
  applyFilter(query, filter);
  if (after) query.whereRaw(`(${key}, ${id}) ${beyond} (?::${type}, ?::uuid)`, [after.value, after.id]);
  if (how.until) query.whereRaw(`(${key}, ${id}) ${upTo} (?::${type}, ?::uuid)`, [how.until.value, how.until.id]);
  return query as unknown as Promise<PlacedCustomer[]>;
}

/** @returns undefined when fewer than that are left */
async function readPlaceAhead(db: Database, { sort, after }: Sorted): Promise<Place | undefined> {
  const { from, key, id, type, direction, beyond } = orderOf(sort);
  const conditions = [
    ...(from === ACCOUNTS.from ? ['a.closed_at is null'] : []),
    ...(after ? [`(${key}, ${id}) ${beyond} (?::${type}, ?::uuid)`] : []),
  ];
  const [place] = await rows<Place>(
    db,
    `select ${key}::text as value, ${id} as id from ${from} where ${['true', ...conditions].join(' and ')}
      order by ${key} ${direction}, ${id} ${direction} offset ${LOOKED_AT} limit 1`,
    after ? [after.value, after.id] : [],
  );
  return place;
}

function orderOf(sort: CustomerSort) {
  const descending = { direction: 'desc', beyond: '<', upTo: '>=' };
  const ascending = { direction: 'asc', beyond: '>', upTo: '<=' };
  return { ...SORTS[sort.replace('-', '') as SortKey], ...(sort.startsWith('-') ? descending : ascending) };
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
