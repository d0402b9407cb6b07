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
