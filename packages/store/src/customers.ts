// The table customers: profiles, written and read by id; list-customers finds them. A customer's loyalty account is made
// with it.

import {
  type CustomerProfile,
  changesBetween,
  DomainError,
  type LoyaltyAccount,
  type PendingTransaction,
} from '@customer-service/domain';
import { type Actor, writeAudit } from './audit-log.ts';
import { type Database, rows } from './connect.ts';
import { ACCOUNT_COLUMNS, ACCOUNT_FIELDS, insertAccounts } from './loyalty-accounts.ts';
import { pendingOf } from './loyalty-transactions.ts';
import { customerEvent, writeEvents } from './outbox.ts';
import type { AccountView } from './preview.ts';

/** A customer, its account and what waits for it, as of one moment. */
export interface CustomerRow extends CustomerProfile, Omit<LoyaltyAccount, 'customer_id' | 'customer_status'> {
  id: string;
  /** What waits for the account, read in the same moment as all else. */
  pending: PendingTransaction[];
  /** That moment, by the ledger's clock. */
  as_of: string;
  version: number;
  created_at: string;
  updated_at: string;
}

export const PROFILE_COLUMNS = [
  'external_id',
  'first_name',
  'last_name',
  'email',
  'phone',
  'alternate_email',
  'alternate_phone',
  'addresses',
  'date_of_birth',
  'gender',
  'preferences',
  'status',
  'tags',
  'notes',
  'referral_source',
  'metadata',
] as const;
const JSON_COLUMNS = new Set<string>(['addresses', 'preferences', 'metadata']);

const CUSTOMER_COLUMNS = [
  ...['id', 'version', 'created_at', 'updated_at', ...PROFILE_COLUMNS].map((column) => `c.${column}`),
  ...ACCOUNT_COLUMNS,
];

/** @throws DomainError `customer-exists` when the email, the phone or the external id belongs to another customer */
export async function insertCustomer(
  db: Database,
  { id, profile, actor }: { id: string; profile: CustomerProfile; actor: Actor },
): Promise<CustomerRow> {
  return refuseDuplicates(() =>
    db.transaction(async (tx) => {
      await insertCustomers(tx, [{ id, profile }], actor);
      return (await readCustomer(tx, id)) as CustomerRow;
    }),
  );
}

/** Within the transaction `tx`, which is lost when one of them can't be. @throws what PostgreSQL says */
export async function insertCustomers(
  tx: Database,
  customers: readonly { id: string; profile: CustomerProfile }[],
  actor: Actor,
): Promise<void> {
  const action = 'customer.created';
  await tx('customers').insert(customers.map(({ id, profile }) => ({ id, ...toColumns(profile) })));
  await insertAccounts(
    tx,
    customers.map(({ id }) => id),
  );
  const made = customers.map(({ id, profile }) => {
    return { action, customer_id: id, changes: changesBetween({}, profile) } as const;
  });
  await writeAudit(tx, actor, ...made);
  await writeEvents(
    tx,
    made.map((event) => customerEvent(action, { ...event, version: 1 })),
  );
}

/** @returns undefined also for a customer that was erased, or merged into another one */
export async function readCustomer(db: Database, id: string): Promise<CustomerRow | undefined> {
  const [row] = await selectCustomers(db).where('c.id', id);
  return row;
}

/**
 * Changes the fields that `changes` names and leaves the others alone; within `preferences` likewise.
 * @param expected_versions refuses the change when the customer is at none of them; undefined asks nothing
 * @throws DomainError `customer-not-found`, `version-mismatch`, `customer-exists`
 */
export async function updateCustomer(
  db: Database,
  change: { id: string; changes: Partial<CustomerProfile>; expected_versions?: readonly number[]; actor: Actor },
): Promise<CustomerRow> {
  return refuseDuplicates(() =>
    db.transaction(async (tx) => {
      const [current] = await rows<CustomerProfile & { version: number }>(
        tx,
        `select version, ${PROFILE_COLUMNS.join(', ')} from customers
          where id = ? and erased_at is null and merged_into is null for no key update`,
        [change.id],
      );
      if (current === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
      if (change.expected_versions?.includes(current.version) === false) {
        throw new DomainError('version-mismatch', `The customer is at version ${current.version} now.`);
      }
      const { preferences, ...rest } = change.changes;
      await tx('customers')
        .where({ id: change.id })
        .update({
          ...toColumns(rest),
          ...(preferences && { preferences: tx.raw('preferences || ?::jsonb', [JSON.stringify(preferences)]) }),
          version: current.version + 1,
          updated_at: tx.raw('now()'),
        });
      const row = (await readCustomer(tx, change.id)) as CustomerRow;
      const changes = changesBetween(profileOf(current), profileOf(row));
      const what = { customer_id: change.id, changes };
      await writeAudit(tx, change.actor, { action: 'customer.updated', ...what });
      await writeEvents(tx, [customerEvent('customer.updated', { ...what, version: row.version })]);
      return row;
    }),
  );
}

/** The row's account, with what waits for it. */
export function accountOf(row: CustomerRow): AccountView {
  const account = Object.fromEntries(ACCOUNT_FIELDS.map((field) => [field, row[field]]));
  return {
    account: { ...(account as unknown as LoyaltyAccount), customer_id: row.id, customer_status: row.status },
    pending: row.pending,
    as_of: row.as_of,
  };
}

/** The profile alone, without what the row has besides. */
export function profileOf(row: CustomerProfile): CustomerProfile {
  return Object.fromEntries(PROFILE_COLUMNS.map((column) => [column, row[column]])) as unknown as CustomerProfile;
}

/** Those who are there: an erased customer's account is closed, and so is one that was merged. */
export function selectCustomers(db: Database) {
  return db('customers as c')
    .join('loyalty_accounts as a', 'a.customer_id', 'c.id')
    .whereNull('a.closed_at')
    .select<CustomerRow[]>([...CUSTOMER_COLUMNS, db.raw('ledger_now() as as_of'), db.raw(pendingOf('c.id'))]);
}

export function toColumns(profile: Partial<CustomerProfile>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(profile).map(([name, value]) => [name, JSON_COLUMNS.has(name) ? JSON.stringify(value) : value]),
  );
}

const UNIQUE_FIELDS = {
  customers_email_key: 'email',
  customers_phone_key: 'phone',
  customers_external_id_key: 'external_id',
};

export async function refuseDuplicates<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string };
    const field = UNIQUE_FIELDS[constraint as keyof typeof UNIQUE_FIELDS];
    if (code !== '23505' || field === undefined) throw error;
    throw new DomainError('customer-exists', `Another customer has this ${field}.`, [
      { pointer: `/${field}`, code: 'taken', detail: 'belongs to another customer' },
    ]);
  }
}
