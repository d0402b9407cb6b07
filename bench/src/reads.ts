// What is read of a grown shop, each kind with several requests that take turns, so that no answer is only a lucky one.

import type { GrownShop } from './grown.ts';

/** What tells how the cost of a kind may grow. */
export type Group = 'customer' | 'page' | 'filter' | 'search' | 'history' | 'summary' | 'duplicates';

export interface Read {
  name: string;
  group: Group;
  /** Of the nth request. */
  path(places: Places, turn: number): string;
}

/** Where to read, found once for each shop. */
export interface Places {
  shop: GrownShop;
  /** Cursors near the end of the list, each of which begins a page. */
  deep: string[];
  /** Second pages of histories, as a part of the path. */
  histories: string[];
}

/** What is measured by requests a second, one after the other; everything else by its 95th percentile. */
export const isSpeed = ({ group }: Read): boolean => ['customer', 'page', 'history'].includes(group);

const pick = <Item>(items: readonly Item[], turn: number) => items[turn % items.length] as Item;

const list = (name: string, group: Group, queries: readonly string[]): Read => ({
  name,
  group,
  path: (_, turn) => `/customers?${new URLSearchParams(pick(queries, turn))}`,
});

const search = (what: string, words: readonly string[]): Read =>
  list(
    `search, ${what}`,
    'search',
    words.map((text) => `search=${encodeURIComponent(text)}`),
  );

const SORTS = ['name', '-name', 'points', '-points', '-spent', '-last_visit', 'last_visit'];

export const READS: readonly Read[] = [
  { name: 'customer by id', group: 'customer', path: ({ shop }, turn) => `/customers/${pick(shop.ids, turn * 37)}` },
  list('list, first page', 'page', ['']),
  { name: 'list, page at 90 %', group: 'page', path: ({ deep }, turn) => `/customers?cursor=${pick(deep, turn)}` },
  list(
    'list in another order',
    'page',
    SORTS.map((sort) => `sort=${sort}`),
  ),
  list('filter by status and tier', 'filter', ['status=inactive', 'status=suspended&tier=silver', 'tier=gold']),
  list('filter by city, country, tag', 'filter', [
    'city=zürich',
    'country=pl&tag=vip',
    'city=Malaga&tag=wine',
    'tag=press',
  ]),
  list('filter by diet, allergen, birthday', 'filter', ['dietary_restriction=vegan', 'allergen=milk&birthday_month=2']),
  list('filter by points and spend', 'filter', [
    'points_min=1000&points_max=1010',
    'spent_min=500000',
    'points_max=10',
  ]),
  list('filter by day', 'filter', ['created_to=2024-06-01T00:00:00Z', 'last_visit_to=2024-06-01T00:00:00Z']),
  list('filters and sort together', 'filter', [
    'city=paris&sort=-points',
    'tag=vip&sort=name',
    'tier=gold&sort=-last_visit',
  ]),
  search('a name few have', ['Harmaberg', 'Kelrolund', 'Tersiski', 'Balbaberg', 'Osgehoff']),
  search('a name many have', ['maria', 'Smith', 'muller', 'anna', 'James']),
  search('first and last name', ['Maria Smith', 'zoe andersson', 'Brown John', 'soren kowalski']),
  search('a beginning', ['har', 'Kow', 'ja', 'żu', 'm']),
  search('a slip', ['Andersosn', 'Jhonson', 'Kowalsky', 'Schmitd', 'Elodei Dubois']),
  search('a phone number', ['+44 7', '07104 594152', '+44 (0)7086 918944', '594152']),
  search('part of an email', ['maria.smith1', 'gmail.com', 'anna.m', 'orange.fr', '.brown2']),
  search('an external id', ['seed-4711', 'seed-9', 'SEED-1000']),
  search('nothing found', ['xyzzyqq', 'Qwrtzp Jklmnb', '999999999999', 'nobody@nowhere.example']),
  list('search and filters', 'search', ['search=maria&city=paris', 'search=smith&tier=gold', 'search=har&tag=vip']),
  {
    name: 'history, first page',
    group: 'history',
    path: ({ shop }, turn) => `/customers/${pick(shop.regulars, turn)}/loyalty/transactions`,
  },
  { name: 'history, third page', group: 'history', path: ({ histories }, turn) => pick(histories, turn) },
  { name: 'summary', group: 'summary', path: () => '/customers/analytics/summary' },
  {
    name: 'summary of a period',
    group: 'summary',
    path: () => '/customers/analytics/summary?date_from=2024-06-01&date_to=2024-12-31',
  },
  { name: 'duplicates', group: 'duplicates', path: () => '/customers/duplicates' },
];

interface Page {
  items: { id: string; created_at: string }[];
  next_cursor: string | null;
}

export async function findPlaces(shop: GrownShop): Promise<Places> {
  // Nothing of a shop that was kept is in memory yet.
  const page = async (path: string) => {
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      const answer = await shop.get(path);
      if (answer !== undefined) return answer as Page;
    }
    throw new Error(`${path} is not answered`);
  };
  const histories: string[] = [];
  for (const id of shop.regulars.slice(0, 50)) {
    const path = `/customers/${id}/loyalty/transactions`;
    histories.push(`${path}?cursor=${(await page(`${path}?limit=50`)).next_cursor}`);
  }
  return { shop, histories, deep: await deepCursors(page) };
}

/**
 * The customers are spread evenly over three years, so that the oldest tenth begins at a moment that is known. A cursor of
 * the plain list says where a page ended; one of a filtered list is of another list, so it is made from there.
 */
async function deepCursors(page: (path: string) => Promise<Page>): Promise<string[]> {
  const oldest = Date.parse((await page('/customers?sort=created&limit=1')).items[0]?.created_at as string);
  const created_to = new Date(oldest + (Date.now() - oldest) / 10).toISOString();
  const [kind] = JSON.parse(
    Buffer.from((await page('/customers?limit=1')).next_cursor as string, 'base64url').toString(),
  );
  const cursors: string[] = [];
  let next = '';
  for (let at = 0; at < 10; at += 1) {
    const { next_cursor } = await page(`/customers?created_to=${created_to}&limit=1${next && `&cursor=${next}`}`);
    next = next_cursor as string;
    const [, place] = JSON.parse(Buffer.from(next, 'base64url').toString());
    cursors.push(Buffer.from(JSON.stringify([kind, place])).toString('base64url'));
  }
  return cursors;
}
