// The table loyalty_accounts: the hot row of each customer. Only apply-pending moves points in it.

import type { LoyaltyAccount, PendingTransaction } from '@customer-service/domain';
import { type Database, plainArray, prepared, rows } from './connect.ts';
import { pendingOf } from './loyalty-transactions.ts';
import { notInQuarantine } from './quarantine.ts';

/** With the hash of the account's last line of the ledger; null before the first. */
export type AccountRow = LoyaltyAccount & { ledger_hash: string | null };

export const ACCOUNT_FIELDS = [
  ...(['points_balance', 'points_held', 'lifetime_points_earned', 'lifetime_points_redeemed'] as const),
  ...(['lifetime_points_expired', 'lifetime_points_adjusted', 'total_spent_minor', 'visits_count'] as const),
  ...(['last_visit_at', 'tier', 'sequence', 'settles_at', 'state'] as const),
];
export const ACCOUNT_COLUMNS = ACCOUNT_FIELDS.map((field) => `a.${field}`);

/** With the status of the customer, which the rules ask for. */
const SELECT_ACCOUNTS = `
  select a.customer_id, c.status as customer_status, ${ACCOUNT_COLUMNS.join(', ')}, encode(a.ledger_hash, 'hex') as ledger_hash
    from loyalty_accounts a join customers c on c.id = a.customer_id
   where a.customer_id = any(?) order by a.customer_id`;

export function insertAccounts(db: Database, customerIds: readonly string[]): Promise<unknown> {
  return rows(db, 'insert into loyalty_accounts (customer_id) select unnest(?::uuid[])', [customerIds]);
}

export async function readAccounts(db: Database, customerIds: readonly string[]): Promise<AccountRow[]> {
  const found = await prepared<AccountRow>(db, 'select loyalty_accounts', SELECT_ACCOUNTS, [customerIds]);
  return found.rows;
}

export interface BalanceRow extends LoyaltyAccount {
  pending: PendingTransaction[];
  /** The moment it was read at, by the ledger's clock. */
  as_of: string;
}

/** One open account with what waits for it, as of one moment; a closed one is nobody's. */
export async function readBalance(db: Database, customerId: string): Promise<BalanceRow | undefined> {
  const [row] = await rows<BalanceRow>(
    db,
    `select account.*, ledger_now() as as_of, ${pendingOf('account.customer_id')} from (${SELECT_ACCOUNTS}) as account
       join loyalty_accounts a on a.customer_id = account.customer_id and a.closed_at is null`,
    [[customerId]],
  );
  return row;
}

/** Never a join, whatever the planner knows of the table: what waits for everybody may be long. */
const IS_WAITED_FOR = `and (
  select true from loyalty_transactions t
   where t.status = 'pending' and t.customer_id = loyalty_accounts.customer_id limit 1)`;

/**
 * Locks the accounts until the transaction `tx` ends, but for those in quarantine, which are left out. In id order, so
 * that two workers never wait for each other; NO KEY, so that inserts that reference the account go on meanwhile.
 * @param busy what to do about accounts that somebody else has locked
 * @param idle what to do about accounts for which nothing waits now. In a backlog most rings are of that kind, because
 *   the first ring of a customer was answered with all that waited: leaving them costs a look at an index.
 * @returns whose accounts are locked now. They are to be read by another statement: one that waits for a lock sees the
 *   customers as they were before it waited
 */
export async function lockAccounts(
  tx: Database,
  customerIds: readonly string[],
  { busy, idle }: { busy: 'wait' | 'skip'; idle: 'lock' | 'leave' },
): Promise<string[]> {
  const { rows: locked } = await prepared<{ customer_id: string }>(
    tx,
    `lock loyalty_accounts, ${busy}, ${idle}`,
    `select customer_id from loyalty_accounts where customer_id = any(?)
        and ${notInQuarantine('customer_id')} ${idle === 'leave' ? IS_WAITED_FOR : ''}
      order by customer_id for no key update ${busy === 'skip' ? 'skip locked' : ''}`,
    [customerIds],
  );
  return locked.map((row) => row.customer_id);
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
export async function closeAccount(tx: Database, customerId: string): Promise<void> {
  await rows(tx, 'update loyalty_accounts set closed_at = now() where customer_id = ?', [customerId]);
  await rows(tx, 'delete from loyalty_quarantine where customer_id = ?', [customerId]);
}

/** Whether there is such a customer, neither erased nor merged. */
export async function isOpen(db: Database, customerId: string): Promise<boolean> {
  const sql = 'select from loyalty_accounts where customer_id = ? and closed_at is null';
  return (await rows(db, sql, [customerId])).length === 1;
}

/**
 * What lapsed within the last seconds is not settled yet: a transaction that was accepted before it lapsed may still be
 * on its way to the table, for as long as a statement may take.
 */
export const SETTLE_LAG_S = 5;

/**
 * Open accounts in which something has lapsed by itself and is due to be settled, the longest overdue first. The moment
 * is a subselect, taken once: compared with a volatile function itself, every account would be, without the index.
 */
export async function listLapsed(db: Database, limit: number): Promise<string[]> {
  const found = await rows<{ customer_id: string }>(
    db,
    `select customer_id from loyalty_accounts
      where settles_at <= (select ledger_now() - ? * interval '1 second') and closed_at is null
        and ${notInQuarantine('customer_id')} order by settles_at limit ?`,
    [SETTLE_LAG_S, limit],
  );
  return found.map((row) => row.customer_id);
}

/** Writes the accounts back. The caller holds their locks. */
export async function saveAccounts(tx: Database, accounts: readonly AccountRow[]): Promise<void> {
  type Plain = Exclude<keyof AccountRow, 'state'>;
  const of = (name: Plain) => plainArray(accounts.map((account) => account[name]));
  await prepared(
    tx,
    'update loyalty_accounts',
    `update loyalty_accounts a
        set points_balance = u.points_balance, points_held = u.points_held,
            lifetime_points_earned = u.lifetime_points_earned, lifetime_points_redeemed = u.lifetime_points_redeemed,
            lifetime_points_expired = u.lifetime_points_expired,
            lifetime_points_adjusted = u.lifetime_points_adjusted, total_spent_minor = u.total_spent_minor,
            visits_count = u.visits_count, last_visit_at = u.last_visit_at, tier = u.tier, sequence = u.sequence, settles_at = u.settles_at,
            state = u.state, ledger_hash = decode(u.ledger_hash, 'hex')
       from unnest(?::uuid[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
                   ?::bigint[], ?::bigint[], ?::timestamptz[], ?::text[], ?::bigint[], ?::timestamptz[], ?::jsonb[],
                   ?::text[])
         as u (customer_id, points_balance, points_held, lifetime_points_earned, lifetime_points_redeemed,
               lifetime_points_expired, lifetime_points_adjusted, total_spent_minor, visits_count,
               last_visit_at, tier, sequence, settles_at, state, ledger_hash)
      where a.customer_id = u.customer_id`,
    [
      ...[of('customer_id'), of('points_balance'), of('points_held'), of('lifetime_points_earned')],
      ...[of('lifetime_points_redeemed'), of('lifetime_points_expired'), of('lifetime_points_adjusted')],
      ...[of('total_spent_minor'), of('visits_count'), of('last_visit_at')],
      ...[of('tier'), of('sequence'), of('settles_at')],
      ...[accounts.map((account) => JSON.stringify(account.state)), of('ledger_hash')],
    ],
  );
}
