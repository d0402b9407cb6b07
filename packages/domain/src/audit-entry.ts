// What the audit log says of one write: by whom, why, and each field from what to what. Knows no storage.

import type { CustomerProfile } from './models.ts';

export const AUDIT_ACTIONS = [
  'customer.created',
  'customer.updated',
  'customer.erased',
  /** On the customer that stays. */
  'customer.merged',
  /** On the one that was merged into it. */
  'customer.merged_into',
  /** From quarantine. */
  'customer.released',
  'adjustment.requested',
  'adjustment.approved',
  'adjustment.refused',
  'programme.changed',
  'webhook_endpoint.created',
  'webhook_endpoint.updated',
  'webhook_endpoint.deleted',
  'webhook_endpoint.secret_rotated',
  /** By its own answer, 410. */
  'webhook_endpoint.disabled',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export interface Change {
  before: unknown;
  after: unknown;
}
/** By field; within preferences `preferences.language`. Null where erasure has taken the values. */
export type Changes = Record<string, Change | null>;

export interface AuditEntry {
  id: number;
  at: string;
  actor_role: string;
  actor_sub: string;
  action: AuditAction;
  customer_id: string | null;
  reason: string | null;
  /** The X-Request-Id of the request that did it. */
  request_id: string | null;
  changes: Changes;
}

/** Only what differs; what is empty on both sides, as on a new customer, does not. */
export function changesBetween(before: Partial<CustomerProfile>, after: Partial<CustomerProfile>): Changes {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const changes: Changes = {};
  for (const field of new Set([...old.keys(), ...now.keys()])) {
    const change = { before: old.get(field) ?? null, after: now.get(field) ?? null };
    if (isEmpty(change.before) && isEmpty(change.after)) continue;
    if (JSON.stringify(change.before) !== JSON.stringify(change.after)) changes[field] = change;
  }
  return changes;
}

/** Preferences one by one: a change of the language is no change of the allergies. */
function fieldsOf({ preferences, ...profile }: Partial<CustomerProfile>): Map<string, unknown> {
  const named = Object.entries(preferences ?? {}).map(([name, value]) => [`preferences.${name}`, value] as const);
  return new Map([...Object.entries(profile), ...named]);
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
