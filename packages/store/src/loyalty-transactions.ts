// The table loyalty_transactions: what was accepted, what waits, and what became of it. Rows go in here and in
// accept-transactions; they are decided by apply-pending only.

import type { LoyaltyTransaction, Outcome, PendingTransaction } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

export const TRANSACTION_COLUMNS = `id, customer_id, sequence, type, status, points, amount_minor, currency, order_id,
  source, external_reference, description, rejection_code, balance_after, occurred_at, accepted_at, applied_at`;

/** @returns undefined when neither this customer nor one that was merged into it has such a transaction */
export async function readTransaction(
  db: Database,
  customerId: string,
  transactionId: string,
): Promise<LoyaltyTransaction | undefined> {
  const [row] = await rows<LoyaltyTransaction>(
    db,
    `select ${TRANSACTION_COLUMNS} from loyalty_transactions where id = ? and customer_id in (
       select id from customers where coalesce(merged_into, id) = ? and erased_at is null)`,
    [transactionId, customerId],
  );
  return row;
}

export interface TransactionFilter {
  customer_id: string;
  type?: string;
  status?: string;
  limit: number;
  /** The `position` of the last row of the page before. */
  before?: number;
}

/**
 * One page of a customer's history, the newest first, each row with the position its successor page starts after.
 * Empty for a customer that was erased or merged.
 */
export function listTransactions(
  db: Database,
  filter: TransactionFilter,
): Promise<(LoyaltyTransaction & { position: number })[]> {
  const query = db('loyalty_transactions')
    .select(db.raw(TRANSACTION_COLUMNS), 'position')
    .where('customer_id', filter.customer_id)
    .whereExists(db('loyalty_accounts').where('customer_id', filter.customer_id).whereNull('closed_at'))
    .orderBy('position', 'desc')
    .limit(filter.limit);
  if (filter.type !== undefined) query.where('type', filter.type);
  if (filter.status !== undefined) query.where('status', filter.status);
  if (filter.before !== undefined) query.where('position', '<', filter.before);
  return query;
}

/** What waits for these customers, in accepted order; at most `limit` rows. */
export function listPending(
  db: Database,
  customerIds: readonly string[],
  limit: number,
): Promise<PendingTransaction[]> {
  return rows<PendingTransaction>(
    db,
    `select id, customer_id, type, points, amount_minor, currency, visits, occurred_at from loyalty_transactions
      where status = 'pending' and customer_id = any(?) order by position limit ?`,
    [customerIds, limit],
  );
}

/** What waits for each of these customers, in accepted order; at most `limit` rows of each, whatever waits for others. */
export function previewPending(
  db: Database,
  customerIds: readonly string[],
  limit: number,
): Promise<PendingTransaction[]> {
  return rows<PendingTransaction>(
    db,
    `select p.* from unnest(?::uuid[]) as c (id) cross join lateral (
       select id, customer_id, type, points, amount_minor, currency, occurred_at from loyalty_transactions
        where status = 'pending' and customer_id = c.id order by position limit ?) as p`,
    [customerIds, limit],
  );
}

export interface OverdueFilter {
  older_than_ms: number;
  /** Customers to leave out. */
  except: readonly string[];
  /** How many of the oldest rows to look at. */
  limit: number;
}

/** The customers of the oldest transactions that have waited for longer than that, by the database's clock. */
export async function listOverdueCustomers(db: Database, filter: OverdueFilter): Promise<string[]> {
  const found = await rows<{ customer_id: string }>(
    db,
    `select distinct customer_id from (
       select customer_id from loyalty_transactions
        where status = 'pending' and accepted_at < clock_timestamp() - ? * interval '1 millisecond'
          and customer_id <> all(?)
        order by position limit ?) as oldest`,
    [filter.older_than_ms, filter.except, filter.limit],
  );
  return found.map((row) => row.customer_id);
}

/**
 * Writes the outcomes onto their pending rows. The caller holds the locks of the accounts.
 * @throws Error when a row was not pending any more, which the lock makes impossible: the transaction must roll back
 */
export async function saveOutcomes(tx: Database, outcomes: readonly Outcome[]): Promise<void> {
  const saved = await tx.raw<{ rowCount: number }>(
    `update loyalty_transactions t
        set status = u.status, rejection_code = u.rejection_code, points = u.points, balance_after = u.balance_after,
            sequence = u.sequence, applied_at = clock_timestamp()
       from unnest(?::uuid[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[])
         as u (id, status, rejection_code, points, balance_after, sequence)
      where t.id = u.id and t.status = 'pending'`,
    [
      outcomes.map((outcome) => outcome.id),
      outcomes.map((outcome) => outcome.status),
      outcomes.map((outcome) => outcome.rejection_code) as string[],
      outcomes.map((outcome) => outcome.points),
      outcomes.map((outcome) => outcome.balance_after),
      outcomes.map((outcome) => outcome.sequence),
    ],
  );
  if (saved.rowCount !== outcomes.length) {
    throw new Error(`decided ${outcomes.length} transactions but ${saved.rowCount} were still pending`);
  }
}

/** Rows one statement takes, so that none comes near the time limit of a statement. */
const REDACTED_AT_ONCE = 5_000;

/**
 * Takes out of the ledger what clients wrote in words: the rows of customers that are erased, who have nothing pending.
 * It is the only change a decided row allows; the key and the fingerprint go too, because both are made of words.
 */
export async function redactTexts(tx: Database, customerIds: readonly string[]): Promise<void> {
  for (;;) {
    const redacted = await tx.raw<{ rowCount: number }>(
      `update loyalty_transactions
          set idempotency_key = id::text, fingerprint = '', order_id = null, source = null, external_reference = null,
              description = null
        where id in (select id from loyalty_transactions
                      where customer_id = any(?) and idempotency_key <> id::text limit ?)`,
      [customerIds, REDACTED_AT_ONCE] as never,
    );
    if (redacted.rowCount < REDACTED_AT_ONCE) return;
  }
}
