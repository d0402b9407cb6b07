// Erasure: the person goes, the ledger stays. What no longer says anything about anybody is kept: ids, points,
// amounts, times and types, and that somebody was erased, by whom and when.

import { DomainError } from '@customer-service/domain';
import { redactAdjustments } from './adjustments.ts';
import { applyApart } from './apply-pending.ts';
import { type Actor, redactAudit, writeAudit } from './audit-log.ts';
import { applyAll, blankProfiles, lockCustomers } from './closing.ts';
import type { Database } from './connect.ts';
import { closeAccount } from './loyalty-accounts.ts';
import { redactTexts } from './loyalty-transactions.ts';
import { readFamily } from './merged-customers.ts';
import { customerEvent, writeEvents } from './outbox.ts';

/**
 * Erases a customer and everybody merged into it, in one SQL transaction; what was accepted before is applied first.
 * An erased customer is erased: the second time does nothing and writes nothing.
 * @throws DomainError `customer-not-found`, also for a customer that was merged into another one
 */
export async function eraseCustomer(db: Database, id: string, actor: Actor): Promise<void> {
  // A backlog is worked off under the ordinary lock, so that the one that holds up accepting is held shortly.
  await applyApart(db, [id]);
  await db.transaction(async (tx) => {
    const customer = (await lockCustomers(tx, [id])).get(id);
    if (customer !== undefined && customer.erased_at !== null) return;
    if (customer === undefined || customer.merged_into !== null) {
      throw new DomainError('customer-not-found', 'There is no such customer.');
    }
    await applyAll(tx, [id]);
    await closeAccount(tx, id);
    const family = await readFamily(tx, id);
    const erased = await blankProfiles(tx, family, { erased_at: tx.raw('now()') });
    await redactTexts(tx, family);
    await redactAdjustments(tx, family);
    await redactAudit(tx, family);
    await writeAudit(tx, actor, { action: 'customer.erased', customer_id: id, changes: {} });
    // Each of them by its own id: others may know them by it.
    await writeEvents(
      tx,
      erased.map(({ id: customer_id, version }) =>
        customerEvent('customer.erased', { customer_id, version, changes: {} }),
      ),
    );
  });
}
