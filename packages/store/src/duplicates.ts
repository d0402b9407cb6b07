// Customers who may be here twice. Each record is held against the older ones that share a key with it: a phone, the name
// of a mailbox, a name, a birthday, a city and a part of the name. Read-only.

import { type DuplicateReason, duplicateScore } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

/** What a person at a desk needs to see of a record to decide. */
export interface DuplicateCustomer {
  id: string;
  first_name: string;
  last_name: string;
  email: string | null;
  phone: string | null;
  alternate_email: string | null;
  alternate_phone: string | null;
  date_of_birth: string | null;
  cities: string[];
  created_at: string;
}

export interface DuplicatePair {
  /** 0 to 100. */
  score: number;
  reasons: DuplicateReason[];
  /** The newer one first. */
  customers: [DuplicateCustomer, DuplicateCustomer];
}

/** A pair, as the place where a page ends: the next one begins with what is older. */
export interface PairKey {
  newer_id: string;
  older_id: string;
}

const NOBODY = '00000000-0000-0000-0000-000000000000';
const EVERYBODY = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** How many records one statement holds against the older ones, and how many statements one page takes at the most. */
const RECORDS = 50;
const STATEMENTS = 20;
/** When this has gone by, a page begins no further statement. */
const BUDGET_MS = 250;
/** Names less alike than this are different names (pg_trgm, 0 to 1). */
const SIMILAR = 0.5;

/**
 * One page of pairs, those with the newest record first. The work is limited as well: a page looks at 1,000 records at
 * the most, and for a quarter of a second, so that it may have fewer pairs than asked for, or none, and go on all the
 * same.
 * @returns the pairs, and where the next page begins; null at the end
 */
export function listDuplicates(
  db: Database,
  { limit, after = { newer_id: EVERYBODY, older_id: EVERYBODY } }: { limit: number; after?: PairKey },
): Promise<{ pairs: DuplicatePair[]; next: PairKey | null }> {
  return db.transaction(
    async (tx) => {
      await tx.raw(`set local pg_trgm.similarity_threshold = ${SIMILAR}; set local enable_seqscan = off`);
      const found: FoundPair[] = [];
      const deadline = Date.now() + BUDGET_MS;
      let place = after;
      for (let statement = 0; statement < STATEMENTS; statement += 1) {
        const ids = await listRecords(tx, place);
        found.push(...(await findPairs(tx, { ids, place, limit: limit + 1 - found.length })));
        if (found.length > limit) {
          const page = found.slice(0, limit);
          return { pairs: await present(tx, page), next: page.at(-1) as PairKey };
        }
        const last = ids.at(-1);
        if (last === undefined || ids.length < RECORDS) return { pairs: await present(tx, found), next: null };
        place = { newer_id: last, older_id: NOBODY };
        if (Date.now() > deadline) break;
      }
      return { pairs: await present(tx, found), next: place };
    },
    { readOnly: true },
  );
}

async function listRecords(tx: Database, place: PairKey): Promise<string[]> {
  const records = await rows<{ id: string }>(
    tx,
    `select id from customers where id <= ? and ${OPEN} order by id desc limit ${RECORDS}`,
    [place.newer_id],
  );
  return records.map((record) => record.id);
}

interface FoundPair extends PairKey {
  reasons: DuplicateReason[];
}

const OPEN = 'erased_at is null and merged_into is null';
/** Older records that one key finds for one record: a mailbox called `info` must not keep the page busy. */
const FOUND_AT_ONCE = 50;
/** Those of which the names are compared: the day that stands for "unknown" has many birthdays. */
const COMPARED_AT_ONCE = 200;

const SIMILAR_NAME = 'full_name(first_name, last_name) % full_name(n.first_name, n.last_name)';
const NAMES = 'id, first_name, last_name, date_of_birth, addresses';

/** The older records with one of `keys` in `column`, the newest first: as the index of both has them. */
const olderWith = (column: string, keys: string) => `
  (select older.id from unnest(array[${keys}]) as key cross join lateral (
     select id from customers where ${column} = key and id < n.id and ${OPEN} order by id desc limit ${FOUND_AT_ONCE}
   ) as older)`;

