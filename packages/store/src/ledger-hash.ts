// The hash chain: each decided line of a customer's ledger carries the SHA-256 of itself and of the hash before it, so
// that a line that was changed, left out or put in by hand is found. Texts are not covered: erasure takes them out.

import { hash } from 'node:crypto';

/** What it covers of a decision; the rows of the table have it under the same names. */
export interface HashedLine {
  customer_id: string;
  sequence: number | null;
  type: string;
  status: string;
  points: number;
  balance_after: number;
  rejection_code: string | null;
  occurred_at: string;
}

interface Purchase {
  amount_minor: number | null;
  currency: string | null;
}

/**
 * @param before null for the first line
 * @param explanation the JSON as it is stored, character by character; empty for none
 * @returns hexadecimal, as hashes are everywhere in this code
 */
export function hashLine(
  before: string | null,
  id: string,
  line: HashedLine,
  { explanation, purchase }: { explanation: string; purchase: Purchase | undefined },
): string {
  return hash(
    'sha256',
    `${before}|${id}|${line.customer_id}|${line.sequence}|${line.type}|${line.status}|${line.points}` +
      `|${purchase?.amount_minor ?? ''}|${purchase?.currency ?? ''}|${line.balance_after}|${line.rejection_code}` +
      `|${line.occurred_at}|${explanation}`,
  );
}
