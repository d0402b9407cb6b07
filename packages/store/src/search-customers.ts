// The search box: what somebody typed against names, emails, phone numbers and external ids, the best matches first.
// Goes in steps and stops when the page is full: whole words, beginnings of words, parts, similar names. A customer
// belongs to the first step in which every word fits; within a step the newest comes first. Read-only.

import type { Knex } from 'knex';
import { type Database, rows } from './connect.ts';
import { applyFilter, type CustomerFilter } from './customer-filter.ts';
import { selectCustomers } from './customers.ts';
import type { Place, PlacedCustomer } from './list-customers.ts';
import { misspellings } from './misspellings.ts';

/** What was typed, without capitals and accents. */
export interface Search {
  words: string[];
  /** The whole of it as a phone number, if it can be one. */
  digits?: string;
  /** Below this id are all but the newest customers; only where no index helps. */
  newest?: string;
}

interface Condition {
  sql: string;
  bindings: unknown[];
}

/** Names that one misspelt word stands for at the most. */
const SIMILAR = 5;
/** Names less alike than this are different names (pg_trgm, 0 to 1), unless one letter makes the difference. */
const ALIKE = 0.45;
/** More customers than that are no few. */
const CANDIDATES = 2_000;
/** A search of more words is no name that was misspelt. */
const MISSPELT_WORDS = 8;
/** No index helps to find one or two letters within a word: then only so many of the newest customers are looked at. */
const NEWEST = 10_000;

/** @returns undefined for nothing but blanks, which searches for nothing */
export async function readSearch(db: Database, typed = ''): Promise<Search | undefined> {
  const words = [...new Set(typed.trim().split(/\s+/))].filter((word) => word !== '');
  if (words.length === 0) return undefined;
  const folded = await rows<{ word: string }>(
    db,
    `select coalesce(nullif(fold(word), ''), word) as word from unnest(?::text[]) with ordinality as typed (word, nr)
      order by nr`,
    [words],
  );
  const digits = phoneDigits(typed.trim());
  // Nothing but a phone number begins with a plus.
  if (digits?.startsWith('+')) return { words: [digits] };
  const search = { words: folded.map(({ word }) => word), digits };
  return search.words.some((word) => /[\p{L}\p{N}]{3}/u.test(word))
    ? search
    : { ...search, newest: await readNewest(db) };
}

async function readNewest(db: Database): Promise<string> {
  const sql = `select id from customers order by id desc offset ${NEWEST} limit 1`;
  return (await rows<{ id: string }>(db, sql))[0]?.id ?? '00000000-0000-0000-0000-000000000000';
}

/** @param after.value the step in which the last page ended */
export async function searchCustomers(
  db: Database,
  { filter, search, after, limit }: { filter: CustomerFilter; search: Search; after?: Place; limit: number },
): Promise<PlacedCustomer[]> {
  const found: Place[] = [];
  let better: Condition | undefined;
  for (const [step, makeCondition] of STEPS.entries()) {
    const condition = await makeCondition(search, db);
    if (condition === undefined) break;
    if (step >= Number(after?.value ?? 0)) {
      const narrowed = narrow(condition, better, step === Number(after?.value) ? after?.id : undefined);
      const ids = await findNewest(db, filter, { ...narrowed, limit: limit - found.length, few: better !== undefined });
      found.push(...ids.map((id) => ({ value: String(step), id })));
      if (found.length === limit) break;
    }
    better = condition;
  }
  return readFound(db, found);
}

function narrow(condition: Condition, better: Condition | undefined, before: string | undefined): Condition {
  const conditions = [condition];
  if (better !== undefined) conditions.push({ sql: `not (${better.sql})`, bindings: better.bindings });
  if (before !== undefined) conditions.push({ sql: 'c.id < ?', bindings: [before] });
  return all(conditions, (one) => ({ ...one, sql: `(${one.sql})` }));
}

/**
 * The newest who fulfil the condition, which PostgreSQL takes from the index of parts, or meets on the way back from the
 * newest when there are very many.
 * @param options.few that there may be none though there seem to be many, because all of them fitted in a step before:
 * then some are taken in any order first, and the way back is gone only when these show that there are many indeed
 */
async function findNewest(
  db: Database,
  filter: CustomerFilter,
  { sql, bindings, limit, few }: Condition & { limit: number; few: boolean },
): Promise<string[]> {
  const matching = () => {
    const query = selectCustomers(db).clearSelect().select('c.id');
    applyFilter(query, filter);
    return query.whereRaw(sql, bindings as never) as unknown as Knex.QueryBuilder;
  };
  if (few) {
    const some: { id: string }[] = await matching().limit(CANDIDATES);
    const ids = some
      .map(({ id }) => id)
      .sort()
      .reverse();
    if (ids.length < CANDIDATES) return ids.slice(0, limit);
  }
  const newest: { id: string }[] = await matching().orderBy('c.id', 'desc').limit(limit);
  return newest.map(({ id }) => id);
}