const SEARCHES = [
  olderWith('phone', 'n.phone, n.alternate_phone'),
  olderWith('alternate_phone', 'n.phone, n.alternate_phone'),
  olderWith('mailbox_name(email)', 'mailbox_name(n.email), mailbox_name(n.alternate_email)'),
  olderWith('mailbox_name(alternate_email)', 'mailbox_name(n.email), mailbox_name(n.alternate_email)'),
  `(select id from (
      select ${NAMES} from customers
       where full_name(first_name, last_name) = full_name(n.first_name, n.last_name) and id < n.id and ${OPEN}
       order by id desc limit ${COMPARED_AT_ONCE}
    ) as namesakes where date_of_birth = n.date_of_birth or cities(addresses) && cities(n.addresses))`,
  `(select id from (
      select ${NAMES} from customers where date_of_birth = n.date_of_birth and id < n.id and ${OPEN}
       order by id desc limit ${COMPARED_AT_ONCE}
    ) as of_one_day where ${SIMILAR_NAME})`,
  // This index knows no order. Its records are many only where a city is large and a name is common.
  `(select id from (
      select ${NAMES} from customers
       where name_keys(first_name, last_name, cities(addresses))
               && name_keys(n.first_name, n.last_name, cities(n.addresses)) and ${OPEN}
       limit ${COMPARED_AT_ONCE}
    ) as of_one_city where id < n.id and ${SIMILAR_NAME})`,
];

const REASONS: [DuplicateReason, string][] = [
  ['same-phone', 'array[n.phone, n.alternate_phone] && array_remove(array[o.phone, o.alternate_phone], null)'],
  [
    'same-mailbox-name',
    `array[mailbox_name(n.email), mailbox_name(n.alternate_email)]
       && array_remove(array[mailbox_name(o.email), mailbox_name(o.alternate_email)], null)`,
  ],
  ['same-name', 'full_name(n.first_name, n.last_name) = full_name(o.first_name, o.last_name)'],
  [
    'similar-name',
    `full_name(n.first_name, n.last_name) <> full_name(o.first_name, o.last_name)
       and full_name(n.first_name, n.last_name) % full_name(o.first_name, o.last_name)`,
  ],
  ['same-birthday', 'n.date_of_birth = o.date_of_birth'],
  ['same-city', 'cities(n.addresses) && cities(o.addresses)'],
];

const FIND_PAIRS = `
  select n.id as newer_id, o.id as older_id, reasons.given as reasons
    from customers n
    cross join lateral (${SEARCHES.join(' union ')}) as found
    join customers o on o.id = found.id
    cross join lateral (select array_remove(array[
      ${REASONS.map(([reason, condition]) => `case when ${condition} then '${reason}' end`).join(', ')}
    ], null) as given) as reasons
   where n.id = any(?) and (n.id < ? or o.id < ?)
   order by n.id desc, o.id desc limit ?`;

function findPairs(
  tx: Database,
  { ids, place, limit }: { ids: string[]; place: PairKey; limit: number },
): Promise<FoundPair[]> {
  return rows(tx, FIND_PAIRS, [ids, place.newer_id, place.older_id, limit]);
}

async function present(tx: Database, pairs: FoundPair[]): Promise<DuplicatePair[]> {
  const customers = await rows<DuplicateCustomer>(
    tx,
    `select id, first_name, last_name, email, phone, alternate_email, alternate_phone, date_of_birth,
            cities(addresses) as cities, created_at
       from customers where id = any(?)`,
    [pairs.flatMap((pair) => [pair.newer_id, pair.older_id])],
  );
  const byId = new Map(customers.map((customer) => [customer.id, customer]));
  return pairs.map(({ newer_id, older_id, reasons }) => ({
    score: duplicateScore(reasons),
    reasons,
    customers: [byId.get(newer_id) as DuplicateCustomer, byId.get(older_id) as DuplicateCustomer],
  }));
}
