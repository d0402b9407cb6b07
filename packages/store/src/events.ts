// The table events: what happened, in the order in which others read it. Only the publisher adds to it; what is old is
// deleted. Lines of the ledger are read when their events are, because they never change, and lose what an erasure takes.

import {
  DomainError,
  type EventType,
  explain,
  type LoyaltyTransaction,
  type ServiceEvent,
} from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { TRANSACTION_COLUMNS } from './loyalty-transactions.ts';

/** Events one SQL transaction publishes, about: keeps it near 100 ms. */
const MAX_EVENTS = 2_000;
/** Accounts that one SQL transaction looks at for points that will lapse. */
const MAX_ACCOUNTS = 2_000;
/** Old events that one SQL transaction deletes. */
const MAX_FORGOTTEN = 5_000;
/** How long events can be read; docs/events.md says it too. */
export const KEPT_DAYS = 90;

/** @returns how many events were published; 0 also while another process does it */
export async function publishEvents(db: Database): Promise<number> {
  const [answer] = await rows<{ published: number }>(db, 'select publish_events(?) as published', [MAX_EVENTS]);
  return answer?.published ?? 0;
}

/** Announces what will lapse, once a day and some accounts at a time. @returns whether there are more */
export async function announceExpiring(db: Database): Promise<boolean> {
  const [answer] = await rows<{ looked: number }>(db, 'select announce_expiring(?) as looked', [MAX_ACCOUNTS]);
  return (answer?.looked ?? 0) > 0;
}

/**
 * By the database's own clock, whatever the ledger's says: ids are made by it. The moment is a subselect, taken once: compared
 * with a volatile function itself, every event would be, each time.
 * @returns whether there may be more
 */
export async function forgetEvents(db: Database): Promise<boolean> {
  const [answer] = await rows<{ forgotten: number }>(
    db,
    `with old as (
       select id from events
        where id < (select (lpad(to_hex(floor(extract(epoch from clock_timestamp() - ? * interval '1 day') * 1000)::bigint), 12, '0')
                             || repeat('0', 20))::uuid)
        order by id limit ?
     ), forgotten as (delete from events where id in (select id from old) returning id),
     noted as (
       update event_upkeep set deleted_to = greatest(deleted_to, (select id from forgotten order by id desc limit 1))
        where exists (select from forgotten))
     select count(*) as forgotten from forgotten`,
    [KEPT_DAYS, MAX_FORGOTTEN],
  );
  return answer?.forgotten === MAX_FORGOTTEN;
}

export interface EventFilter {
  /** The id of the last one that was read; undefined: from the oldest that is kept. */
  after?: string | undefined;
  type?: EventType | undefined;
  customer_id?: string | undefined;
  limit: number;
}

interface EventRow extends Omit<ServiceEvent, 'data'> {
  transaction_id: string | null;
  data: object | null;
}

const COLUMNS = `id, type, at as "timestamp", customer_id, sequence, transaction_id, data`;

/**
 * The next events, in order.
 * @throws DomainError `events-gone`: some after that one have been deleted
 */
export async function listEvents(
  db: Database,
  { after, type, customer_id, limit }: EventFilter,
): Promise<ServiceEvent[]> {
  const query = db('events').select<EventRow[]>(db.raw(COLUMNS)).limit(limit);
  // The order of one customer's events is the order of all, and has an index of its own.
  query.orderBy(customer_id === undefined ? 'id' : 'sequence');
  if (after !== undefined) query.where('id', '>', after);
  if (type !== undefined) query.where('type', type);
  if (customer_id !== undefined) query.where('customer_id', customer_id);
  const found = await query;
  // Asked afterwards: what is deleted in between is noted by then.
  if (after !== undefined) await refuseGone(db, after);
  return withData(db, found);
}

async function refuseGone(db: Database, after: string): Promise<void> {
  const gone = await rows(db, 'select from event_upkeep where deleted_to > ?', [after]);
  if (gone.length > 0) throw new DomainError('events-gone', `Events are kept for ${KEPT_DAYS} days.`);
}

/** These events, in order; those that are gone are left out. */
export async function readEvents(db: Database, ids: readonly string[]): Promise<ServiceEvent[]> {
  return withData(db, await rows<EventRow>(db, `select ${COLUMNS} from events where id = any(?) order by id`, [ids]));
}

async function withData(db: Database, found: readonly EventRow[]): Promise<ServiceEvent[]> {
  const ids = found.flatMap(({ transaction_id }) => transaction_id ?? []);
  const lines = await rows<LoyaltyTransaction>(
    db,
    `select ${TRANSACTION_COLUMNS} from loyalty_transactions where id = any(?)`,
    [ids],
  );
  const byId = new Map(lines.map((line) => [line.id, { ...line, text: explain(line) }]));
  return found.map(({ transaction_id, data, ...event }) => {
    return { ...event, data: (transaction_id === null ? data : byId.get(transaction_id)) as object };
  });
}
