// The tables webhook_endpoints and webhook_secrets: where events are sent to. A secret leaves them in two ways only, once
// to whoever made it and each time to the sender.

import { type DisabledReason, DomainError, type EndpointStatus } from '@customer-service/domain';
import { type Actor, type AuditEvent, writeAudit } from './audit-log.ts';
import { type Database, rows } from './connect.ts';

export interface WebhookEndpoint {
  id: string;
  url: string;
  description: string | null;
  /** Empty: all. */
  types: string[];
  status: EndpointStatus;
  disabled_reason: DisabledReason | null;
  created_at: string;
  updated_at: string;
}

const COLUMNS = 'id, url, description, types, status, disabled_reason, created_at, updated_at';

/** Each event is a row for each of them, and each may have connections open. */
const MAX_ENDPOINTS = 50;
/** How long the secret before the current one signs as well. */
const OVERLAP = '24 hours';

export interface NewEndpoint {
  id: string;
  url: string;
  description: string | null;
  types: readonly string[];
  secret: string;
  actor: Actor;
}

/** @throws DomainError `value-refused` when there are MAX_ENDPOINTS already */
export function addEndpoint(db: Database, wanted: NewEndpoint): Promise<WebhookEndpoint> {
  const { id, url, description, types, secret, actor } = wanted;
  return db.transaction(async (tx) => {
    await tx.raw("select pg_advisory_xact_lock(hashtext('customer-service webhook endpoints'))");
    const [endpoint] = await rows<WebhookEndpoint>(
      tx,
      `insert into webhook_endpoints (id, url, description, types)
       select ?, ?, ?, ? where (select count(*) from webhook_endpoints) < ? returning ${COLUMNS}`,
      [id, url, description, types, MAX_ENDPOINTS],
    );
    if (endpoint === undefined) {
      throw new DomainError('value-refused', `There can be ${MAX_ENDPOINTS} endpoints. Delete one that is not used.`);
    }
    await rows(tx, 'insert into webhook_secrets (endpoint_id, secret) values (?, ?)', [id, secret]);
    await writeAudit(tx, actor, changeOf('webhook_endpoint.created', undefined, endpoint));
    return endpoint;
  });
}

export interface EndpointPage {
  limit: number;
  /** The id of the last one of the page before. */
  before?: string | undefined;
}

/** The newest first. */
export function listEndpoints(db: Database, { limit, before }: EndpointPage): Promise<WebhookEndpoint[]> {
  return rows(
    db,
    `select ${COLUMNS} from webhook_endpoints where ?::uuid is null or id < ?::uuid order by id desc limit ?`,
    [before ?? null, before ?? null, limit],
  );
}

/** Whether any is enabled. */
export async function hasEndpoints(db: Database): Promise<boolean> {
  return (await rows(db, "select from webhook_endpoints where status = 'enabled' limit 1")).length > 0;
}

/** @throws DomainError `endpoint-not-found` */
export async function readEndpoint(db: Database, id: string): Promise<WebhookEndpoint> {
  const [endpoint] = await rows<WebhookEndpoint>(db, `select ${COLUMNS} from webhook_endpoints where id = ?`, [id]);
  return endpoint ?? notFound();
}

export type EndpointChange = Partial<Pick<WebhookEndpoint, 'url' | 'description' | 'types' | 'status'>>;

/**
 * Changes the fields named. Enabled again, it gets what has waited at once.
 * @throws DomainError `endpoint-not-found`
 */
export function updateEndpoint(
  db: Database,
  { id, change, actor }: { id: string; change: EndpointChange; actor: Actor },
): Promise<WebhookEndpoint> {
  return db.transaction(async (tx) => {
    const before = await lockEndpoint(tx, id);
    const wanted = { ...before, ...change };
    const disabled_reason = wanted.status === 'enabled' ? null : (before.disabled_reason ?? 'by_hand');
    const [after] = await rows<WebhookEndpoint>(
      tx,
      `update webhook_endpoints set url = ?, description = ?, types = ?, status = ?, disabled_reason = ?,
              updated_at = clock_timestamp() where id = ? returning ${COLUMNS}`,
      [wanted.url, wanted.description, wanted.types, wanted.status, disabled_reason, id],
    );
    await writeAudit(tx, actor, changeOf('webhook_endpoint.updated', before, after));
    return after as WebhookEndpoint;
  });
}

/** Who sends, in the audit log. */
const THE_SENDER: Actor = { role: 'worker', sub: 'webhooks', request_id: null };

/**
 * An endpoint said that it wants nothing any more; what waits for it goes on waiting.
 * @param url where it said so: if it has another one by now, that one has not
 * @returns whether it was enabled
 */
