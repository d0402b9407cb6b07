// What an account is at this moment, lapsed points left out, and what the transactions that wait would make of it. A
// read-only look by the same rules as apply-pending; nothing of it is written.

import {
  applyTransactions,
  availablePoints,
  type LoyaltyAccount,
  type Outcome,
  type PendingTransaction,
} from '@customer-service/domain';
import type { Database } from './connect.ts';
import { readProgrammes } from './programmes.ts';
import { readReversible } from './reversal-targets.ts';

/** An account with what waits for it, as read in one statement. */
export interface AccountView {
  account: LoyaltyAccount;
  pending: PendingTransaction[];
  as_of: string;
}

export interface Preview {
  /** As of the moment of reading. */
  account: LoyaltyAccount;
  points_available: number;
  /** What the pending transactions would add to that, less what they would take. */
  points_pending: number;
}

export async function previewAccounts(db: Database, views: readonly AccountView[]): Promise<Preview[]> {
  const quiet = views.every(({ account, pending, as_of }) => pending.length === 0 && !hasLapsed(account, as_of));
  if (quiet)
    return views.map(({ account }) => ({ account, points_available: availablePoints(account), points_pending: 0 }));
  const programmes = await readProgrammes(db);
  const accounts = views.map(({ account }) => account);
  const { targets, parked } = await readReversible(
    db,
    accounts,
    views.flatMap(({ pending }) => pending),
  );
  return views.map(({ account: stored, pending, as_of }) => {
    const own = targets?.get(stored.customer_id);
    const rules = { programmes, ...(own && { targets: own }), parked: parked.get(stored.customer_id) ?? [] };
    const { account } = applyTransactions(stored, [], { ...rules, settle_at: as_of });
    const later = applyTransactions(stored, pending, { ...rules, settle_at: as_of }).account;
    const points_available = availablePoints(account);
    return { account, points_available, points_pending: availablePoints(later) - points_available };
  });
}

/** What one more transaction would become after those that wait, were it accepted at the moment of the view. */
export async function previewTransaction(
  db: Database,
  { account: stored, pending, as_of }: AccountView,
  asked: Omit<PendingTransaction, 'accepted_at'>,
): Promise<{ before: LoyaltyAccount; after: LoyaltyAccount; outcomes: Outcome[] }> {
  const transaction = { ...asked, accepted_at: as_of };
  const programmes = await readProgrammes(db);
  const { targets, parked } = await readReversible(db, [stored], [...pending, transaction]);
  const own = targets?.get(stored.customer_id);
  const rules = { programmes, ...(own && { targets: own }), parked: parked.get(stored.customer_id) ?? [] };
  const { account: before } = applyTransactions(stored, pending, { ...rules, settle_at: as_of });
  const { account: after, outcomes } = applyTransactions(before, [transaction], rules);
  return { before, after, outcomes };
}

/** Whether something has lapsed that no worker has settled yet. */
export function hasLapsed({ settles_at }: LoyaltyAccount, as_of: string): boolean {
  return settles_at !== null && settles_at <= as_of;
}
