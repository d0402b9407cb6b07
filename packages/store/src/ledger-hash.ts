// The hash chain: each decided line of a customer's ledger carries the SHA-256 of itself and of the hash before it, so
// that a line that was changed, left out or put in by hand is found. Texts are not covered: erasure takes them out.

import { hash } from 'node:crypto';
import type { PendingTransaction } from '@customer-service/domain';

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

/** And of what was posted; a line that the ledger added by itself has none of it. */
type Posted = Pick<PendingTransaction, 'amount_minor' | 'currency' | 'visits' | 'terms' | 'accepted_at'>;

/**
 * @param before null for the first line
 * @param explanation the JSON as it is stored, character by character; empty for none
 * @param posted as the table has it, whose jsonb keeps an order of names of its own
 * @returns hexadecimal, as hashes are everywhere in this code
 */
export function hashLine(
  before: string | null,
  id: string,
  line: HashedLine,
  { explanation, posted }: { explanation: string; posted: Posted | undefined },
): string {
  const terms = posted?.terms ? JSON.stringify(posted.terms) : '';
  return hash(
    'sha256',
    `${before}|${id}|${line.customer_id}|${line.sequence}|${line.type}|${line.status}|${line.points}` +
      `|${line.balance_after}|${line.rejection_code}|${line.occurred_at}|${explanation}|${posted?.amount_minor}` +
      `|${posted?.currency}|${posted?.visits}|${posted?.accepted_at}|${terms}`,
  );
}
