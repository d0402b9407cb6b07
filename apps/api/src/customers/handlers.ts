// Customers over HTTP: turns checked requests into store calls and rows into customers.

import { type Customer, type CustomerProfile, DomainError, ROLES } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { v7 as uuidv7 } from 'uuid';
import { actorOf } from '../actor.ts';
import { parseTags } from '../etags.ts';
import { Problem } from '../problems.ts';
import type { Answer, ApiRequest, Principal, Services } from '../route.ts';
import { completePreferences } from './preferences.ts';
import { INTERNAL_FIELDS } from './schemas.ts';

export async function create(request: ApiRequest<CustomerProfile>, { db }: Services): Promise<Answer> {
  const profile = normalise(request.body, request.principal);
  const row = await store.insertCustomer(db, { id: uuidv7(), profile, actor: actorOf(request) });
  const headers = { Location: `/customers/${row.id}`, ETag: etagOf(row) };
  return { status: 201, body: visible(await toCustomer(row, db), request.principal), headers };
}

export async function read(request: ApiRequest, { db }: Services): Promise<Answer> {
  const id = request.params.customer_id as string;
  const row = await store.readCustomer(db, id);
  if (row === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
  return present(row, request.principal, db);
}

/** The customer as this caller may see it, with its ETag and what its pending transactions would change. */
export async function present(row: store.CustomerRow, principal: Principal, db: store.Database): Promise<Answer> {
  return { status: 200, body: visible(await toCustomer(row, db), principal), headers: { ETag: etagOf(row) } };
}

export async function update(request: ApiRequest<Partial<CustomerProfile>>, { db }: Services): Promise<Answer> {
  refuseInternalFields(request);
  const id = request.params.customer_id as string;
  const change = {
    id,
    changes: normalise(request.body, request.principal),
    expected_versions: expectedVersions(request.header('If-Match')),
    actor: actorOf(request),
  };
  return present(await store.updateCustomer(db, change), request.principal, db);
}

export async function toCustomer(row: store.CustomerRow, db: store.Database): Promise<Customer> {
  const [preview] = await store.previewAccounts(db, [store.accountOf(row)]);
  return withPreview(row, preview as store.Preview);
}

export function withPreview(
  row: store.CustomerRow,
  { account, points_available, points_pending }: store.Preview,
): Customer {
  const { tier, total_spent_minor, visits_count, last_visit_at } = account;
  const loyalty = { points_available, points_pending, tier, total_spent_minor, visits_count, last_visit_at };
  const { id, version, created_at, updated_at } = row;
  return { id, ...store.profileOf(row), loyalty, version, created_at, updated_at };
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
function etagOf(row: store.CustomerRow): string {
  const lapsed = store.hasLapsed(store.accountOf(row).account, row.as_of) ? '.lapsed' : '';
  return `"${row.version}.${row.sequence}.${row.pending.length}${lapsed}"`;
}

/**
 * If-Match asks for versions of the profile, one of which it must be; points that moved meanwhile are no conflict.
 * A weak tag, or one that is not ours, is no version.
 */
export function expectedVersions(header: string): number[] | undefined {
  if (header === '' || header === '*') return undefined;
  const tags = parseTags(header);
  if (tags === undefined) throw new Problem('invalid-header', 'If-Match must be * or a list of ETags.');
  return tags.flatMap((tag) => /^"(\d{1,9})\.\d{1,15}\.\d{1,9}(?:\.lapsed)?"$/.exec(tag)?.[1] ?? []).map(Number);
}
