// The table audit_log: who changed what of whom, and why. A row goes in with the change it tells of, in the same SQL
// transaction. Append-only by trigger; erasure alone takes the values out.

import type { AuditAction, AuditEntry, Changes } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

/** Who does it, as the token says, and what the request said about it. */
export interface Actor {
  role: string;
  sub: string;
  request_id: string | null;
  reason?: string | undefined;
}

export interface AuditEvent {
  action: AuditAction;
  /** Null: of no customer, but of all. */
  customer_id: string | null;
  changes: Changes;
}

export function writeAudit(tx: Database, actor: Actor, ...events: AuditEvent[]): Promise<unknown> {
  return rows(
    tx,
    `insert into audit_log (actor_role, actor_sub, action, customer_id, reason, request_id, changes)
     select ?, ?, action, customer_id, ?, ?, changes
       from unnest(?::text[], ?::uuid[], ?::jsonb[]) with ordinality as event (action, customer_id, changes, place)
      order by place`,
    [
      ...[actor.role, actor.sub, actor.reason ?? null, actor.request_id],
      events.map(({ action }) => action),
      events.map(({ customer_id }) => customer_id),
      events.map(({ changes }) => JSON.stringify(changes)),
    ],
  );
}

export interface AuditFilter {
  customer_id?: string;
  /** The subject of the token. */
  actor?: string;
  action?: string;
  /** RFC 3339; the first moment is included, the last is not. */
  at_from?: string;
  at_to?: string;
  limit: number;
  /** The id of the last row of the page before. */
  before?: number;
}

const COLUMNS = ['id', 'at', 'actor_role', 'actor_sub', 'action', 'customer_id', 'reason', 'request_id', 'changes'];

/** One page, the newest first. */
export function listAudit(db: Database, filter: AuditFilter): Promise<AuditEntry[]> {
  const query = db('audit_log').select<AuditEntry[]>(COLUMNS).orderBy('id', 'desc').limit(filter.limit);
  if (filter.customer_id !== undefined) query.where('customer_id', filter.customer_id);
  if (filter.actor !== undefined) query.where('actor_sub', filter.actor);
  if (filter.action !== undefined) query.where('action', filter.action);
  if (filter.at_from !== undefined) query.where('at', '>=', filter.at_from);
  if (filter.at_to !== undefined) query.where('at', '<', filter.at_to);
  if (filter.before !== undefined) query.where('id', '<', filter.before);
  return query;
}

/** Everything about these customers, the oldest first. */
export function readAuditOf(db: Database, customerIds: readonly string[]): Promise<AuditEntry[]> {
  return db('audit_log').select<AuditEntry[]>(COLUMNS).whereIn('customer_id', customerIds).orderBy('id');
}

/** Takes values and reasons out; who, when, what kind of change and which fields stay. The customers are erased. */
export function redactAudit(tx: Database, customerIds: readonly string[]): Promise<unknown> {
  return rows(
    tx,
    'update audit_log set reason = null, changes = redacted_changes(changes) where customer_id = any(?)',
    [customerIds],
  );
}
