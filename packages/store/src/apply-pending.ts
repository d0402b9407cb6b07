// The one SQL transaction that moves points. Worker, sweep and a till that waits all come through here.
//
// READ COMMITTED, and separate statements: lock the accounts, and only then read what waits for them. In a single
// statement the read would use a snapshot from before the lock was granted, and apply a second time what the lock's
// last holder had just applied.

import {
  applyTransactions,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
  PROGRAMME,
} from '@customer-service/domain';
import type { Database } from './connect.ts';
import { isLockTimeout, isOutage } from './faults.ts';
import { lockAccounts, saveAccounts } from './loyalty-accounts.ts';
import { listPending, saveOutcomes } from './loyalty-transactions.ts';

/** Rows one SQL transaction decides at the most: keeps the longest lock near 100 ms. */
const MAX_ROWS = 2_000;

/** How many transactions were decided, and whether more may be waiting (the batch was full). */
interface Applied {
  decided: number;
  more: boolean;
  /** Customers whose accounts somebody else had locked, when those were to be skipped. */
  skipped?: string[];
}

/**
 * Decides what waits for these customers, in accepted order. Nothing waiting is no fault: a ring may be late or doubled.
 * @throws what PostgreSQL throws; the transactions are then still pending
 */
export function applyPending(
  db: Database,
  customerIds: readonly string[],
  busy: 'wait' | 'skip' = 'wait',
): Promise<Applied> {
  return db.transaction((tx) => applyWithin(tx, customerIds, busy));
}

/**
 * The same as a part of the transaction `tx`, for whoever has more to do under the same locks.
 * @param busy what to do about accounts that somebody else has locked
 */
export async function applyWithin(
  tx: Database,
  customerIds: readonly string[],
  busy: 'wait' | 'skip' = 'wait',
): Promise<Applied> {
  const accounts = await lockAccounts(tx, customerIds, busy);
  const locked = accounts.map((account) => account.customer_id);
  const passed = busy === 'skip' && { skipped: customerIds.filter((id) => !locked.includes(id)) };
  const pending = await listPending(tx, locked, MAX_ROWS);
  if (pending.length === 0) return { decided: 0, more: false, ...passed };

  const waiting = groupByCustomer(pending);
  const changed: LoyaltyAccount[] = [];
  const outcomes: Outcome[] = [];
  for (const account of accounts) {
    const transactions = waiting.get(account.customer_id);
    if (transactions === undefined) continue;
    const result = applyTransactions(account, transactions, PROGRAMME);
    changed.push(result.account);
    outcomes.push(...result.outcomes);
  }

  await saveAccounts(tx, changed);
  await saveOutcomes(tx, outcomes);
  return { decided: outcomes.length, more: pending.length === MAX_ROWS, ...passed };
}

/**
 * Applies what waits for these customers until nothing is left, and keeps one customer's fault from the others.
 * @returns the customers whose transactions could not be applied, with the reason
 * @throws when PostgreSQL is away: then no customer is at fault
 */
export async function applyApart(db: Database, customerIds: readonly string[]): Promise<Map<string, Error>> {
  const unique = [...new Set(customerIds)];
  try {
    while ((await applyPending(db, unique)).more);
    return new Map();
  } catch (error) {
    if (isOutage(error)) throw error;
    const [only] = unique;
    if (unique.length === 1 && only !== undefined) return new Map([[only, error as Error]]);
    if (isLockTimeout(error)) return applyUnlocked(db, unique, error as Error);
    const half = Math.ceil(unique.length / 2);
    const left = await applyApart(db, unique.slice(0, half));
    const right = await applyApart(db, unique.slice(half));
    return new Map([...left, ...right]);
  }
}

/** Somebody holds an account for too long: all others go on without waiting again, and that one alone has failed. */
async function applyUnlocked(db: Database, customerIds: readonly string[], error: Error): Promise<Map<string, Error>> {
  const { skipped = [], more } = await applyPending(db, customerIds, 'skip');
  const free = customerIds.filter((id) => !skipped.includes(id));
  const failures = more ? await applyApart(db, free) : new Map<string, Error>();
  for (const id of skipped) failures.set(id, error);
  return failures;
}

/** Keeps the accepted order within each group. */
function groupByCustomer(pending: readonly PendingTransaction[]): Map<string, PendingTransaction[]> {
  const groups = new Map<string, PendingTransaction[]>();
  for (const transaction of pending) {
    const group = groups.get(transaction.customer_id);
    if (group === undefined) groups.set(transaction.customer_id, [transaction]);
    else group.push(transaction);
  }
  return groups;
}
