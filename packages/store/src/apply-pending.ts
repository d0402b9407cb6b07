// The one SQL transaction that moves points. Worker, sweep and a till that waits all come through here.
//
// READ COMMITTED, and separate statements: lock the accounts, and only then read what waits for them. In a single
// statement the read would use a snapshot from before the lock was granted, and apply a second time what the lock's
// last holder had just applied. While the locks are held there are three trips to PostgreSQL: all is read in one, written
// in one, and committed; one or two more where something is reversed or settled. On a slow network others wait for that.

import {
  applyTransactions,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
} from '@customer-service/domain';
import { type Database, rows, together } from './connect.ts';
import { isLockTimeout, isOutage } from './faults.ts';
import { lockAccounts, readAccounts, SETTLE_LAG_S } from './loyalty-accounts.ts';
import { listPending, type PendingRow } from './loyalty-transactions.ts';
import { readProgrammes } from './programmes.ts';
import { countFailures } from './quarantine.ts';
import { readReversible } from './reversal-targets.ts';
import { type Decided, saveDecisions } from './save-decisions.ts';

/** Rows one SQL transaction decides at the most: keeps the longest lock near 100 ms. */
const MAX_ROWS = 2_000;

/** How many transactions were decided, and whether more may be waiting (the batch was full). */
interface Applied {
  decided: number;
  more: boolean;
  /** Customers whose accounts somebody else had locked, when those were to be skipped. */
  skipped?: string[];
}

interface AppliedWithin extends Applied {
  /** The lines that were decided, the ledger's own included; and what of them had waited, by id. */
  lines: readonly Outcome[];
  posted: ReadonlyMap<string, PendingRow>;
}

/** What one SQL transaction decided, told after its commit. */
export interface AppliedRun extends Pick<AppliedWithin, 'lines' | 'posted'> {
  /** Milliseconds since the epoch. */
  started_at: number;
  duration_ms: number;
}

export interface ApplyOptions {
  /** What to do about accounts that somebody else has locked; they are waited for. */
  busy?: 'wait' | 'skip';
  /**
   * Settles what has lapsed as well, also where nothing waits: what is overdue, or all up to `at`, for whoever keeps
   * anything from being accepted meanwhile.
   */
  settle?: 'overdue' | { at: string };
  /** Who counts what is decided. Must not throw: it has been committed. */
  onApplied?: ((run: AppliedRun) => void) | undefined;
}

/** What a part of a larger run can be asked for. */
type ApartOptions = Pick<ApplyOptions, 'busy' | 'settle' | 'onApplied'>;

/**
 * Decides what waits for these customers, in accepted order. Nothing waiting is no fault: a ring may be late or doubled.
 * @throws what PostgreSQL throws; the transactions are then still pending
 */
export async function applyPending(
  db: Database,
  customerIds: readonly string[],
  options: ApplyOptions = {},
): Promise<Applied> {
  const started_at = Date.now();
  const started = performance.now();
  const { lines, posted, ...applied } = await db.transaction((tx) => applyWithin(tx, customerIds, options));
  if (lines.length > 0) options.onApplied?.({ lines, posted, started_at, duration_ms: performance.now() - started });
  return applied;
}

