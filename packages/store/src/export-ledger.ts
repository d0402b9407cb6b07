// The ledger as it leaves the database, line by line, each held against its hash and the line before. In pages, so that
// ten million lines need no more memory than ten. Read-only.

import type { TransactionTerms } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { hashLine } from './ledger-hash.ts';

/** A decided line with all that its hash covers. The hash of the line before makes it provable by itself. */
export interface LedgerLine {
  customer_id: string;
  sequence: number;
  id: string;
  type: string;
  status: string;
  points: number;
  balance_after: number;
  tier_after: string;
  rejection_code: string | null;
  amount_minor: number | null;
  currency: string | null;
  visits: number | null;
  terms: TransactionTerms | null;
  explanation: object | null;
  accepted_from: string;
  occurred_at: string;
  accepted_at: string;
  applied_at: string;
  /** Hexadecimal; null for the first line, and for lines from before there was a chain. */
  previous_hash: string | null;
  hash: string | null;
}

/** What clients wrote in words, and what erasure takes out; no hash covers it. */
const TEXTS = ['idempotency_key', 'order_id', 'source', 'external_reference', 'description'] as const;

/** Lines booked at or after `from` (null: all) and before `before`, both RFC 3339. */
export interface LedgerPart {
  from: string | null;
  before: string;
  /** Whether the lines have what clients wrote in words as well. */
  texts: boolean;
}

export interface LedgerPage {
  lines: LedgerLine[];
  /** Where the next page begins; null: there is none. */
  next: LedgerPlace | null;
}

export type LedgerPlace = Pick<LedgerLine, 'customer_id' | 'sequence'>;

const PAGE = 5_000;
const BEGINNING: LedgerPlace = { customer_id: '00000000-0000-0000-0000-000000000000', sequence: 0 };

/** Some lines in the order of customer and sequence: what one customer has stands together, in the order of its chain. */
export async function readLedger(
  db: Database,
  { from, before, texts }: LedgerPart,
  after: LedgerPlace = BEGINNING,
): Promise<LedgerPage> {
  const found = await rows<LedgerLine & { explained: string | null }>(
    db,
    `select t.customer_id, t.sequence, t.id, t.type, t.status, t.points, t.balance_after, t.tier_after, t.rejection_code,
            t.amount_minor, t.currency, t.visits, t.terms, t.explanation, t.accepted_from, t.occurred_at, t.accepted_at,
            t.applied_at, encode(p.hash, 'hex') as previous_hash, encode(t.hash, 'hex') as hash
            ${texts ? TEXTS.map((name) => `, t.${name}`).join('') : ''}
       from (select * from loyalty_transactions
              where (customer_id, sequence) > (?::uuid, ?::bigint) and sequence is not null
              order by customer_id, sequence limit ${PAGE}) as t
       left join loyalty_transactions p on p.customer_id = t.customer_id and p.sequence = t.sequence - 1
      order by t.customer_id, t.sequence`,
    [after.customer_id, after.sequence],
  );
  const last = found.at(-1);
  return {
    lines: found.filter(({ applied_at }) => applied_at < before && (from === null || applied_at >= from)),
    next: last === undefined || found.length < PAGE ? null : last,
  };
}

/** Whether the line is what was booked. @param before the line before it of the same customer, where that is known */
export function isProven(line: LedgerLine, before?: LedgerLine): boolean {
  if (before !== undefined && before.hash !== line.previous_hash) return false;
  // Lines from before there was a chain have none.
  if (line.hash === null) return line.previous_hash === null;
  const explanation = line.explanation === null ? '' : JSON.stringify(line.explanation);
  const posted = line.accepted_from === 'ledger' ? undefined : line;
  return hashLine(line.previous_hash, line.id, line, { explanation, posted }) === line.hash;
}
