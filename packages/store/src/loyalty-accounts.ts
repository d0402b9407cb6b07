// The table loyalty_accounts: the hot row of each customer. Only apply-pending moves points in it.

import type { LoyaltyAccount } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

/** With the status of the customer, which the rules ask for. */
const SELECT_ACCOUNTS = `
  select a.customer_id, c.status as customer_status, a.points_balance, a.lifetime_points_earned,
         a.lifetime_points_redeemed, a.total_spent_minor, a.visits_count, a.last_visit_at, a.tier, a.sequence
    from loyalty_accounts a join customers c on c.id = a.customer_id
   where a.customer_id = any(?) order by a.customer_id`;

export function insertAccount(db: Database, customerId: string): Promise<unknown> {
  return rows(db, 'insert into loyalty_accounts (customer_id) values (?)', [customerId]);
}

export function readAccounts(db: Database, customerIds: readonly string[]): Promise<LoyaltyAccount[]> {
  return rows<LoyaltyAccount>(db, SELECT_ACCOUNTS, [customerIds]);
}

/** One open account, and the moment it was read at by the database's clock; a closed one is nobody's. */
export async function readBalance(
  db: Database,
  customerId: string,
): Promise<(LoyaltyAccount & { as_of: string }) | undefined> {
  const [row] = await rows<LoyaltyAccount & { as_of: string }>(
    db,
    `select account.*, now() as as_of from (${SELECT_ACCOUNTS}) as account
       join loyalty_accounts a on a.customer_id = account.customer_id and a.closed_at is null`,
    [[customerId]],
  );
  return row;
}

/**
 * The accounts as they are now, locked: read after the locks are there, because a statement that waits for a lock sees
 * the customers as they were before it waited.
 * Locks the accounts until the transaction `tx` ends. In id order, so that two workers never wait for each other;
 * NO KEY, so that inserts that reference the account go on meanwhile.
 */
export async function lockAccounts(
  tx: Database,
  customerIds: readonly string[],
  busy: 'wait' | 'skip',
): Promise<LoyaltyAccount[]> {
  const locked = await rows<{ customer_id: string }>(
    tx,
    `select customer_id from loyalty_accounts where customer_id = any(?) order by customer_id
        for no key update ${busy === 'skip' ? 'skip locked' : ''}`,
    [customerIds],
  );
  return readAccounts(
    tx,
    locked.map((row) => row.customer_id),
  );
}

/**
 * Locks the accounts, in id order, against everybody: those who apply, and those who accept, who hold them KEY SHARE.
 * For whoever may close them: what was accepted before is seen afterwards, what comes later sees the account closed.
 */
export function lockAccountsToClose(tx: Database, customerIds: readonly string[]): Promise<unknown> {
  return rows(tx, 'select from loyalty_accounts where customer_id = any(?) order by customer_id for update', [
    customerIds,
  ]);
}

/** From now on nothing is accepted for it. The caller holds its lock from `lockAccountsToClose`. */
export function closeAccount(tx: Database, customerId: string): Promise<unknown> {
  return rows(tx, 'update loyalty_accounts set closed_at = now() where customer_id = ?', [customerId]);
}

/** After a merge: who was last here as the one or as the other. The caller holds both locks. */
export function takeLaterVisit(tx: Database, target_id: string, source_id: string): Promise<unknown> {
  return rows(
    tx,
    `update loyalty_accounts target set last_visit_at = source.last_visit_at from loyalty_accounts source
      where target.customer_id = ? and source.customer_id = ?
        and source.last_visit_at > coalesce(target.last_visit_at, '-infinity')`,
    [target_id, source_id],
  );
}

/** Whether there is such a customer, neither erased nor merged. */
export async function isOpen(db: Database, customerId: string): Promise<boolean> {
  const sql = 'select from loyalty_accounts where customer_id = ? and closed_at is null';
  return (await rows(db, sql, [customerId])).length === 1;
}

/** Writes the accounts back. The caller holds their locks. */
export async function saveAccounts(tx: Database, accounts: readonly LoyaltyAccount[]): Promise<void> {
  await rows(
    tx,
    `update loyalty_accounts a
        set points_balance = u.points_balance, lifetime_points_earned = u.lifetime_points_earned,
            lifetime_points_redeemed = u.lifetime_points_redeemed, total_spent_minor = u.total_spent_minor,
            visits_count = u.visits_count, last_visit_at = u.last_visit_at, tier = u.tier, sequence = u.sequence
       from unnest(?::uuid[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::timestamptz[],
                   ?::text[], ?::bigint[])
         as u (customer_id, points_balance, lifetime_points_earned, lifetime_points_redeemed, total_spent_minor,
               visits_count, last_visit_at, tier, sequence)
      where a.customer_id = u.customer_id`,
    [
      accounts.map((account) => account.customer_id),
      accounts.map((account) => account.points_balance),
      accounts.map((account) => account.lifetime_points_earned),
      accounts.map((account) => account.lifetime_points_redeemed),
      accounts.map((account) => account.total_spent_minor),
      accounts.map((account) => account.visits_count),
      accounts.map((account) => account.last_visit_at) as string[],
      accounts.map((account) => account.tier),
      accounts.map((account) => account.sequence),
    ],
  );
}
