// What was: an account as it was booked at a moment, and the tiers a customer went through. Read-only.

import type { Tier, TierChange } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

export interface BookedBalance {
  points_balance: number;
  /** Of the last transaction that was decided by then; 0 before the first. */
  sequence: number;
  tier: Tier;
}

/**
 * What the last line of the ledger that was booked by `moment` left behind. The account's own lines alone: what a merged
 * record had before the merge is not part of them.
 * Moments are told in milliseconds and kept in microseconds: the whole of that millisecond counts.
 * @returns undefined when there is no such customer, or `moment` is still to come
 */
export async function readBooked(db: Database, customerId: string, moment: string): Promise<BookedBalance | undefined> {
  const [row] = await rows<BookedBalance>(
    db,
    `select coalesce(line.balance_after, 0) as points_balance, coalesce(line.sequence, 0) as sequence,
            coalesce(before.to_tier, after.from_tier, a.tier) as tier
       from (select ?::timestamptz as at, ?::timestamptz + interval '1 millisecond' as until) as asked
       join loyalty_accounts a on a.customer_id = ? and a.closed_at is null
       left join lateral (
         select sequence, balance_after from loyalty_transactions
          where customer_id = a.customer_id and applied_at < asked.until order by sequence desc limit 1) as line on true
       left join lateral (
         select id, to_tier from loyalty_tier_changes
          where customer_id = a.customer_id and sequence <= coalesce(line.sequence, 0) and at <= asked.at
          order by id desc limit 1) as before on true
       left join lateral (
         select from_tier from loyalty_tier_changes
          where customer_id = a.customer_id and id > coalesce(before.id, 0) order by id limit 1) as after on true
      where asked.at <= ledger_now()`,
    [moment, moment, customerId],
  );
  return row;
}

export type TierChangeRow = Omit<TierChange, 'customer_id'> & { id: number };

/** One page, the newest first. Empty for a customer that was erased or merged. */
export function listTierChanges(
  db: Database,
  { customer_id, limit, before }: { customer_id: string; limit: number; before?: number | undefined },
): Promise<TierChangeRow[]> {
  const query = db('loyalty_tier_changes')
    .select<TierChangeRow[]>('id', 'sequence', 'at', 'from_tier', 'to_tier', 'reason')
    .where({ customer_id })
    .whereExists(db('loyalty_accounts').where({ customer_id }).whereNull('closed_at'))
    .orderBy('id', 'desc')
    .limit(limit);
  if (before !== undefined) query.where('id', '<', before);
  return query;
}

/** Every one of these customers, the oldest first. */
export function readTierChangesOf(db: Database, customerIds: readonly string[]): Promise<TierChangeRow[]> {
  return db('loyalty_tier_changes')
    .select<TierChangeRow[]>('id', 'sequence', 'at', 'from_tier', 'to_tier', 'reason')
    .whereIn('customer_id', customerIds)
    .orderBy('id');
}
