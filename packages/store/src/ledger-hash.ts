// The hash chain: each decided line of a customer's ledger carries the SHA-256 of itself and of the hash before it, so
// that a line that was changed, left out or put in by hand is found. Texts are not covered: erasure takes them out.

import { hash } from 'node:crypto';
import type { Explanation } from '@customer-service/domain';

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
  explanation: Explanation | null;
}

/** @param before null for the first line. @returns hexadecimal, as hashes are everywhere in this code */
export function hashLine(
  before: string | null,
  id: string,
  line: HashedLine,
  purchase?: { amount_minor: number | null; currency: string | null },
): string {
  const explanation = line.explanation === null ? '' : JSON.stringify(sorted(line.explanation));
  return hash(
    'sha256',
    `${before}|${id}|${line.customer_id}|${line.sequence}|${line.type}|${line.status}|${line.points}` +
      `|${purchase?.amount_minor ?? ''}|${purchase?.currency ?? ''}|${line.balance_after}|${line.rejection_code}` +
      `|${line.occurred_at}|${explanation}`,
  );
}

/** The same value with its names in order, because jsonb keeps another one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
