// The table outbox: what an SQL transaction has to tell other systems, written in that transaction, so that it is told
// if and only if the transaction is committed. The publisher makes events of it (events.ts).

import type { Changes, EventType } from '@customer-service/domain';
import { type Database, plainArray, prepared } from './connect.ts';

export interface NewEvent {
  type: EventType;
  customer_id: string;
  /** The line of the ledger that it tells of, or `data`. */
  transaction_id?: string;
  /** Never a word about a person: who is told may keep it for longer than we do. */
  data?: object;
}

/**
 * One row, however many there are: it costs the transaction little, and their order is theirs. The caller has the customer
 * or its account locked until the commit, which is what puts the rows of one customer in order.
 */
export async function writeEvents(tx: Database, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const data = events.map((event) => (event.data === undefined ? null : JSON.stringify(event.data)));
  await prepared(
    tx,
    'insert outbox',
    'insert into outbox (types, customers, transactions, data) values (?::text[], ?::uuid[], ?::uuid[], ?::jsonb[])',
    [
      plainArray(events.map(({ type }) => type)),
      plainArray(events.map(({ customer_id }) => customer_id)),
      plainArray(events.map(({ transaction_id }) => transaction_id ?? null)),
      data.some((each) => each !== null) ? data : null,
    ],
  );
}

/** Which fields were changed, and not from what to what. */
export function customerEvent(
  type: Extract<EventType, `customer.${string}`>,
  { customer_id, version, changes }: { customer_id: string; version: number; changes: Changes },
  more: { merged_from?: string | null; merged_into?: string | null } = {},
): NewEvent {
  return { type, customer_id, data: { customer_id, version, changed: Object.keys(changes), ...more } };
}
