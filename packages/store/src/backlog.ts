// What waits to be applied, and the whole life of one transaction: what people ask who look after the service.
// Read-only, and no word about a person.

import type { LoyaltyTransaction } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { TRANSACTION_COLUMNS } from './loyalty-transactions.ts';

/** Without what waits for customers in quarantine, which nobody tries to apply. */
export interface Waiting {
  pending: number;
  /** Customers that have something pending. */
  customers: number;
  /** Of the oldest, in seconds by the ledger's clock; null: nothing waits. */
  oldest_pending_s: number | null;
  /** Refunds that wait for their purchase: nothing is wrong with them. */
  parked: number;
  quarantined_customers: number;
  /** What waits for them. */
  quarantined_pending: number;
}

const QUARANTINED = '(select customer_id from loyalty_quarantine where quarantined_at is not null)';

export async function countWaiting(db: Database): Promise<Waiting> {
  const [row] = await rows<Waiting>(
    db,
    `select count(*) filter (where q.customer_id is null) as pending,
            count(distinct t.customer_id) filter (where q.customer_id is null) as customers,
            extract(epoch from ledger_now() - min(accepted_at) filter (where q.customer_id is null))::float8
              as oldest_pending_s,
            (select count(*) from loyalty_transactions where status = 'parked') as parked,
            (select count(*) from ${QUARANTINED} as all_of_them) as quarantined_customers,
            count(q.customer_id) as quarantined_pending
       from loyalty_transactions t left join ${QUARANTINED} q on q.customer_id = t.customer_id
      where t.status = 'pending'`,
  );
  return row as Waiting;
}

export interface WaitingTransaction {
  id: string;
  customer_id: string;
  type: string;
  accepted_at: string;
  waiting_s: number;
  in_quarantine: boolean;
  position: number;
}

export interface WaitingFilter {
  customer_id?: string | undefined;
  /** Accepted then or later; RFC 3339. */
  since?: string | undefined;
  older_than_s?: number | undefined;
  limit: number;
  /** The `position` of the last row of the page before. */
  after?: number | undefined;
}

/** Pending transactions in accepted order. */
export function listWaiting(db: Database, filter: WaitingFilter): Promise<WaitingTransaction[]> {
  const query = db('loyalty_transactions')
    .select<WaitingTransaction[]>('id', 'customer_id', 'type', 'accepted_at', 'position')
    .select(db.raw('extract(epoch from ledger_now() - accepted_at)::float8 as waiting_s'))
    .select(db.raw(`customer_id in ${QUARANTINED} as in_quarantine`))
    .where('status', 'pending')
    .orderBy('position')
    .limit(filter.limit);
  // Every position is above 0: see WAITS.
  if (filter.customer_id === undefined) query.where('position', '>', 0);
  else query.where('customer_id', filter.customer_id);
  if (filter.since !== undefined) query.where('accepted_at', '>=', filter.since);
  if (filter.after !== undefined) query.where('position', '>', filter.after);
  if (filter.older_than_s !== undefined)
    query.whereRaw("accepted_at < ledger_now() - ? * interval '1 second'", [filter.older_than_s]);
  return query;
}

/** What a look at one transaction needs besides the line itself. */
export interface TransactionLife {
  transaction: Omit<LoyaltyTransaction, 'description'>;
  /** The role of whoever posted it; `ledger` for a line that the ledger added by itself. */
  accepted_from: string;
  /** Of the customer as it is now: `active`, `suspended`, …, `merged` or `erased`. */
  customer_status: string;
  merged_into: string | null;
  in_quarantine: boolean;
  /** How many pending transactions of the same customer were accepted before it. */
  waiting_before: number;
  /** Lines that say that they belong to it: reversals, captures and releases, in accepted order. */
  followed_by: Pick<LoyaltyTransaction, 'id' | 'type' | 'status' | 'points' | 'applied_at'>[];
}

/** @returns undefined when there is no such transaction, of whomever */
export async function readTransactionLife(db: Database, id: string): Promise<TransactionLife | undefined> {
  const [row] = await rows<Record<string, unknown>>(
    db,
    `select ${TRANSACTION_COLUMNS}, position, split_part(accepted_from, ':', 1) as accepted_role,
            (select case when erased_at is not null then 'erased' when merged_into is not null then 'merged' else status end
               from customers c where c.id = t.customer_id) as customer_status,
            (select merged_into from customers c where c.id = t.customer_id) as merged_into,
            customer_id in ${QUARANTINED} as in_quarantine
       from loyalty_transactions t where id = ?`,
    [id],
  );
  if (row === undefined) return undefined;
  const {
    description: _text,
    position,
    accepted_role,
    customer_status,
    merged_into,
    in_quarantine,
    ...transaction
  } = row;
  const [before] = await rows<{ count: number }>(
    db,
    `select count(*) as count from loyalty_transactions where status = 'pending' and customer_id = ? and position < ?`,
    [transaction.customer_id, position],
  );
  const followed_by = await rows<TransactionLife['followed_by'][number]>(
    db,
    `select id, type, status, points, applied_at from (
       select * from loyalty_transactions
        where type in ('reverse_earn', 'reverse_redeem') and explanation #>> '{reversed,id}' = ?
       union all
       select * from loyalty_transactions
        where customer_id = ? and type in ('capture', 'release') and explanation ->> 'hold_id' = ?) as lines
      order by position`,
    [id, transaction.customer_id, id],
  );
  return {
    transaction: transaction as unknown as TransactionLife['transaction'],
    accepted_from: accepted_role as string,
    customer_status: customer_status as string,
    merged_into: merged_into as string | null,
    in_quarantine: in_quarantine as boolean,
    waiting_before: before?.count as number,
    followed_by,
  };
}
