// What the audit needs of transactions that another record of the same person made, before the two were merged: the
// originals of reversals, with what others had taken back of them by then. Read-only.

import { type Database, rows } from './connect.ts';
import { readTargets, type Targets } from './reversal-targets.ts';

/** What the audit knows of a line. */
interface Line {
  customer_id: string;
  explanation: { reversed?: { id: string } } | null;
}

interface Taken {
  id: string;
  customer_id: string;
  position: number;
  points: number;
  amount_minor: number;
}

/**
 * @param lines of any customers; those that took something back are looked at
 * @param ownerOf of these lines, by id
 */
export async function readOriginalsElsewhere(
  tx: Database,
  lines: readonly Line[],
  ownerOf: ReadonlyMap<string, string>,
): Promise<Targets> {
  const named = lines.flatMap(({ customer_id, explanation }) => {
    const reverses = explanation?.reversed?.id;
    if (reverses === undefined || ownerOf.get(reverses) === customer_id) return [];
    return [{ customer_id, order_id: null, terms: { reverses } }];
  });
  const targets: Targets = named.length === 0 ? new Map() : await readTargets(tx, named);
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
      const back = taken.filter(({ id }) => id === target.id);
      const first = Math.min(
        ...back.filter((line) => line.customer_id === customer_id).map(({ position }) => position),
      );
      const before = back.filter((line) => line.customer_id !== customer_id && line.position < first);
      target.reversed_points = before.reduce((sum, { points }) => sum + points, 0);
      target.reversed_amount_minor = before.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    }
  }
  return targets;
}
