// The table webhook_deliveries: which event is still to be sent to which endpoint, and what came of those that were. Rows
// come in by a trigger, with the event (migrations/0013).

import type { DeliveryStatus } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { SECRETS } from './webhook-endpoints.ts';

export interface ClaimedDelivery {
  endpoint_id: string;
  event_id: string;
  url: string;
  /** This one included. */
  attempts: number;
  secrets: string[];
}

export interface Claim {
  /** How many deliveries the caller has under way, by endpoint. */
  sending: ReadonlyMap<string, number>;
  /** How many of one endpoint there may be under way, so that a slow one holds up nobody else. */
  each: number;
}

/** Whoever has claimed one and says nothing for so long has died: it is sent again, by whoever finds it. */
export const LEASE_S = 30;

/**
 * Takes deliveries that are due, of each endpoint that is enabled the longest due first. They are the caller's for
 * LEASE_S, without any lock that is held meanwhile.
 */
export function claimDeliveries(db: Database, { sending, each }: Claim): Promise<ClaimedDelivery[]> {
  return rows(
    db,
    `with due as (
       select due.endpoint_id, due.event_id
         from webhook_endpoints e
         left join unnest(?::uuid[], ?::integer[]) as busy (endpoint_id, sending) on busy.endpoint_id = e.id
        cross join lateral (
          select endpoint_id, event_id from webhook_deliveries
           where endpoint_id = e.id and status = 'pending' and next_attempt_at <= now()
           order by next_attempt_at, event_id limit greatest(0, ? - coalesce(busy.sending, 0))
             for update skip locked) as due
        where e.status = 'enabled'
     ), claimed as (
       update webhook_deliveries d
          set attempts = attempts + 1, next_attempt_at = clock_timestamp() + interval '${LEASE_S} seconds'
         from due where d.endpoint_id = due.endpoint_id and d.event_id = due.event_id
       returning d.endpoint_id, d.event_id, d.attempts
     )
     select c.endpoint_id, c.event_id, c.attempts, e.url, ${SECRETS} as secrets
       from claimed c join webhook_endpoints e on e.id = c.endpoint_id join webhook_secrets s on s.endpoint_id = e.id
      order by c.event_id`,
    [[...sending.keys()], [...sending.values()], each],
  );
}

export interface DeliveryOutcome {
  endpoint_id: string;
  event_id: string;
  /** Of the claim: what another one has claimed since is not ours to tell of. */
  attempts: number;
  status: DeliveryStatus;
  retry_in_s: number | null;
  last_status: number | null;
  last_error: string | null;
  last_duration_ms: number;
}

export async function recordDeliveries(db: Database, outcomes: readonly DeliveryOutcome[]): Promise<void> {
  const column = (field: keyof DeliveryOutcome) => outcomes.map((outcome) => outcome[field]);
  await rows(
    db,
    `update webhook_deliveries d
        set status = o.status, next_attempt_at = clock_timestamp() + o.retry_in_s * interval '1 second',
            last_status = o.last_status, last_error = o.last_error, last_duration_ms = o.last_duration_ms,
            delivered_at = case when o.status = 'delivered' then clock_timestamp() end
       from unnest(?::uuid[], ?::uuid[], ?::integer[], ?::text[], ?::float8[], ?::integer[], ?::text[], ?::integer[])
         as o (endpoint_id, event_id, attempts, status, retry_in_s, last_status, last_error, last_duration_ms)
      where d.endpoint_id = o.endpoint_id and d.event_id = o.event_id and d.attempts = o.attempts
        and d.status = 'pending'`,
    [
      ...[column('endpoint_id'), column('event_id'), column('attempts'), column('status'), column('retry_in_s')],
      ...[column('last_status'), column('last_error'), column('last_duration_ms')],
    ],
  );
}

export interface Delivery {
  event_id: string;
  type: string;
  customer_id: string;
  status: DeliveryStatus;
  attempts: number;
  /** Null once it is delivered or has failed. */
  next_attempt_at: string | null;
  last_status: number | null;
  last_error: string | null;
  last_duration_ms: number | null;
  delivered_at: string | null;
}

export interface DeliveryFilter {
  endpoint_id: string;
  status?: DeliveryStatus | undefined;
  limit: number;
  /** The event of the last row of the page before. */
  before?: string | undefined;
}

/** The newest events first. */
export function listDeliveries(db: Database, filter: DeliveryFilter): Promise<Delivery[]> {
  const query = db('webhook_deliveries as d')
    .join('events as e', 'e.id', 'd.event_id')
    .select<Delivery[]>(['d.event_id', 'e.type', 'e.customer_id', 'd.status', 'd.attempts', 'd.next_attempt_at'])
    .select(['d.last_status', 'd.last_error', 'd.last_duration_ms', 'd.delivered_at'])
    .where('d.endpoint_id', filter.endpoint_id)
    .orderBy('d.event_id', 'desc')
    .limit(filter.limit);
  if (filter.status !== undefined) query.where('d.status', filter.status);
  if (filter.before !== undefined) query.where('d.event_id', '<', filter.before);
  return query as unknown as Promise<Delivery[]>;
}

