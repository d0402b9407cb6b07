// A new version of the programme begins: everybody's tier is looked at under it, in bounded steps that any worker may
// take and that a killed one leaves off in the middle of.

import { type ApplyOptions, applyApart } from './apply-pending.ts';
import { type Database, rows } from './connect.ts';
import { SETTLE_LAG_S } from './loyalty-accounts.ts';

/**
 * Looks at the tiers of the next accounts under a version that has begun, and remembers how far it came. Two workers
 * that do the same step do it twice, which changes nothing.
 * @returns how many accounts it looked at; 0 when there is nothing to do
 */
export async function requalifySome(
  db: Database,
  limit: number,
  options: Pick<ApplyOptions, 'onApplied'> = {},
): Promise<number> {
  const [begun] = await rows<{ version: number; requalified_to: string | null }>(
    db,
    `select version, requalified_to from loyalty_programmes
      where requalified_at is null and effective_from < ledger_now() - ? * interval '1 second' order by version limit 1`,
    [SETTLE_LAG_S],
  );
  if (begun === undefined) return 0;
  const { version, requalified_to } = begun;
  const next = await rows<{ customer_id: string }>(
    db,
    `select customer_id from loyalty_accounts
      where customer_id > coalesce(?, '00000000-0000-0000-0000-000000000000'::uuid) and closed_at is null
      order by customer_id limit ?`,
    [requalified_to, limit],
  );
  const customers = next.map(({ customer_id }) => customer_id);
  await applyApart(db, customers, { ...options, settle: 'overdue' });
  await db('loyalty_programmes')
    .where({ version, requalified_to })
    .update(
      customers.length < limit
        ? { requalified_to: null, requalified_at: db.raw('clock_timestamp()') }
        : { requalified_to: customers.at(-1) },
    );
  return customers.length;
}
