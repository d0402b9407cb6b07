// Writes what was decided: the accounts, the outcomes on their rows, the lines that the ledger added by itself, the
// moves between tiers. Called by apply-pending alone, who holds the locks of the accounts.

import type { Outcome, PendingTransaction, TierChange } from '@customer-service/domain';
import { v7 as uuidv7 } from 'uuid';
import { type Database, rows } from './connect.ts';
import { hashLine, OF_THE_LEDGER } from './ledger-hash.ts';
import { type AccountRow, saveAccounts } from './loyalty-accounts.ts';

/** What one account became, and the lines by which it did. */
export interface Decided {
  account: AccountRow;
  outcomes: Outcome[];
  tier_changes: TierChange[];
}

/** The rows that were decided, by id: the hash covers what their outcomes do not say. */
type Posted = ReadonlyMap<string, PendingTransaction>;

interface Line extends Outcome {
  id: string;
  hash: Buffer | null;
}

/** @throws Error when a row had been decided before, which the lock makes impossible: the transaction must roll back */
export async function saveDecisions(tx: Database, decided: readonly Decided[], rows: Posted): Promise<void> {
  const [posted, added]: [Line[], Line[]] = [[], []];
  for (const each of decided) {
    const final = new Set(each.outcomes.map(({ id, status }) => (status === 'parked' ? null : id)));
    for (const outcome of each.outcomes) {
      // A refund that was parked and decided within one batch: its row is written once.
      if (outcome.status === 'parked' && final.has(outcome.id)) continue;
      const line = { ...outcome, id: outcome.id ?? uuidv7(), hash: null as Buffer | null };
      if (outcome.sequence !== null) {
        const covered = { ...(rows.get(line.id) ?? OF_THE_LEDGER), ...line, sequence: outcome.sequence };
        each.account.ledger_hash = line.hash = hashLine(each.account.ledger_hash, covered);
      }
      (outcome.id === null ? added : posted).push(line);
    }
  }
  await saveAccounts(
    tx,
    decided.map(({ account }) => account),
  );
  if (posted.length > 0) await saveOutcomes(tx, posted);
  if (added.length > 0) await insertLines(tx, added);
  const changes = decided.flatMap(({ tier_changes }) => tier_changes);
  if (changes.length > 0) await insertTierChanges(tx, changes);
}

function columnsOf(lines: readonly Line[]): Record<string, unknown[]> {
  return {
    id: lines.map((line) => line.id),
    status: lines.map((line) => line.status),
    rejection_code: lines.map((line) => line.rejection_code),
    points: lines.map((line) => (line.status === 'parked' ? null : line.points)),
    balance_after: lines.map((line) => (line.status === 'parked' ? null : line.balance_after)),
    sequence: lines.map((line) => line.sequence),
    explanation: lines.map((line) => line.explanation && JSON.stringify(line.explanation)),
    hash: lines.map((line) => line.hash),
  };
}

async function saveOutcomes(tx: Database, lines: readonly Line[]): Promise<void> {
  const columns = columnsOf(lines);
  const saved = await tx.raw<{ rowCount: number }>(
    `update loyalty_transactions t
        set status = u.status, rejection_code = u.rejection_code, points = coalesce(u.points, t.points),
            balance_after = u.balance_after, sequence = u.sequence, explanation = u.explanation, hash = u.hash,
            applied_at = case when u.sequence is null then null else ledger_now() end
       from unnest(?::uuid[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::jsonb[], ?::bytea[])
         as u (id, status, rejection_code, points, balance_after, sequence, explanation, hash)
      where t.id = u.id and t.status in ('pending', 'parked')`,
    Object.values(columns) as never,
  );
  if (saved.rowCount !== lines.length) {
    throw new Error(`decided ${lines.length} transactions but ${saved.rowCount} were still waiting`);
  }
}

function insertLines(tx: Database, lines: readonly Line[]): Promise<unknown> {
  const { status, ...columns } = columnsOf(lines);
  return rows(
    tx,
    `insert into loyalty_transactions
       (id, customer_id, type, occurred_at, rejection_code, points, balance_after, sequence, explanation, hash, status,
        idempotency_key, fingerprint, accepted_from, accepted_at, applied_at)
     select u.id, u.customer_id, u.type, u.occurred_at, null, u.points, u.balance_after, u.sequence, u.explanation,
            u.hash, 'applied', u.id::text, '', 'ledger', now.at, now.at
       from (select ledger_now() as at) as now,
            unnest(?::uuid[], ?::text[], ?::timestamptz[], ?::uuid[], ?::bigint[], ?::bigint[], ?::bigint[], ?::jsonb[],
                   ?::bytea[])
         as u (customer_id, type, occurred_at, id, points, balance_after, sequence, explanation, hash)
      order by u.customer_id, u.sequence`,
    [
      ...[lines.map((line) => line.customer_id), lines.map((line) => line.type)],
      lines.map((line) => line.occurred_at),
      ...[columns.id, columns.points, columns.balance_after, columns.sequence, columns.explanation, columns.hash],
    ],
  );
}

function insertTierChanges(tx: Database, changes: readonly TierChange[]): Promise<unknown> {
  return tx('loyalty_tier_changes').insert(changes);
}
