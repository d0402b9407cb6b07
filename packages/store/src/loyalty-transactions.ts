// The table loyalty_transactions: what was accepted, what waits, and what became of it. Rows go in here and in
// accept-transactions; they are decided by apply-pending only.

import { EFFECTS, type LoyaltyTransaction, type PendingTransaction } from '@customer-service/domain';
import { type Database, prepared, rows } from './connect.ts';
import { notInQuarantine } from './quarantine.ts';

const effects = Object.entries(EFFECTS).map(([type, effect]) => `when '${type}' then ${effect}`);
const BALANCE_BEFORE = `balance_after - case when status = 'applied' then points * case type ${effects.join(' ')} end else 0 end`;

export const TRANSACTION_COLUMNS = `id, customer_id, sequence, type, status, points, amount_minor, currency, order_id,
  source, external_reference, description, rejection_code, ${BALANCE_BEFORE} as balance_before, balance_after,
  explanation, occurred_at, accepted_at, applied_at`;

/** What the rules ask of a transaction that waits, and the trace it was posted in. */
export const PENDING_COLUMNS = `id, customer_id, type, points, amount_minor, currency, visits, order_id, occurred_at,
  accepted_at, terms, traceparent`;

export type PendingRow = PendingTransaction & { traceparent: string | null };

/** @returns undefined when neither this customer nor one that was merged into it has such a transaction */
export async function readTransaction(
  db: Database,
  customerId: string,
  transactionId: string,
): Promise<LoyaltyTransaction | undefined> {
  const { rows: found } = await prepared<LoyaltyTransaction>(
    db,
    'select loyalty_transactions',
    `select ${TRANSACTION_COLUMNS} from loyalty_transactions where id = ? and customer_id in (
       select id from customers where coalesce(merged_into, id) = ? and erased_at is null)`,
    [transactionId, customerId],
  );
  return found[0];
}

export interface TransactionFilter {
  customer_id: string;
  /** One, or any one of several. */
  type?: string | readonly string[] | undefined;
  status?: string;
  /** RFC 3339; the first moment is included, the last is not. */
  occurred_from?: string;
  occurred_to?: string;
  order_id?: string;
  /** In which they were accepted; the newest first, if not given. */
  order?: 'asc' | 'desc';
  limit: number;
  /** The `position` of the last row of the page before. */
  before?: number | undefined;
}

/**
 * One page of a customer's history in accepted order, each row with the position its successor page starts after.
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
    .orderBy('position', filter.order ?? 'desc')
    .limit(filter.limit);
  if (filter.type !== undefined) query.whereIn('type', [filter.type].flat());
  if (filter.status !== undefined) query.where('status', filter.status);
  if (filter.occurred_from !== undefined) query.where('occurred_at', '>=', filter.occurred_from);
  if (filter.occurred_to !== undefined) query.where('occurred_at', '<', filter.occurred_to);
  if (filter.order_id !== undefined) query.where('order_id', filter.order_id);
  if (filter.before !== undefined) query.where('position', filter.order === 'asc' ? '>' : '<', filter.before);
  return query;
}

/**
 * For a query that wants the oldest of all that wait, by `position`. Every position is above 0: saying so is what admits
 * the index of the oldest, which a query for a customer's own must not be given. While nothing waits any index of what
 * waits looks as good as another, and in a backlog it would read what waits for everybody, for each customer.
 */
export const WAITS = `status = 'pending' and position > 0`;

/** What waits for these customers, in accepted order; at most `limit` rows. */
export async function listPending(db: Database, customerIds: readonly string[], limit: number): Promise<PendingRow[]> {
  const found = await prepared<PendingRow>(
    db,
    'select pending loyalty_transactions',
    `select ${PENDING_COLUMNS} from loyalty_transactions
      where status = 'pending' and customer_id = any(?) order by position limit ?`,
    [customerIds, limit],
  );
  return found.rows;
}

/** As a moment reads everywhere else; PostgreSQL writes it another way within JSON. */
const inJson = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;

/** Pending transactions that a read looks at: as many as one apply takes. */
const PREVIEWED = 2_000;

/**
 * A column for a query that reads accounts: what waits for the customer `id`, in accepted order, as a list. One
 * statement sees one moment, so no transaction is missing here and in the balance beside it at once.
 */
export const pendingOf = (id: 'c.id' | 'account.customer_id') => `
  (select coalesce(json_agg(p), '[]') from (
     select id, customer_id, type, points, amount_minor, currency, visits, order_id, terms,
             ${inJson('occurred_at')}, ${inJson('accepted_at')}
        from loyalty_transactions
      where status = 'pending' and customer_id = ${id} order by position limit ${PREVIEWED}) as p) as pending`;

export interface OverdueFilter {
  older_than_ms: number;
  /** Customers to leave out. */
  except: readonly string[];
  /** How many of the oldest rows to look at. */
  limit: number;
}

/**
 * The customers of the oldest transactions that have waited for longer than that, by the database's clock; those in
 * quarantine are left out.
 */
export async function listOverdueCustomers(db: Database, filter: OverdueFilter): Promise<string[]> {
  const found = await rows<{ customer_id: string }>(
    db,
    `select distinct customer_id from (
       select customer_id from loyalty_transactions
        where ${WAITS} and accepted_at < ledger_now() - ? * interval '1 millisecond'
          and customer_id <> all(?) and ${notInQuarantine('customer_id')}
        order by position limit ?) as oldest`,
    [filter.older_than_ms, filter.except, filter.limit],
  );
  return found.map((row) => row.customer_id);
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
