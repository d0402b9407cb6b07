// The search as one types: a moment after the last key, and what was asked before is not waited for.

import type { Customer, QueryOf } from '@customer-service/client';
import { useEffect, useState } from 'preact/hooks';
import { useSession } from '../session.ts';
import { type Listed, useList } from '../use-list.ts';

export interface Search {
  search: string;
  /** Empty: any. */
  tier: string;
  status: string;
}

type Query = QueryOf<'GET /customers'>;
const PAGE = 25;
/** Between two keys of somebody who types. */
const TYPING_MS = 150;

export function useSearch(search: Search): Listed<Customer> {
  const { client } = useSession();
  const asked = useDelayed(search);
  const query = queryOf(asked);
  const list = useList(
    async (cursor, signal) =>
      (
        await client.request('GET /customers', {
          query: { ...query, ...(cursor && { cursor }) },
          ...(signal && { signal }),
        })
      ).body,
    [JSON.stringify(query)],
  );
  return { ...list, busy: list.busy || asked !== search };
}

/** Of nothing but blanks is no search. */
function queryOf({ search, tier, status }: Search): Query {
  const words = search.trim();
  return {
    limit: PAGE,
    ...(words !== '' && { search: words }),
    ...(tier !== '' && { tier: tier as NonNullable<Query['tier']> }),
    ...(status !== '' && { status: status as NonNullable<Query['status']> }),
  };
}

function useDelayed<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