/** Which events to send again. */
export type Replay =
  | { event_ids: readonly string[] }
  /** Those published from one moment until before the other, in order; of one customer, if it is named. */
  | { since: string; until?: string | undefined; customer_id?: string | undefined; after?: string | undefined };

/** Events one call takes. */
export const REPLAYED_AT_ONCE = 5_000;

/**
 * Has events sent again, or for the first time when they are older than the endpoint: all that are named, or all of a
 * time of the types that the endpoint wants. Their table of retries begins anew.
 * @returns how many, and the last of them when there may be more
 */
export async function replayDeliveries(
  db: Database,
  endpoint_id: string,
  replay: Replay,
): Promise<{ deliveries: number; next_after: string | null }> {
  const [which, bindings] = 'event_ids' in replay ? namedEvents(replay.event_ids) : eventsOfTime(endpoint_id, replay);
  const [found] = await rows<{ deliveries: number; last: string | null }>(
    db,
    `with wanted as (${which}),
     queued as (
       insert into webhook_deliveries as d (endpoint_id, event_id) select ?, id from wanted order by id
           on conflict (endpoint_id, event_id) do update
          set status = 'pending', attempts = 0, next_attempt_at = clock_timestamp(), delivered_at = null
       returning event_id)
     select count(*) as deliveries, max(event_id::text) as last from queued`,
    [...bindings, endpoint_id],
  );
  const { deliveries = 0, last = null } = found ?? {};
  return { deliveries, next_after: 'since' in replay && deliveries === REPLAYED_AT_ONCE ? last : null };
}

type Query = [sql: string, bindings: unknown[]];

const namedEvents = (ids: readonly string[]): Query => ['select id from events where id = any(?::uuid[])', [ids]];

/** The first half of an id is the moment at which its event was published. */
const idAt = "(lpad(to_hex((extract(epoch from ?::timestamptz) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid";

function eventsOfTime(
  endpoint_id: string,
  { since, until, customer_id, after }: Exclude<Replay, { event_ids: unknown }>,
): Query {
  const conditions: Query[] = [
    [`e.id >= ${idAt}`, [since]],
    ['(p.types = ? or e.type = any (p.types))', ['{}']],
  ];
  if (until !== undefined) conditions.push([`e.id < ${idAt}`, [until]]);
  if (customer_id !== undefined) conditions.push(['e.customer_id = ?', [customer_id]]);
  if (after !== undefined) conditions.push(['e.id > ?', [after]]);
  const sql = conditions.map(([text]) => text).join(' and ');
  return [
    `select e.id from events e join webhook_endpoints p on p.id = ? where ${sql} order by e.id limit ${REPLAYED_AT_ONCE}`,
    [endpoint_id, ...conditions.flatMap(([, bindings]) => bindings)],
  ];
}

/** How deliveries are doing, of all endpoints that are enabled. */
export interface DeliveryBacklog {
  /** Pending, COUNTED at the most. */
  waiting: number;
  /** Seconds since the event of the oldest of them was published; 0 when nothing waits. */
  oldest_waiting_s: number;
  /** Seconds since the longest due attempt was due; 0 when none is. Workers begin within one. */
  overdue_s: number;
  endpoints: number;
  /** Disabled by their own 410, until somebody enables them. */
  gone: number;
}

/** A longer backlog is no other news, and takes longer to count. */
const COUNTED = 100_000;

export async function readDeliveryBacklog(db: Database): Promise<DeliveryBacklog> {
  const [backlog] = await rows<DeliveryBacklog>(
    db,
    `with firsts as (
       select (select event_id from webhook_deliveries where endpoint_id = e.id and status = 'pending'
                order by event_id limit 1) as oldest,
              (select next_attempt_at from webhook_deliveries where endpoint_id = e.id and status = 'pending'
                order by next_attempt_at limit 1) as due_at
         from webhook_endpoints e where e.status = 'enabled')
     select (select count(*) from (select from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
              where d.status = 'pending' and e.status = 'enabled' limit ?) as counted) as waiting,
            coalesce(greatest(0, extract(epoch from clock_timestamp()) - (
              select ('x' || left(replace(min(oldest::text), '-', ''), 12))::bit(48)::bigint / 1000.0 from firsts)), 0)::float8
              as oldest_waiting_s,
            coalesce(greatest(0, extract(epoch from clock_timestamp() - (select min(due_at) from firsts))), 0)::float8 as overdue_s,
            (select count(*) from webhook_endpoints) as endpoints,
            (select count(*) from webhook_endpoints where disabled_reason = 'gone') as gone`,
    [COUNTED],
  );
  return backlog as DeliveryBacklog;
}
