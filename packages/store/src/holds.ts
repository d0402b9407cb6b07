// Holds as the ledger tells of them: who asked for each, what was taken of it, and how it ended. Read-only; holds are made
// and ended by transactions like all others.

import type { HoldView, LoyaltyTransaction, TransactionStatus } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

export interface HoldRow extends HoldView {
  id: string;
  customer_id: string;
  status: TransactionStatus;
  order_id: string | null;
  source: string | null;
  external_reference: string | null;
  description: string | null;
  rejection_code: LoyaltyTransaction['rejection_code'];
  accepted_at: string;
  /** The moment it was read at, by the ledger's clock. */
  as_of: string;
}

/**
 * These holds, the newest first, of this customer or one that was merged into it. A merge ends the holds of its source,
 * so that nothing of one is taken under another account.
 */
export function readHolds(db: Database, customerId: string, ids: readonly string[]): Promise<HoldRow[]> {
  return rows<HoldRow>(
    db,
    `select h.id, h.customer_id, h.status, h.points, h.order_id, h.source, h.external_reference, h.description,
            h.rejection_code, h.accepted_at, (h.explanation ->> 'expires_at')::timestamptz as expires_at,
            ledger_now() as as_of, ended.*
       from loyalty_transactions h,
            lateral (
              select coalesce(sum(t.points) filter (where t.type = 'capture'), 0) as points_captured,
                     max(t.occurred_at) filter (where t.type = 'release') as released_at,
                     coalesce(bool_or(t.type = 'release' and t.accepted_from <> 'ledger'), false) as is_void
                from loyalty_transactions t
               where t.customer_id = h.customer_id and t.position > h.position and t.type in ('capture', 'release')
                 and t.status = 'applied' and t.explanation ->> 'hold_id' = h.id::text) as ended
      where h.id = any(?) and h.type = 'hold' and h.customer_id in (
        select id from customers where coalesce(merged_into, id) = ? and erased_at is null)
      order by h.position desc`,
    [ids, customerId],
  );
}