async function readFound(db: Database, found: Place[]): Promise<PlacedCustomer[]> {
  const ids = found.map(({ id }) => id);
  const customers = new Map((await selectCustomers(db).whereIn('c.id', ids)).map((row) => [row.id, row]));
  // Whoever was erased in this very moment is missing.
  return found.flatMap(({ id, value }) => {
    const customer = customers.get(id);
    return customer === undefined ? [] : [{ ...customer, place: value }];
  });
}

/** Narrows the query to whom any step finds: each step finds all that the one before it does. */
export async function whereFound(db: Database, query: Knex.QueryBuilder, search: Search): Promise<void> {
  const condition = (await similar(search, db)) ?? parts(search);
  query.whereRaw(condition.sql, condition.bindings as never);
}

type Step = (search: Search, db: Database) => Condition | undefined | Promise<Condition | undefined>;

/** Each gives the condition for all words; the last one none when no name is spelt much like what was typed. */
const STEPS: Step[] = [wholeWords, beginnings, parts, similar];

/** In `search_text` every word stands between spaces. */
const like = (...pieces: [string, string, string]): Condition => ({
  sql: 'c.search_text like ?',
  bindings: [`%${pieces.map(literal).join('')}%`],
});
const whole = (word: string) => like(' ', word, ' ');
const partOf = (word: string) => like('', word, '');

function wholeWords(search: Search): Condition {
  const { words, digits } = search;
  const inWords = withoutIndex(search, all(words, whole));
  return digits === undefined ? inWords : either(inWords, either(whole(digits), whole(`+${digits}`)));
}

function beginnings(search: Search): Condition {
  const begun = withoutIndex(
    search,
    all(search.words, (word) => like(' ', word, '')),
  );
  return search.digits === undefined ? begun : either(begun, wholeWords(search));
}

function parts(search: Search): Condition {
  const { words, digits, newest } = search;
  const inWords = all(words, partOf);
  const found = newest === undefined ? inWords : either(amongNewest(inWords, newest), beginnings(search));
  return digits === undefined ? found : either(found, partOf(digits));
}

/** Signs alone are in no index, not even as whole words. */
function withoutIndex({ words, newest }: Search, condition: Condition): Condition {
  const isIndexed = newest === undefined || words.some((word) => /[\p{L}\p{N}]/u.test(word));
  return isIndexed ? condition : amongNewest(condition, newest);
}

const amongNewest = ({ sql, bindings }: Condition, newest: string): Condition => ({
  sql: `${sql} and c.id > ?`,
  bindings: [...bindings, newest],
});

/** Each word is a part of something, or a name that is spelt much like it. */
async function similar({ words }: Search, db: Database): Promise<Condition | undefined> {
  if (words.length > MISSPELT_WORDS) return undefined;
  const names: string[][] = [];
  for (const word of words) names.push(await namesLike(db, word));
  if (names.every((list) => list.length === 0)) return undefined;
  return all(words, (word, nr) => (names[nr] ?? []).map(whole).reduce(either, partOf(word)));
}

/** Names that one letter tells from the word; if there are none, those that look much like it. */
async function namesLike(db: Database, text: string): Promise<string[]> {
  const spelt = misspellings(text);
  if (spelt.length === 0) return [];
  const names = await rows<{ word: string }>(
    db,
    `select word from name_words where word = any(?) order by similarity(word, ?) desc, word limit ${SIMILAR}`,
    [spelt, text],
  );
  if (names.length > 0) return names.map(({ word }) => word);
  const alike = await db.transaction(
    async (tx) => {
      await tx.raw(`set local pg_trgm.similarity_threshold = ${ALIKE}`);
      return rows<{ word: string }>(
        tx,
        `select word from name_words where word % ? and word <> ?
          order by similarity(word, ?) desc, word limit ${SIMILAR}`,
        [text, text, text],
      );
    },
    { readOnly: true },
  );
  return alike.map(({ word }) => word);
}

function all<Item>(items: Item[], make: (item: Item, nr: number) => Condition): Condition {
  const conditions = items.map(make);
  return {
    sql: conditions.map(({ sql }) => sql).join(' and '),
    bindings: conditions.flatMap(({ bindings }) => bindings),
  };
}

function either(one: Condition, other: Condition): Condition {
  return { sql: `(${one.sql} or ${other.sql})`, bindings: [...one.bindings, ...other.bindings] };
}

/** A phone number as it is stored, whatever way it was written; of a national one what follows its leading zeros. */
function phoneDigits(text: string): string | undefined {
  const digits = text
    .replace(/\(0\)/, '')
    .replace(/[\s()./-]/g, '')
    .replace(/^0+/, '');
  return /^(?:\+\d{3,}|\d{4,})$/.test(digits) ? digits : undefined;
}

/** LIKE's wildcards taken for what they are. */
function literal(word: string): string {
  return word.replace(/[\\%_]/g, '\\$&');
}