export function disableGone(db: Database, { id, url }: Pick<WebhookEndpoint, 'id' | 'url'>): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [after] = await rows<WebhookEndpoint>(
      tx,
      `update webhook_endpoints set status = 'disabled', disabled_reason = 'gone', updated_at = clock_timestamp()
        where id = ? and url = ? and status = 'enabled' returning ${COLUMNS}`,
      [id, url],
    );
    if (after === undefined) return false;
    const before: WebhookEndpoint = { ...after, status: 'enabled', disabled_reason: null };
    await writeAudit(tx, THE_SENDER, changeOf('webhook_endpoint.disabled', before, after));
    return true;
  });
}

/** Rows one statement takes, so that none comes near the time limit of a statement. */
const DELETED_AT_ONCE = 5_000;

/** With its secret and with all that was to be sent. @throws DomainError `endpoint-not-found` */
export async function deleteEndpoint(db: Database, { id, actor }: { id: string; actor: Actor }): Promise<void> {
  for (let deleted = DELETED_AT_ONCE; deleted === DELETED_AT_ONCE; ) {
    const found = await db.raw<{ rowCount: number }>(
      `delete from webhook_deliveries where ctid in (
         select ctid from webhook_deliveries where endpoint_id = ? limit ?)`,
      [id, DELETED_AT_ONCE] as never,
    );
    deleted = found.rowCount;
  }
  await db.transaction(async (tx) => {
    const before = await lockEndpoint(tx, id);
    await rows(tx, 'delete from webhook_endpoints where id = ?', [id]);
    await writeAudit(tx, actor, changeOf('webhook_endpoint.deleted', before, undefined));
  });
}

/** The secret that was current signs as well for a day. @throws DomainError `endpoint-not-found` */
export function rotateSecret(
  db: Database,
  { id, secret, actor }: { id: string; secret: string; actor: Actor },
): Promise<WebhookEndpoint & { previous_secret_until: string }> {
  return db.transaction(async (tx) => {
    const endpoint = await lockEndpoint(tx, id);
    const [rotated] = await rows<{ previous_until: string }>(
      tx,
      `update webhook_secrets set secret = ?, previous_secret = secret,
              previous_until = clock_timestamp() + interval '${OVERLAP}'
        where endpoint_id = ? returning previous_until`,
      [secret, id],
    );
    const previous_secret_until = (rotated as { previous_until: string }).previous_until;
    const changes = {
      endpoint_id: { before: id, after: id },
      previous_secret_until: { before: null, after: previous_secret_until },
    };
    await writeAudit(tx, actor, { action: 'webhook_endpoint.secret_rotated', customer_id: null, changes });
    return { ...endpoint, previous_secret_until };
  });
}

/** What signs, the current one first. For the sender alone. */
export async function readSecrets(db: Database, id: string): Promise<string[]> {
  const [found] = await rows<{ secrets: string[] }>(
    db,
    `select ${SECRETS} as secrets from webhook_secrets s where endpoint_id = ?`,
    [id],
  );
  return found?.secrets ?? [];
}

/** A column of the table `webhook_secrets s`. */
export const SECRETS =
  'array_remove(array[s.secret, case when s.previous_until > clock_timestamp() then s.previous_secret end], null)';

async function lockEndpoint(tx: Database, id: string): Promise<WebhookEndpoint> {
  const sql = `select ${COLUMNS} from webhook_endpoints where id = ? for no key update`;
  const [endpoint] = await rows<WebhookEndpoint>(tx, sql, [id]);
  return endpoint ?? notFound();
}

function notFound(): never {
  throw new DomainError('endpoint-not-found', 'There is no such endpoint.');
}

/** What comes after the host of a URL is often a key, and stays out of the log. */
function changeOf(action: AuditEvent['action'], before?: WebhookEndpoint, after?: WebhookEndpoint): AuditEvent {
  const told = (endpoint: WebhookEndpoint | undefined) => {
    if (endpoint === undefined) return {};
    const { id, url, description, types, status, disabled_reason } = endpoint;
    return { endpoint_id: id, url: new URL(url).origin, description, types, status, disabled_reason };
  };
  const [old, now]: Record<string, unknown>[] = [told(before), told(after)];
  const fields = Object.keys({ ...old, ...now }).filter((field) => {
    const changed = JSON.stringify(old?.[field] ?? null) !== JSON.stringify(now?.[field] ?? null);
    return changed || field === 'endpoint_id' || (field === 'url' && before?.url !== after?.url);
  });
  const changes = fields.map((field) => [field, { before: old?.[field] ?? null, after: now?.[field] ?? null }]);
  return { action, customer_id: null, changes: Object.fromEntries(changes) };
}