/** The same as a part of the transaction `tx`, for whoever has more to do under the same locks. */
export async function applyWithin(
  tx: Database,
  customerIds: readonly string[],
  { busy = 'wait', settle }: ApplyOptions = {},
): Promise<AppliedWithin> {
  const idle = settle === undefined && busy === 'wait' ? 'leave' : 'lock';
  const locked = await lockAccounts(tx, customerIds, { busy, idle });
  if (locked.length === 0 && idle === 'leave') return { decided: 0, more: false, ...NOTHING };
  const passed = busy === 'skip' && { skipped: customerIds.filter((id) => !locked.includes(id)) };
  const [accounts, pending, programmes] = await together([
    readAccounts(tx, locked),
    listPending(tx, locked, MAX_ROWS),
    readProgrammes(tx),
  ]);
  const more = pending.length === MAX_ROWS;
  if (pending.length === 0 && settle === undefined) return { decided: 0, more, ...NOTHING, ...passed };

  const { targets, parked } = await readReversible(tx, accounts, pending);
  // With a full batch something accepted before the lapse may be waiting still.
  const settle_at = settle === undefined || more ? undefined : await momentOf(tx, settle);
  const known = new Map([...pending, ...[...parked.values()].flat()].map((row) => [row.id, row]));
  const waiting = groupByCustomer(pending);
  const decided: Decided[] = [];
  for (const account of accounts) {
    const transactions = waiting.get(account.customer_id) ?? [];
    if (transactions.length === 0 && settle_at === undefined) continue;
    const own = targets?.get(account.customer_id);
    const result = applyTransactions(account, transactions, {
      programmes,
      ...(own && { targets: own }),
      parked: parked.get(account.customer_id) ?? [],
      ...(settle_at !== undefined && { settle_at }),
    });
    if (transactions.length === 0 && isUntouched(account, result.account)) continue;
    const { outcomes, tier_changes } = result;
    decided.push({ account: { ...account, ...result.account }, outcomes, tier_changes });
  }

  if (decided.length > 0) await saveDecisions(tx, decided, known);
  return {
    decided: pending.length,
    more,
    lines: decided.flatMap(({ outcomes }) => outcomes),
    posted: known,
    ...passed,
  };
}

const NOTHING = { lines: [], posted: new Map<string, never>() };

function isUntouched(before: LoyaltyAccount, after: LoyaltyAccount): boolean {
  return before.state.settled_at === after.state.settled_at || after.state.settled_at === null;
}

async function momentOf(tx: Database, settle: NonNullable<ApplyOptions['settle']>): Promise<string> {
  if (settle !== 'overdue') return settle.at;
  const [row] = await rows<{ at: string }>(tx, "select ledger_now() - ? * interval '1 second' as at", [SETTLE_LAG_S]);
  return row?.at as string;
}

/**
 * Applies what waits for these customers until nothing is left, and keeps one customer's fault from the others. Who
 * fails again and again is left alone from then on (quarantine.ts).
 * @returns the customers whose transactions could not be applied, with the reason
 * @throws when PostgreSQL is away: then no customer is at fault
 */
export async function applyApart(
  db: Database,
  customerIds: readonly string[],
  options: ApartOptions = {},
): Promise<Map<string, Error>> {
  const failures = await applyInHalves(db, customerIds, options);
  if (failures.size > 0) await countFailures(db, failures);
  return failures;
}

async function applyInHalves(
  db: Database,
  customerIds: readonly string[],
  options: ApartOptions,
): Promise<Map<string, Error>> {
  const unique = [...new Set(customerIds)];
  try {
    while ((await applyPending(db, unique, options)).more);
    return new Map();
  } catch (error) {
    if (isOutage(error)) throw error;
    const [only] = unique;
    if (unique.length === 1 && only !== undefined) return new Map([[only, error as Error]]);
    if (isLockTimeout(error)) return applyUnlocked(db, unique, { error: error as Error, options });
    const half = Math.ceil(unique.length / 2);
    const left = await applyInHalves(db, unique.slice(0, half), options);
    const right = await applyInHalves(db, unique.slice(half), options);
    return new Map([...left, ...right]);
  }
}

/** Somebody holds an account for too long: all others go on without waiting again, and that one alone has failed. */
async function applyUnlocked(
  db: Database,
  customerIds: readonly string[],
  { error, options }: { error: Error; options: ApartOptions },
): Promise<Map<string, Error>> {
  const { skipped = [], more } = await applyPending(db, customerIds, { ...options, busy: 'skip' });
  const free = customerIds.filter((id) => !skipped.includes(id));
  const failures = more ? await applyInHalves(db, free, options) : new Map<string, Error>();
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
