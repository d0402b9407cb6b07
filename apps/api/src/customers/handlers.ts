// Customers over HTTP: turns checked requests into store calls and rows into customers.

import {
  applyTransactions,
  type Customer,
  type CustomerProfile,
  DomainError,
  type LoyaltyAccount,
  type PendingTransaction,
  PROGRAMME,
  ROLES,
} from '@customer-service/domain';
import * as store from '@customer-service/store';
import { v7 as uuidv7 } from 'uuid';
import { actorOf } from '../actor.ts';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Principal, Services } from '../route.ts';
import { completePreferences } from './preferences.ts';
import { INTERNAL_FIELDS } from './schemas.ts';

export async function create(request: ApiRequest<CustomerProfile>, { db }: Services): Promise<Answer> {
  const profile = normalise(request.body, request.principal);
  const row = await store.insertCustomer(db, { id: uuidv7(), profile, actor: actorOf(request) });
  const headers = { Location: `/customers/${row.id}`, ETag: etagOf(row, 0) };
  return { status: 201, body: visible(toCustomer(row, []), request.principal), headers };
}

export async function read(request: ApiRequest, { db }: Services): Promise<Answer> {
  const id = request.params.customer_id as string;
  const row = await store.readCustomer(db, id);
  if (row === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
  return present(row, request.principal, db);
}

/** The customer as this caller may see it, with its ETag and what its pending transactions would change. */
export async function present(row: store.CustomerRow, principal: Principal, db: store.Database): Promise<Answer> {
  const pending = await store.previewPending(db, [row.id], PREVIEWED);
  const body = visible(toCustomer(row, pending), principal);
  return { status: 200, body, headers: { ETag: etagOf(row, pending.length) } };
}

export async function update(request: ApiRequest<Partial<CustomerProfile>>, { db }: Services): Promise<Answer> {
  refuseInternalFields(request);
  const id = request.params.customer_id as string;
  const change = {
    id,
    changes: normalise(request.body, request.principal),
    expected_version: expectedVersion(request.header('If-Match')),
    actor: actorOf(request),
  };
  return present(await store.updateCustomer(db, change), request.principal, db);
}

/** Pending transactions that a read looks at: as many as one apply takes. */
export const PREVIEWED = 2_000;

export function toCustomer(row: store.CustomerRow, pending: PendingTransaction[]): Customer {
  const { points_balance, lifetime_points_earned, lifetime_points_redeemed, sequence, ...rest } = row;
  const { tier, total_spent_minor, visits_count, last_visit_at, ...profile } = rest;
  const account: LoyaltyAccount = {
    ...{
      points_balance,
      lifetime_points_earned,
      lifetime_points_redeemed,
      sequence,
      tier,
      total_spent_minor,
      visits_count,
      last_visit_at,
    },
    customer_id: row.id,
    customer_status: row.status,
  };
  const later = applyTransactions(account, pending, PROGRAMME).account;
  const loyalty = {
    points_available: points_balance,
    points_pending: later.points_balance - points_balance,
    ...{ tier, total_spent_minor, visits_count, last_visit_at },
  };
  return { ...profile, loyalty };
}

/** Role and subject, as the API notes who it was. */
const STAFF = new RegExp(`^(?:${ROLES.filter((role) => role !== 'customer').join('|')}):`);

/** For a customer's own token: who of the staff noted something is not theirs to know, however deep it stands. */
export function withoutStaff<Value>(value: Value, principal: Principal): Value {
  if (principal.role !== 'customer' || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutStaff(item, principal)) as Value;
  const entries = Object.entries(value).map(([name, inner]) => {
    return [name, name === 'noted_by' && STAFF.test(String(inner)) ? null : withoutStaff(inner, principal)];
  });
  return Object.fromEntries(entries);
}

/** Leaves out what a customer's own token may not see. */
export function visible(customer: Customer, principal: Principal): Partial<Customer> {
  if (principal.role !== 'customer') return customer;
  const hidden = new Set<string>(INTERNAL_FIELDS);
  return withoutStaff(Object.fromEntries(Object.entries(customer).filter(([name]) => !hidden.has(name))), principal);
}

export function refuseInternalFields({ principal, body }: ApiRequest<Partial<CustomerProfile>>): void {
  if (principal.role !== 'customer') return;
  const errors = INTERNAL_FIELDS.filter((field) => field in body).map((field) => ({
    pointer: `/${field}`,
    code: 'unknown-field',
    detail: 'is not allowed',
  }));
  if (errors.length > 0) throw new Problem('validation-failed', `${errors.length} field(s) break a rule.`, { errors });
}

/** A profile, or the part of one that a change names, as it is stored. */
export function normalise<Fields extends Partial<CustomerProfile>>(fields: Fields, principal: Principal): Fields {
  const written = normaliseContact(fields);
  const { preferences } = written;
  return {
    ...written,
    ...(preferences && { preferences: completePreferences(preferences, principal) }),
  };
}

/** Contact details in the one form in which they are stored and compared; all text in Unicode NFC. */
export function normaliseContact<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value === 'string' && name.endsWith('email')) return [name, value.toLowerCase()];
      if (typeof value === 'string' && name.endsWith('phone')) return [name, value.replace(/[^+\d]/g, '')];
      return [name, composed(value)];
    }),
  ) as Fields;
}

function composed(value: unknown): unknown {
  if (typeof value === 'string') return value.normalize('NFC');
  if (Array.isArray(value)) return value.map(composed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, composed(inner)]));
}

/** Strong: the profile's version, and how many transactions the embedded account has seen and waits for. */
function etagOf(row: store.CustomerRow, pending: number): string {
  return `"${row.version}.${row.sequence}.${pending}"`;
}

/** If-Match asks for the version of the profile; points that moved meanwhile are no conflict. */
export function expectedVersion(header: string): number | undefined {
  if (header === '' || header === '*') return undefined;
  const version = /^"(\d{1,9})\.\d{1,15}\.\d{1,9}"$/.exec(header)?.[1];
  if (version === undefined) throw new Problem('invalid-header', 'If-Match must be an ETag of this customer.');
  return Number(version);
}
