// The hash chain: each decided line of a customer's ledger carries the SHA-256 of itself and of the hash before it, so
// that a line that was changed, left out or put in by hand is found. Texts are not covered: erasure takes them out.

import { createHash } from 'node:crypto';
import type { Explanation, TransactionTerms } from '@customer-service/domain';

export interface HashedLine {
  id: string;
  customer_id: string;
  sequence: number;
  type: string;
  status: string;
  points: number;
  amount_minor: number | null;
  currency: string | null;
  visits: number | null;
  terms: TransactionTerms | null;
  /** Null of a line that the ledger added by itself. */
  accepted_at: string | null;
  balance_after: number;
  rejection_code: string | null;
  occurred_at: string;
  explanation: Explanation | null;
}

/** What only a line that somebody posted has. */
export const OF_THE_LEDGER = { amount_minor: null, currency: null, visits: null, terms: null, accepted_at: null };

/** @param before null for the first line */
export function hashLine(before: Buffer | null, line: HashedLine): Buffer {
  const covered = [
    ...[line.id, line.customer_id, line.sequence, line.type, line.status, line.points, line.amount_minor],
    ...[line.currency, line.balance_after, line.rejection_code, line.occurred_at, sorted(line.explanation)],
    ...[line.accepted_at, line.visits, sorted(line.terms)],
  ];
  const hash = createHash('sha256');
  if (before !== null) hash.update(before);
  return hash.update(JSON.stringify(covered)).digest();
}

/** The same value with its names in order, because jsonb keeps another one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
