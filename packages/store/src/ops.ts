// What those who run the service ask the tables, at a cost that does not grow with them.

import { type Database, rows } from './connect.ts';
import { WAITS } from './loyalty-transactions.ts';
import { notInQuarantine } from './quarantine.ts';

/** What waits to be decided; what waits for customers in quarantine does not count, because nobody would decide it. */
export interface Backlog {
  /** COUNTED at the most. */
  pending: number;
  /** Seconds since the oldest was accepted, by the ledger's clock; 0 when nothing waits. */
  oldest_age_s: number;
  /** Customers in quarantine. */
  quarantined: number;
}

/** A longer backlog is no other news, and takes longer to count. */
const COUNTED = 100_000;

export async function readBacklog(db: Database): Promise<Backlog> {
  const [backlog] = await rows<Backlog>(
    db,
    `select (select count(*) from (
               select from loyalty_transactions where status = 'pending' and ${notInQuarantine('customer_id')} limit ?) as counted) as pending,
            coalesce((select greatest(0, extract(epoch from ledger_now() - accepted_at))::float8
                        from loyalty_transactions where ${WAITS} and ${notInQuarantine('customer_id')}
                       order by position limit 1), 0) as oldest_age_s,
            (select count(*) from loyalty_quarantine where quarantined_at is not null) as quarantined`,
    [COUNTED],
  );
  return backlog as Backlog;
}

/** What workers do by themselves, whoever posts or not, and how far behind they are with it. */
export interface Upkeep {
  /**
   * Seconds since the longest overdue of what passes with time (lots, holds, tiers, a programme that began) was due, by
   * the ledger's clock; 0 when nothing is due. Workers begin SETTLE_LAG_S after that.
   */
  settling_overdue_s: number;
  /** Rows that analytics has counted and not folded, COUNTED of either table at the most. */
  unfolded: number;
  /** SQL transactions whose events are not published, COUNTED at the most. */
  unpublished: number;
  /** Seconds since the oldest of them, by the ledger's clock; 0 without any. */
  oldest_unpublished_s: number;
}

export async function readUpkeep(db: Database): Promise<Upkeep> {
  const [upkeep] = await rows<Upkeep>(
    db,
    `select coalesce(extract(epoch from ledger_now() - least(
              (select settles_at from loyalty_accounts
                where settles_at <= (select ledger_now()) and closed_at is null and ${notInQuarantine('customer_id')}
                order by settles_at limit 1),
              (select min(effective_from) from loyalty_programmes
                where requalified_at is null and effective_from <= ledger_now())))::float8, 0) as settling_overdue_s,
            (select count(*) from (select from analytics_deltas limit ?) as counted)
              + (select count(*) from (select from analytics_visits limit ?) as counted) as unfolded,
            (select count(*) from (select from outbox limit ?) as counted) as unpublished,
            coalesce((select greatest(0, extract(epoch from ledger_now() - at))::float8 from outbox order by id limit 1), 0)
              as oldest_unpublished_s`,
    [COUNTED, COUNTED, COUNTED],
  );
  return upkeep as Upkeep;
}
