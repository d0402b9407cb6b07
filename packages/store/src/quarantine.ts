// The table loyalty_quarantine: customers whose transactions fail again and again by a fault that trying again can't
// cure. They are left alone until somebody releases them; what they post waits, and nobody else waits for it.

import { type Actor, writeAudit } from './audit-log.ts';
import { type Database, rows } from './connect.ts';
import { isPoison } from './faults.ts';

/** So many failures, each at least a second after the one before, and none more than an hour after. */
const FAILURES = 3;
const APART_S = 1;
const WITHIN_S = 3_600;

/** A condition on a customer's id. The table holds few rows, mostly none. */
export const notInQuarantine = (id: string) =>
  `${id} not in (select q.customer_id from loyalty_quarantine q where q.quarantined_at is not null)`;

/** Why a customer could not be served, from the failure on that put it in quarantine. */
export class QuarantinedError extends Error {
  constructor(cause: Error) {
    super('in quarantine from now on, until it is released', { cause });
    this.name = 'QuarantinedError';
  }
}

/**
 * Counts the failures of customers; faults of storage pass and do not count. Those that have failed often enough are in
 * quarantine afterwards, and their error in `failures` says so.
 * @throws what PostgreSQL throws
 */
export async function countFailures(db: Database, failures: Map<string, Error>): Promise<void> {
  const poisoned = [...failures].filter(([, error]) => isPoison(error));
  if (poisoned.length === 0) return;
  // The account's lock orders it with erasure and merge, who ask for the quarantine under theirs.
  const quarantined = await rows<{ customer_id: string }>(
    db,
    `with open as (
       select customer_id from loyalty_accounts
        where customer_id = any(?::uuid[]) and closed_at is null order by customer_id for key share)
     insert into loyalty_quarantine as q (customer_id, fault)
     select u.customer_id, u.fault from unnest(?::uuid[], ?::text[]) as u (customer_id, fault)
       join open on open.customer_id = u.customer_id
         on conflict (customer_id) do update
        set fault = excluded.fault,
            last_failed_at = excluded.last_failed_at,
            failures = case when ${lapsed} then 1 else q.failures + 1 end,
            first_failed_at = case when ${lapsed} then excluded.first_failed_at else q.first_failed_at end,
            quarantined_at = case when not ${lapsed} and q.failures + 1 >= ${FAILURES} then clock_timestamp() end
      where q.quarantined_at is null and q.last_failed_at < clock_timestamp() - interval '${APART_S} seconds'
  returning customer_id, quarantined_at is not null as now`,
    [
      poisoned.map(([customerId]) => customerId),
      poisoned.map(([customerId]) => customerId),
      poisoned.map(([, error]) => kindOf(error)),
    ],
  ).then((counted) => (counted as { customer_id: string; now: boolean }[]).filter((row) => row.now));
  for (const { customer_id } of quarantined) {
    failures.set(customer_id, new QuarantinedError(failures.get(customer_id) as Error));
  }
}

const lapsed = `(q.last_failed_at < clock_timestamp() - interval '${WITHIN_S} seconds')`;

/** Without the message, which may quote a value. */
function kindOf(error: Error): string {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return [error.name, code, constraint].filter((part) => part !== undefined).join(' ');
}

export interface Quarantined {
  customer_id: string;
  quarantined_at: string;
  failures: number;
  /** Kind of the last fault. */
  fault: string;
  /** Transactions that wait. */
  pending: number;
  /** When the oldest of them was accepted; null: none waits. */
  pending_since: string | null;
}

/** The longest in quarantine first. */
export function listQuarantined(db: Database, limit = 1_000): Promise<Quarantined[]> {
  return rows<Quarantined>(
    db,
    `select q.customer_id, q.quarantined_at, q.failures, q.fault, t.pending, t.pending_since
       from loyalty_quarantine q
      cross join lateral (
        select count(*) as pending, min(accepted_at) as pending_since
          from loyalty_transactions t where t.customer_id = q.customer_id and t.status = 'pending') as t
      where q.quarantined_at is not null order by q.quarantined_at, q.customer_id limit ?`,
    [limit],
  );
}

export async function isQuarantined(db: Database, customerIds: readonly string[]): Promise<boolean> {
  const sql = 'select from loyalty_quarantine where customer_id = any(?) and quarantined_at is not null limit 1';
  return (await rows(db, sql, [customerIds])).length > 0;
}

/**
 * Lets the workers try again, which they do within a second or so; the audit log says who let them.
 * @returns false when the customer is in no quarantine
 */
export function releaseQuarantined(db: Database, customerId: string, actor: Actor): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [released] = await rows<{ quarantined_at: string; fault: string }>(
      tx,
      `delete from loyalty_quarantine where customer_id = ? and quarantined_at is not null
       returning quarantined_at, fault`,
      [customerId],
    );
    if (released === undefined) return false;
    await writeAudit(tx, actor, {
      ...{ action: 'customer.released', customer_id: customerId },
      changes: {
        quarantined_at: { before: released.quarantined_at, after: null },
        fault: { before: released.fault, after: null },
      },
    });
    return true;
  });
}
