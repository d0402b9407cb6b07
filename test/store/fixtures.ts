// What the tests of the store need again and again: a customer, a transaction to accept, and how a promise failed.

import { randomUUID } from 'node:crypto';
import {
  type CustomerProfile,
  DomainError,
  type LoyaltyTransaction,
  type TransactionType,
} from '@customer-service/domain';
import {
  type Accepted,
  type Actor,
  type AuditDifference,
  acceptTransactions,
  auditAccounts,
  type CustomerRow,
  type Database,
  insertCustomer,
  type NewTransaction,
} from '@customer-service/store';

export const a_profile: CustomerProfile = {
  external_id: null,
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: null,
  phone: null,
  alternate_email: null,
  alternate_phone: null,
  addresses: [],
  date_of_birth: null,
  gender: null,
  preferences: {
    dietary_restrictions: [],
    allergies: [],
    consents: [],
    favorite_cuisines: [],
    preferred_payment_method: null,
    notification_channels: [],
    marketing_consent: false,
    language: null,
  },
  status: 'active',
  tags: [],
  notes: null,
  referral_source: null,
  metadata: {},
};

/** Who writes profiles in these tests. */
export const an_actor: Actor = { role: 'admin', sub: 'the-tests', request_id: null };

/** A UUIDv7 by its looks; a larger number makes a later one. */
export function uuidOf(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** @returns the new customer's id */
export async function addCustomer(
  db: Database,
  profile: Partial<CustomerProfile> = {},
  id: string = randomUUID(),
): Promise<string> {
  await insertCustomer(db, { id, profile: { ...a_profile, ...profile }, actor: an_actor });
  return id;
}

/** Under the ids given, in the order given: that is how they lie in the table. */
export async function addCustomers(db: Database, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push(await addCustomer(db));
  return ids;
}

/** A customer without the moment at which it was read. */
export function timeless(row: CustomerRow | undefined): Omit<CustomerRow, 'as_of'> | undefined {
  if (row === undefined) return undefined;
  const { as_of: _moment, ...rest } = row;
  return rest;
}

/** A transaction to accept: a bonus of 10 points, unless `fields` say something else. */
export function aTransaction(customer_id: string, fields: Partial<NewTransaction> = {}): NewTransaction {
  return {
    id: randomUUID(),
    customer_id,
    idempotency_key: randomUUID(),
    fingerprint: Buffer.from('the same for all'),
    type: 'earn',
    points: 10,
    amount_minor: null,
    currency: null,
    order_id: null,
    source: null,
    external_reference: null,
    description: null,
    occurred_at: null,
    accepted_from: 'service:till-1',
    terms: null,
    ...fields,
  };
}

export function purchase(customer_id: string, amount_minor: number, fields: Partial<NewTransaction> = {}) {
  return aTransaction(customer_id, { points: null, amount_minor, currency: 'USD', ...fields });
}

export function points(
  type: TransactionType,
  customer_id: string,
  count: number,
  fields: Partial<NewTransaction> = {},
) {
  return aTransaction(customer_id, { type, points: count, ...fields });
}

/** Accepts all of them in one batch. @throws the first refusal there is */
export async function accept(db: Database, ...items: NewTransaction[]): Promise<LoyaltyTransaction[]> {
  const answers = await acceptTransactions(db, items);
  return answers.map((answer) => acceptedOf(answer).transaction);
}

export function acceptedOf(answer: Accepted | DomainError | undefined): Accepted {
  if (answer === undefined || answer instanceof DomainError) throw answer ?? new Error('no answer');
  return answer;
}

/** What an answer says in one word: the code of the refusal, `replayed`, or `accepted`. */
export function wordOf(answer: Accepted | DomainError | undefined): string {
  if (answer instanceof DomainError) return answer.code;
  return acceptedOf(answer).replayed ? 'replayed' : 'accepted';
}

interface Failure {
  /** A DomainError's, or PostgreSQL's SQLSTATE. */
  code?: string;
  message: string;
  errors?: { pointer: string }[];
}

/** The error `promise` rejects with. @throws Error when it does not */
export async function failureOf(promise: PromiseLike<unknown>): Promise<Failure> {
  const failure: { error?: unknown } = {};
  await Promise.resolve(promise).catch((error: unknown) => {
    failure.error = error;
  });
  if (failure.error === undefined) throw new Error('it should have failed, and did not');
  return failure.error as Failure;
}

/** All that the audit finds, page after page. */
export async function auditAll(db: Database): Promise<{ accounts: number; differences: AuditDifference[] }> {
  const total = { accounts: 0, differences: [] as AuditDifference[] };
  for await (const page of auditAccounts(db)) {
    total.accounts += page.accounts;
    total.differences.push(...page.differences);
  }
  return total;
}

/** The ledger as it lies there, in accepted order. */
export function readLedger(db: Database): Promise<(LoyaltyTransaction & { position: number })[]> {
  return db('loyalty_transactions').select('*').orderBy('position');
}
