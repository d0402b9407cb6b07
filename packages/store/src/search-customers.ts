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

interface Sql {
  sql: string;
  bindings: unknown[];
}
interface Condition extends Sql {
  /** The same for an index that answers it better than the one of parts; slower to hold a row against. */
  indexed?: Sql | undefined;
}

/** Names that one misspelt word stands for at the most. */
const SIMILAR = 5;
/** Names less alike than this are different names (pg_trgm, 0 to 1), unless one letter makes the difference. */
const ALIKE = 0.45;
/** More customers than that are no few. */
const CANDIDATES = 300;
/** The newest customers that are looked at one by one: before an index is asked for a few, and before it is for all. */
const [LOOKED_AT_FIRST, LOOKED_AT] = [500, 10_000];
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
    : { ...search, newest: await readNewest(db, NEWEST) };
}

/** The id of the last of the newest customers before that one. */
async function readNewest(db: Database, count: number, before?: string): Promise<string> {
  const sql = `select id from customers where id < ? order by id desc offset ${count} limit 1`;
  const [row] = await rows<{ id: string }>(db, sql, [before ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff']);
  return row?.id ?? '00000000-0000-0000-0000-000000000000';
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
      const before = step === Number(after?.value) ? after?.id : undefined;
      const narrowed = better === undefined ? condition : all([condition, none(better)], inBrackets);
      const wanted = { before, limit: limit - found.length, few: better !== undefined };
      const ids = await findNewest(db, filter, { ...wanted, condition: narrowed });
      found.push(...ids.map((id) => ({ value: String(step), id })));
      if (found.length === limit) break;
    }
    better = condition;
  }
  return readFound(db, found);
}

interface Wanted {
  condition: Condition;
  /** Only whoever is older than this one. */
  before: string | undefined;
  limit: number;
  /** That there may be none though there seem to be many, because all of them fitted in a step before. */
  few: boolean;
}

/**
 * The newest who fulfil the condition. PostgreSQL takes them from the index of parts, or meets them on the way back from
 * the newest when there are very many, where its statistics tell. Where they don't: the newest few hundred are looked at,
 * which is enough for what very many have; then a few of all others in any order, which are all when they are fewer than
 * that; else the next newest; and only when these do not fill the page, all that the index finds.
 */
async function findNewest(db: Database, filter: CustomerFilter, wanted: Wanted): Promise<string[]> {
  const { condition, before, limit, few } = wanted;
  const indexed = condition.indexed ?? condition;
  const matching = ({ sql, bindings }: Sql, ...[from, to]: [string | undefined, string?]) => {
    const query = selectCustomers(db).clearSelect().select('c.id');
    applyFilter(query, filter);
    if (from !== undefined) query.where('c.id', '<', from);
    if (to !== undefined) query.where('c.id', '>=', to);
    return query.whereRaw(sql, bindings as never) as unknown as Knex.QueryBuilder;
  };
  const found: string[] = [];
  const take = async (query: Knex.QueryBuilder) => {
    found.push(...((await query.limit(limit - found.length)) as { id: string }[]).map(({ id }) => id));
    return found.length === limit;
  };
  if (!few && indexed === condition) {
    await take(matching(condition, before).orderBy('c.id', 'desc'));
    return found;
  }
  const first = await readNewest(db, LOOKED_AT_FIRST, before);
  if (await take(matching(condition, before, first).orderBy('c.id', 'desc'))) return found;
  const some: { id: string }[] = await matching(indexed, first).limit(CANDIDATES);
  if (some.length < CANDIDATES) {
    const ids = some.map(({ id }) => id);
    return [...found, ...ids.sort().reverse()].slice(0, limit);
  }
  const next = await readNewest(db, LOOKED_AT, first);
  if (await take(matching(condition, first, next).orderBy('c.id', 'desc'))) return found;
  // Sorted by a term that no index has, or everybody might be walked through.
  await take(matching(indexed, next).orderByRaw('greatest(c.id, c.id) desc'));
  return found;
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
const like = (...pieces: [string, string, string]): Sql => ({
  sql: 'c.search_text like ?',
  bindings: [`%${pieces.map(literal).join('')}%`],
});
const whole = (word: string): Condition => ({ ...like(' ', word, ' '), indexed: asNumber(word, '') });
const begun = (word: string): Condition => ({ ...like(' ', word, ''), indexed: asNumber(word, ':*') });
const partOf = (word: string): Condition => like('', word, '');

/** Everybody has the three digits of a number somewhere, so that an index of parts finds too many; words with digits have one. */
function asNumber(word: string, sign: '' | ':*'): Sql | undefined {
  if (!/[0-9]/.test(word)) return undefined;
  return { sql: 'numbers(c.search_text) @@ ?::tsquery', bindings: [`'${word.replace(/['\\]/g, '$&$&')}'${sign}`] };
}

function wholeWords(search: Search): Condition {
  const { words, digits } = search;
  const inWords = withoutIndex(search, all(words, whole));
  return digits === undefined ? inWords : either(inWords, either(whole(digits), whole(`+${digits}`)));
}

function beginnings(search: Search): Condition {
  const inWords = withoutIndex(search, all(search.words, begun));
  return search.digits === undefined ? inWords : either(inWords, wholeWords(search));
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

const amongNewest = (condition: Condition, newest: string): Condition =>
  all([condition, { sql: 'c.id > ?', bindings: [newest] }], inBrackets);

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

const none = ({ sql, bindings }: Condition): Condition => ({ sql: `not (${sql})`, bindings });

const inBrackets = ({ sql, bindings, indexed }: Condition): Condition => ({
  ...{ sql: `(${sql})`, bindings },
  indexed: indexed && { sql: `(${indexed.sql})`, bindings: indexed.bindings },
});

function all<Item>(items: Item[], make: (item: Item, nr: number) => Condition): Condition {
  return join(items.map(make), ' and ');
}

function either(one: Condition, other: Condition): Condition {
  return inBrackets(join([one, other], ' or '));
}

function join(conditions: Condition[], word: ' and ' | ' or '): Condition {
  const joined = (parts: readonly Sql[]): Sql => ({
    sql: parts.map(({ sql }) => sql).join(word),
    bindings: parts.flatMap(({ bindings }) => bindings),
  });
  const hasIndexed = conditions.some(({ indexed }) => indexed !== undefined);
  return {
    ...joined(conditions),
    indexed: hasIndexed ? joined(conditions.map((condition) => condition.indexed ?? condition)) : undefined,
  };
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
