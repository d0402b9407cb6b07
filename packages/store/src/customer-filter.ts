// Which customers a list is of: one condition a filter, all of them together. Knows no order and no pages.

import type { Knex } from 'knex';

/** From and min are included, to is not, max is. Texts of a facet are compared without capitals and accents. */
export interface CustomerFilter {
  status?: string;
  tier?: string;
  email?: string;
  phone?: string;
  external_id?: string;
  tag?: string;
  city?: string;
  country?: string;
  dietary_restriction?: string;
  allergen?: string;
  /** 1 to 12. */
  birthday_month?: number;
  points_min?: number;
  points_max?: number;
  spent_min?: number;
  spent_max?: number;
  created_from?: string;
  created_to?: string;
  updated_from?: string;
  updated_to?: string;
  last_visit_from?: string;
  last_visit_to?: string;
}

const COLUMNS = {
  status: 'c.status',
  tier: 'a.tier',
  email: 'c.email',
  phone: 'c.phone',
  external_id: 'c.external_id',
} as const;

/** The column `facets` has them as `filter:value`. */
const FACETS = ['tag', 'city', 'country', 'dietary_restriction', 'allergen', 'birthday_month'] as const;

/** As its index has it. */
export const LAST_VISIT = "coalesce(a.last_visit_at, '-infinity')";

const CONDITIONS = {
  points_min: 'a.points_balance >= ?',
  points_max: 'a.points_balance <= ?',
  spent_min: 'a.total_spent_minor >= ?',
  spent_max: 'a.total_spent_minor <= ?',
  created_from: 'c.created_at >= ?',
  created_to: 'c.created_at < ?',
  updated_from: 'c.updated_at >= ?',
  updated_to: 'c.updated_at < ?',
  last_visit_from: `${LAST_VISIT} >= ?`,
  // Who never bought was not here before that day either, but is nobody who stopped coming.
  last_visit_to: `${LAST_VISIT} < ? and ${LAST_VISIT} > '-infinity'`,
} as const;

/** The filters that belong together as the beginning and the end of a range. */
export const RANGES = [
  ['points_min', 'points_max'],
  ['spent_min', 'spent_max'],
  ['created_from', 'created_to'],
  ['updated_from', 'updated_to'],
  ['last_visit_from', 'last_visit_to'],
] as const;

/** @param query selects from `customers as c` and `loyalty_accounts as a` */
export function applyFilter(query: Knex.QueryBuilder, filter: CustomerFilter): void {
  for (const [name, column] of entries(COLUMNS)) {
    if (filter[name] !== undefined) query.where(column, filter[name]);
  }
  for (const [name, condition] of entries(CONDITIONS)) {
    if (filter[name] !== undefined) query.whereRaw(condition, [filter[name]]);
  }
  const facets = FACETS.filter((name) => filter[name] !== undefined);
  if (facets.length === 0) return;
  const wanted = facets.map(() => "? || ':' || fold(?)").join(', ');
  query.whereRaw(
    `c.facets @> array[${wanted}]`,
    facets.flatMap((name) => [name, String(filter[name])]),
  );
}

function entries<Key extends string, Value>(table: Record<Key, Value>): [Key, Value][] {
  return Object.entries(table) as [Key, Value][];
}
