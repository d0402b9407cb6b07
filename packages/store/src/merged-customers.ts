// Which customer lives on as which. A merge leaves no chains: whoever was merged into its source goes along.

import { type Database, rows } from './connect.ts';

/**
 * Under which id customers that were merged live on. One that is open, erased or unknown is not in the answer.
 * Ask for it only after acceptance has said `customer-not-found`: a retry under the old id must find its own first row.
 */
export async function readMergedInto(db: Database, customerIds: readonly string[]): Promise<Map<string, string>> {
  const merged = await rows<{ id: string; merged_into: string }>(
    db,
    'select id, merged_into from customers where id = any(?) and merged_into is not null and erased_at is null',
    [customerIds],
  );
  return new Map(merged.map((row) => [row.id, row.merged_into]));
}

/** Everybody who is this customer now: itself and all that were merged into it. */
export async function readFamily(db: Database, customerId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(db, 'select id from customers where id = ? or merged_into = ? order by id', [
    customerId,
    customerId,
  ]);
  return found.map((row) => row.id);
}
