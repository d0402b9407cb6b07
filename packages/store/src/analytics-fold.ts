// Folds what was counted beside the transactions into the figures that analytics reads. Nothing is lost or counted
// twice whenever this runs, or when it does not: the reader sums up both.

import { type Database, rows } from './connect.ts';

/** Rows one SQL transaction folds at the most: keeps it near 100 ms, well below what a merge waits for it. */
const MAX_ROWS = 2_000;

/** @returns whether there may be more to fold; false also while another process does it */
export async function foldAnalytics(db: Database): Promise<boolean> {
  const [answer] = await rows<{ folded: number }>(db, 'select fold_analytics(?) as folded', [MAX_ROWS]);
  return (answer?.folded ?? 0) >= MAX_ROWS;
}
