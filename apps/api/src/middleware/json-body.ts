// Reads the body as strict JSON: declared as JSON, in UTF-8, of bounded size and depth, no name twice in one object, no
// number that would lose digits, no text that PostgreSQL can't store.

import type { Middleware } from 'koa';
import { isSafeNumber, parse } from 'lossless-json';
import rawBody from 'raw-body';
import { Problem } from '../problems.ts';
import type { Route } from '../route.ts';

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;
/** Fields and list items of a body; a full profile has a few hundred. */
const MAX_PARTS = 2_000;
const PARTS_OF_AN_ITEM = 50;

/** Leaves an object in `ctx.state.body`; of NDJSON `{ items }`, with a Problem in place of each line that is wrong. */
export function readJson(route: Route): Middleware {
  const { consumes = ['application/json'], max_bytes = MAX_BYTES, max_items } = route;
  const max_parts = max_items === undefined ? MAX_PARTS : max_items * PARTS_OF_AN_ITEM;
  return async (ctx, next) => {
    const type = ctx.is([...consumes]);
    const utf8 = ctx.request.charset === '' || /^utf-?8$/i.test(ctx.request.charset);
    if (!type || !utf8 || ctx.get('Content-Encoding') !== '') {
      throw new Problem('unsupported-media-type', `The body must be ${consumes.join(' or ')} in UTF-8, not encoded.`);
    }
    const text = await readText(ctx.req, max_bytes);
    ctx.state.body =
      type === 'application/x-ndjson' ? { items: parseLines(text, max_items) } : parseObject(text, max_parts);
    refuseLength((ctx.state.body as { items?: unknown }).items, max_items);
    await next();
  };
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function readText(stream: NodeJS.ReadableStream, limit: number): Promise<string> {
  const bytes = await rawBody(stream, { limit }).catch((error: { type?: string }) => {
    if (error.type === 'entity.too.large')
      throw new Problem('payload-too-large', `A body may have ${limit} bytes here.`);
    throw new Problem('bad-request', 'The body ended early.');
  });
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw new Problem('malformed-json', 'The body is not UTF-8.');
  }
}

function parseLines(text: string, max_items: number | undefined): (object | Problem)[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  refuseLength(lines, max_items);
  return lines.map((line) => {
    try {
      return parseObject(line, PARTS_OF_AN_ITEM);
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  });
}

/** @throws Problem `validation-failed` for a list that is longer than the route takes */
function refuseLength(items: unknown, max: number | undefined): void {
  if (max === undefined || !Array.isArray(items) || items.length <= max) return;
  const errors = [{ pointer: '/items', code: 'array-max', detail: `must contain less than or equal to ${max} items` }];
  throw new Problem('validation-failed', '1 field(s) break a rule.', { errors });
}

function parseObject(text: string, max_parts: number): object {
  const value = parseStrictly(text, max_parts);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem('body-not-object', 'A JSON object is expected.');
  }
  return value;
}

function parseStrictly(text: string, max_parts: number): unknown {
  const names = countNames(text, max_parts);
  const parsed = (() => {
    try {
      return parsePlain(text) ?? parse(text, null, exactNumber);
    } catch (error) {
      // The parser's own message quotes the text, which may be a person's data: only the place is told.
      const place = /position \d+/.exec((error as Error).message)?.[0];
      throw new Problem('malformed-json', `This is not valid JSON${place ? ` at ${place}` : ''}.`);
    }
  })();
  // The parser refuses a name with two values, and takes one that has the same value twice.
  if (checkMembers(parsed) !== names) throw new Problem('malformed-json', 'An object has the same name twice.');
  return parsed;
}

const CODES = { quote: 34, comma: 44, colon: 58, list: 91, backslash: 92, list_end: 93, object: 123, object_end: 125 };

/** What JSON.parse may read otherwise than the strict parser: escapes, numbers of many digits, and one name. */
const NOT_PLAIN = /\\|__proto__|[[:,]\s*-?(?:\d{16}|\d+[.eE])/;

/** As the strict parser, in a fraction of its time; undefined where only that one can tell. */
function parsePlain(text: string): unknown {
  if (NOT_PLAIN.test(text)) return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * Looked at before parsing, because a recursive parser must not meet a depth that ends it.
 * @returns how many names of members there are, if this is JSON. @throws Problem `json-too-complex`
 */
function countNames(text: string, max_parts: number): number {
  let depth = 0;
  let parts = 0;
  let names = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (quoted) {
      if (character === CODES.backslash) index += 1;
      else if (character === CODES.quote) quoted = false;
    } else if (character === CODES.quote) quoted = true;
    else if (character === CODES.object || character === CODES.list) depth += 1;
    else if (character === CODES.object_end || character === CODES.list_end) depth -= 1;
    else if (character === CODES.comma) parts += 1;
    else if (character === CODES.colon) names += 1;
    if (parts > max_parts) throw new Problem('json-too-complex', `More than ${max_parts} fields and list items.`);
    if (depth > MAX_DEPTH) throw new Problem('json-too-complex', `More than ${MAX_DEPTH} levels of nesting.`);
  }
  return names;
}

/** A number that binary floating point can't hold becomes NaN, which no schema accepts: its field is named by then. */
function exactNumber(text: string): number {
  return isSafeNumber(text, { approx: true }) ? Number(text) : Number.NaN;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what it looks for
const NOT_STORABLE = /\u0000|\p{Surrogate}/u;

/** @returns how many members the objects in it have. @throws Problem `malformed-json` for a text that can't be stored */
function checkMembers(value: unknown): number {
  if (typeof value === 'string' && NOT_STORABLE.test(value)) {
    throw new Problem('malformed-json', 'A string holds a NUL character or half of a surrogate pair.');
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((members, item) => members + checkMembers(item), 0);
  return Object.entries(value).reduce((members, [name, inner]) => {
    checkMembers(name);
    return members + 1 + checkMembers(inner);
  }, 0);
}
