// Cursors: opaque to clients, to us the key of the last row of a page.

import { Problem } from './problems.ts';

export function encodeCursor(kind: string, key: unknown): string {
  return Buffer.from(JSON.stringify([kind, key])).toString('base64url');
}

/** @throws Problem `invalid-query` for anything `encodeCursor(kind, …)` did not make */
export function decodeCursor(kind: string, cursor: string, isKey: (key: unknown) => boolean): unknown {
  try {
    const [givenKind, key] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (givenKind === kind && isKey(key) && encodeCursor(kind, key) === cursor) return key;
  } catch {
    // Not ours: told below.
  }
  const errors = [{ parameter: 'cursor', code: 'cursor', detail: 'is not a next_cursor of this list' }];
  throw new Problem('invalid-query', 'The cursor can not be used.', { errors });
}

/** Cuts rows read with `limit + 1` to a page: the extra row only says that there is a next one. */
export function toPage<Row, Item>(
  rows: Row[],
  limit: number,
  make: { item(row: Row): Item; cursor(row: Row): string },
): { items: Item[]; next_cursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(make.item), next_cursor: rows.length > limit && last ? make.cursor(last) : null };
}
