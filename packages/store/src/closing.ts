// What erasure and merge have in common: the locks they begin with, and a profile of which nothing is left.
//
// Both hold the account FOR UPDATE. An accept that came before has committed by then and is applied here; one that
// comes while they are at work waits for KEY SHARE, and reads the account again when it gets it: closed.

import { type CustomerProfile, DomainError } from '@customer-service/domain';
import { applyWithin } from './apply-pending.ts';
import { type Database, rows } from './connect.ts';
import { PROFILE_COLUMNS, toColumns } from './customers.ts';
import { lockAccountsToClose } from './loyalty-accounts.ts';
import { isQuarantined } from './quarantine.ts';

export interface LockedCustomer extends CustomerProfile {
  id: string;
  merged_into: string | null;
  erased_at: string | null;
}

/**
 * Locks the accounts, then the profiles, each in id order. Always in this order: the account first.
 * @throws DomainError `customer-quarantined`: what waits can't be applied, and must not be left behind
 */
export async function lockCustomers(
  tx: Database,
  customerIds: readonly string[],
): Promise<Map<string, LockedCustomer>> {
  await lockAccountsToClose(tx, customerIds);
  if (await isQuarantined(tx, customerIds)) {
    throw new DomainError('customer-quarantined', 'The transactions of this customer can not be decided for now.');
  }
  const found = await rows<LockedCustomer>(
    tx,
    `select id, merged_into, erased_at, ${PROFILE_COLUMNS.join(', ')}
       from customers where id = any(?) order by id for update`,
    [customerIds],
  );
  return new Map(found.map((row) => [row.id, row]));
}

/** Applies all that waits. The caller holds the accounts from `lockCustomers`, so nothing can be added meanwhile. */
export async function applyAll(tx: Database, customerIds: readonly string[]): Promise<void> {
  while ((await applyWithin(tx, customerIds)).more);
}

/** Names are not null in the table, so they become empty. The compiler asks for every field a profile gets. */
const BLANK: Record<keyof CustomerProfile, unknown> = {
  external_id: null,
  first_name: '',
  last_name: '',
  email: null,
  phone: null,
  alternate_email: null,
  alternate_phone: null,
  addresses: [],
  date_of_birth: null,
  gender: null,
  preferences: {},
  status: 'inactive',
  tags: [],
  notes: null,
  referral_source: null,
  metadata: {},
};

/**
 * Takes the person out of the profiles and sets what says why, besides. The caller holds their locks.
 * @returns the version that each has now
 */
export async function blankProfiles(
  tx: Database,
  customerIds: readonly string[],
  why: { erased_at: unknown } | { merged_into: string },
): Promise<{ id: string; version: number }[]> {
  const blank = {
    ...{ ...toColumns(BLANK as Partial<CustomerProfile>), ...why },
    ...{ version: tx.raw('version + 1'), updated_at: tx.raw('now()') },
  };
  return tx('customers').whereIn('id', customerIds).update(blank, ['id', 'version']);
}
