// The search box: what somebody typed against names, emails, phone numbers and external ids, the best matches first.
// Goes in steps and stops when the page is full: whole words, beginnings of words, parts, similar names. A customer
// belongs to the first step in which every word fits; within a step the newest comes first. Read-only.

import type { Knex } from 'knex';
import { type Database, rows } from './connect.ts';
import { applyFilter, type CustomerFilter } from './customer-filter.ts';
import { selectCustomers } from './customers.ts';
import type { Place, PlacedCustomer } from './list-customers.ts';
import { misspellings } from './misspellings.ts';

/** What was typed, without capitals and accents, with the names that begin with each word. */
export interface Search {
  words: { text: string; beginnings: string[] }[];
  /** The whole of it as a phone number, if it can be one. */
  digits?: string;
}

interface Condition {
  sql: string;
  bindings: unknown[];
}

/** Different names that one word stands for at the most: the work of a search that says next to nothing is limited. */
const BEGINNINGS = 200;
const SIMILAR = 50;
/** Names less alike than this are different names (pg_trgm, 0 to 1), unless one letter makes the difference. */
const ALIKE = 0.45;
/** A search of more words is no name that was misspelt. */
const MISSPELT_WORDS = 8;
/** No index helps to find one or two letters within a word: then only so many of the newest customers are looked at. */
const NEWEST = 10_000;

/** @returns undefined for nothing but blanks, which searches for nothing */
export async function readSearch(db: Database, typed = ''): Promise<Search | undefined> {
  const words = [...new Set(typed.trim().split(/\s+/))].filter((word) => word !== '');
  if (words.length === 0) return undefined;
  const found = await rows<Search['words'][number]>(
    db,
    `select text, array(select word from name_words where word >= text and word < text || chr(1114111)
                         order by word limit ${BEGINNINGS}) as beginnings
       from (select nr, coalesce(nullif(fold(word), ''), word) as text from unnest(?::text[]) with ordinality as typed (word, nr)) as folded
      order by nr`,
    [words],
  );
  return { words: found, digits: phoneDigits(typed.trim()) };
}

/** @param after.value the step in which the last page ended */
export async function searchCustomers(
  db: Database,
  { filter, search, after, limit }: { filter: CustomerFilter; search: Search; after?: Place; limit: number },
): Promise<PlacedCustomer[]> {
  const found: PlacedCustomer[] = [];
  let better: Condition | undefined;
  for (const [step, makeCondition] of STEPS.entries()) {
    const condition = await makeCondition(search, db);
    if (condition === undefined) continue;
    if (step >= Number(after?.value ?? 0)) {
      const query = selectCustomers(db)
        .select(db.raw('? as place', [String(step)]))
        .orderBy('c.id', 'desc')
        .limit(limit - found.length);
      applyFilter(query, filter);
      query.whereRaw(condition.sql, condition.bindings as never);
      if (better !== undefined) query.whereRaw(`not (${better.sql})`, better.bindings as never);
      if (after !== undefined && step === Number(after.value)) query.where('c.id', '<', after.id);
      found.push(...((await query) as unknown as PlacedCustomer[]));
      if (found.length === limit) break;
    }
    better = condition;
  }
  return found;
}

/** Narrows the query to whom any step finds: each step finds all that the one before it does. */
export async function whereFound(db: Database, query: Knex.QueryBuilder, search: Search): Promise<void> {
  const condition = (await similar(search, db)) ?? parts(search);
  query.whereRaw(condition.sql, condition.bindings as never);
}

type Step = (search: Search, db: Database) => Condition | undefined | Promise<Condition | undefined>;

/** Each gives the condition for all words, or undefined when it would find nothing that the step before did not. */
const STEPS: Step[] = [wholeWords, beginnings, parts, similar];

function wholeWords({ words, digits }: Search): Condition {
  const texts = words.map(({ text }) => text);
  const whole = { sql: 'c.search_words @> ?::text[]', bindings: [texts] };
  if (digits === undefined) return whole;
  return either(whole, { sql: 'c.search_words && ?::text[]', bindings: [[digits, `+${digits}`]] });
}

function beginnings(search: Search): Condition | undefined {
  if (search.words.every(({ text, beginnings: names }) => names.every((name) => name === text))) return undefined;
  const begun = all(search.words, ({ text, beginnings: names }) => ({
    sql: 'c.search_words && ?::text[]',
    bindings: [[text, ...names]],
  }));
  return search.digits === undefined ? begun : either(begun, wholeWords(search));
}

const partOf = (text: string): Condition => ({ sql: 'c.search_text like ?', bindings: [`%${literal(text)}%`] });

function parts(search: Search): Condition {
  const { words, digits } = search;
  const inWords = all(words, ({ text }) => partOf(text));
  const hasIndex = words.some(({ text }) => /[\p{L}\p{N}]{3}/u.test(text));
  if (digits !== undefined) return hasIndex ? either(inWords, partOf(digits)) : partOf(digits);
  if (hasIndex) return inWords;
  const lately = { ...inWords, sql: `${inWords.sql} and ${AMONG_NEWEST}` };
  return either(lately, beginnings(search) ?? wholeWords(search));
}

const AMONG_NEWEST = `c.id > coalesce(
  (select id from customers order by id desc offset ${NEWEST} limit 1), '00000000-0000-0000-0000-000000000000')`;

/** Each word is a part of something, or a name that is spelt much like it. */
async function similar({ words }: Search, db: Database): Promise<Condition | undefined> {
  const spelt = words.map(({ text }) => misspellings(text));
  if (words.length > MISSPELT_WORDS || spelt.every((list) => list.length === 0)) return undefined;
  const found = await rows<{ names: string[] }>(
    db,
    `select array(select word from name_words
                   where word = any(array(select jsonb_array_elements_text(typed.spelt)))
                      or word % typed.text and similarity(word, typed.text) >= ${ALIKE}
                         and jsonb_array_length(typed.spelt) > 0
                   order by similarity(word, typed.text) desc, word limit ${SIMILAR}) as names
       from jsonb_to_recordset(?) as typed (nr int, text text, spelt jsonb) order by nr`,
    [JSON.stringify(words.map(({ text }, nr) => ({ nr, text, spelt: spelt[nr] })))],
  );
  const names = found.map((row, nr) => row.names.filter((name) => name !== words[nr]?.text));
  if (names.every((list) => list.length === 0)) return undefined;
  const each = words.map(({ text }, nr) => ({ text, names: names[nr] ?? [] }));
  return all(each, (word) => either(partOf(word.text), { sql: 'c.search_words && ?::text[]', bindings: [word.names] }));
}

function all<Item>(items: Item[], make: (item: Item) => Condition): Condition {
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
  return /^\+?\d{4,}$/.test(digits) ? digits : undefined;
}

/** LIKE's wildcards taken for what they are. */
function literal(word: string): string {
  return word.replace(/[\\%_]/g, '\\$&');
}
