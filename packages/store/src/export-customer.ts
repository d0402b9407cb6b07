// All that is held on one person, as of one moment. Read-only, and in memory as a whole: some 500 bytes a transaction.

import type { AuditEntry, LoyaltyTransaction } from '@customer-service/domain';
import { type Adjustment, readAdjustmentsOf } from './adjustments.ts';
import { readAuditOf } from './audit-log.ts';
import type { Database } from './connect.ts';
import { type CustomerRow, readCustomer } from './customers.ts';
import { readTierChangesOf, type TierChangeRow } from './history.ts';
import { TRANSACTION_COLUMNS } from './loyalty-transactions.ts';
import { readFamily } from './merged-customers.ts';

export interface CustomerExport {
  customer: CustomerRow;
  /** Records that were merged into this one; their transactions and audit rows are among these. */
  merged_customer_ids: string[];
  /** In accepted order. */
  transactions: LoyaltyTransaction[];
  /** Corrections by hand that needed a second person, the oldest first. */
  adjustments: Adjustment[];
  /** The oldest first. */
  tier_changes: TierChangeRow[];
  audit: AuditEntry[];
}

/** @returns undefined when there is no such customer, or it was erased or merged */
export function exportCustomer(db: Database, id: string): Promise<CustomerExport | undefined> {
  return db.transaction(
    async (tx) => {
      const customer = await readCustomer(tx, id);
      if (customer === undefined) return undefined;
      const family = await readFamily(tx, id);
      const transactions = await tx('loyalty_transactions')
        .select<LoyaltyTransaction[]>(tx.raw(TRANSACTION_COLUMNS))
        .whereIn('customer_id', family)
        .orderBy('position');
      const adjustments = await readAdjustmentsOf(tx, family);
      const tier_changes = await readTierChangesOf(tx, family);
      const audit = await readAuditOf(tx, family);
      const merged_customer_ids = family.filter((member) => member !== id);
      return { customer, merged_customer_ids, transactions, adjustments, tier_changes, audit };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}
