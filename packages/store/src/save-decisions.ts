// Writes what was decided: the accounts, the outcomes on their rows, the lines that the ledger added by itself, the
// moves between tiers, and what of all that other systems are told. Called by apply-pending alone, who holds the locks of the accounts.

import type { Outcome, PendingTransaction, TierChange } from '@customer-service/domain';
import { v7 as uuidv7 } from 'uuid';
import { type Database, plainArray, prepared, rows, together } from './connect.ts';
import { eventsOf } from './decision-events.ts';
import { hashLine } from './ledger-hash.ts';
import { type AccountRow, saveAccounts } from './loyalty-accounts.ts';
import { type NewEvent, writeEvents } from './outbox.ts';

/** What one account became, and the lines by which it did. */
export interface Decided {
  account: AccountRow;
  outcomes: Outcome[];
  tier_changes: TierChange[];
}

/** The rows that were decided, by id: the hash covers what their outcomes do not say. */
type Posted = ReadonlyMap<string, PendingTransaction>;

interface Line {
  id: string;
  hash: string | null;
  explanation: string;
  outcome: Outcome;
}

/** @throws Error when a row had been decided before, which the lock makes impossible: the transaction must roll back */
export async function saveDecisions(tx: Database, decided: readonly Decided[], waiting: Posted): Promise<void> {
  // By id: what was parked and taken up again by the same list is written as it ended.
  const posted = new Map<string, Line>();
  const added: Line[] = [];
  const events: NewEvent[] = [];
  for (const { account, outcomes, tier_changes } of decided) {
    const lines = outcomes.map((outcome) => lineOf(account, outcome, waiting));
    for (const line of lines) {
      if (line.outcome.id === null) added.push(line);
      else posted.set(line.id, line);
    }
    events.push(...eventsOf(lines, tier_changes, waiting));
  }
  const accounts = decided.map(({ account }) => account);
  const changes = decided.flatMap(({ tier_changes }) => tier_changes);
  await together([
    saveAccounts(tx, accounts),
    posted.size > 0 && saveOutcomes(tx, [...posted.values()]),
    added.length > 0 && insertLines(tx, added),
    changes.length > 0 && tx('loyalty_tier_changes').insert(changes),
    writeEvents(tx, events),
  ]);
}

/** The next line of the account, chained to the one before it. */
function lineOf(account: AccountRow, outcome: Outcome, waiting: Posted): Line {
  const id = outcome.id ?? uuidv7();
  const explanation = outcome.explanation === null ? '' : JSON.stringify(outcome.explanation);
  let hash: string | null = null;
  if (outcome.sequence !== null) {
    hash = hashLine(account.ledger_hash, id, outcome, { explanation, posted: waiting.get(id) });
    account.ledger_hash = hash;
  }
  return { id, hash, explanation, outcome };
}

const DECISION = `unnest(?::uuid[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::bigint[],
  string_to_array(?, e'\\n', '')::json[], ?::text[]`;
const DECIDED_COLUMNS = 'id, status, rejection_code, points, balance_after, tier_after, sequence, explanation, hash';

/** The arrays that DECISION takes. A parked row is not decided: it only waits elsewhere. */
function decisionOf(lines: readonly Line[]): unknown[] {
  const of = (value: (line: Line) => string | number | null) => plainArray(lines.map(value));
  return [
    of(({ id }) => id),
    of(({ outcome }) => outcome.status),
    of(({ outcome }) => outcome.rejection_code),
    of(({ outcome }) => (outcome.sequence === null ? null : outcome.points)),
    of(({ outcome }) => (outcome.sequence === null ? null : outcome.balance_after)),
    of(({ outcome }) => (outcome.sequence === null ? null : outcome.tier_after)),
    of(({ outcome }) => outcome.sequence),
    // JSON has no line breaks of its own.
    lines.map(({ explanation }) => explanation).join('\n'),
    of(({ hash }) => hash),
  ];
}

async function saveOutcomes(tx: Database, lines: readonly Line[]): Promise<void> {
  const saved = await prepared(
    tx,
    'update loyalty_transactions',
    `update loyalty_transactions t
        set status = u.status, rejection_code = u.rejection_code, points = coalesce(u.points, t.points),
            balance_after = u.balance_after, tier_after = u.tier_after, sequence = u.sequence, explanation = u.explanation,
            hash = decode(u.hash, 'hex'), applied_at = case when u.sequence is null then null else now.at end
       from (select ledger_now() as at) as now, ${DECISION}) as u (${DECIDED_COLUMNS})
      where t.id = u.id and t.status in ('pending', 'parked')`,
    decisionOf(lines),
  );
  if (saved.rowCount !== lines.length) {
    throw new Error(`decided ${lines.length} transactions but ${saved.rowCount} were still waiting`);
  }
}

function insertLines(tx: Database, lines: readonly Line[]): Promise<unknown> {
  const of = (name: 'customer_id' | 'type' | 'occurred_at') => plainArray(lines.map(({ outcome }) => outcome[name]));
  return rows(
    tx,
    `insert into loyalty_transactions
       (id, customer_id, type, occurred_at, points, balance_after, tier_after, sequence, explanation, hash, status,
        idempotency_key, fingerprint, accepted_from, accepted_at, applied_at)
     select u.id, u.customer_id, u.type, u.occurred_at, u.points, u.balance_after, u.tier_after, u.sequence, u.explanation,
            decode(u.hash, 'hex'), u.status, u.id::text, '', 'ledger', now.at, now.at
       from (select ledger_now() as at) as now,
            ${DECISION}, ?::uuid[], ?::text[], ?::timestamptz[])
         as u (${DECIDED_COLUMNS}, customer_id, type, occurred_at)
      order by u.customer_id, u.sequence`,
    [...decisionOf(lines), of('customer_id'), of('type'), of('occurred_at')],
  );
}
