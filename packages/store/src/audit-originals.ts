// What the audit needs of transactions that another record of the same person made, before the two were merged: the
// originals of reversals, with what others had taken back of them by then. Read-only.

import { type Database, rows } from './connect.ts';
import { readTargets, type Targets } from './reversal-targets.ts';

/** What the audit knows of a reversal. */
type Reversal = Parameters<typeof readTargets>[1][number] & {
  id: string;
  explanation: { reversed?: { id: string } } | null;
};

interface Taken {
  id: string;
  customer_id: string;
  position: number;
  points: number;
  amount_minor: number;
}

/** @param reversals decided or parked ones, of any customers */
export async function readOriginalsElsewhere(
  tx: Database,
  reversals: readonly Reversal[],
  own: ReadonlySet<string>,
): Promise<Targets> {
  // An order's name is gone with its customer's; the line itself says what it took back.
  const named = reversals.map(({ customer_id, order_id, terms, explanation }) => {
    const reverses = terms?.reverses ?? explanation?.reversed?.id;
    return { customer_id, order_id, terms: reverses === undefined ? null : { reverses } };
  });
  const targets = named.length === 0 ? new Map() : await readTargets(tx, [...named, ...reversals]);
  for (const theirs of targets.values()) for (const id of theirs.keys()) if (own.has(id)) theirs.delete(id);
  const ids = [...new Set([...targets.values()].flatMap((theirs) => [...theirs.keys()]))];
  if (ids.length === 0) return targets;
  const taken = await rows<Taken>(
    tx,
    `select explanation #>> '{reversed,id}' as id, customer_id, position,
            (explanation #>> '{reversed,points}')::bigint as points,
            (explanation #>> '{reversed,amount_minor}')::bigint as amount_minor
       from loyalty_transactions
      where type in ('reverse_earn', 'reverse_redeem') and explanation #>> '{reversed,id}' = any(?)`,
    [ids],
  );
  for (const [customer_id, theirs] of targets) {
    for (const target of theirs.values()) {
      const lines = taken.filter(({ id }) => id === target.id);
      const first = Math.min(
        ...lines.filter((line) => line.customer_id === customer_id).map(({ position }) => position),
      );
      const before = lines.filter((line) => line.customer_id !== customer_id && line.position < first);
      target.reversed_points = before.reduce((sum, { points }) => sum + points, 0);
      target.reversed_amount_minor = before.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    }
  }
  return targets;
}
