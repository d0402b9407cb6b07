// What other systems are told of. An event says what happened to which customer, never who that customer is.
// Knows no storage and no transport.

export const EVENT_TYPES = [
  'customer.created',
  'customer.updated',
  /** Of both: of the one that stays, and of the one that lives on as it. */
  'customer.merged',
  'customer.erased',
  /** Every decided line of the ledger is one of these two, the lines that it adds by itself included. */
  'loyalty.transaction.applied',
  'loyalty.transaction.rejected',
  'loyalty.hold.authorized',
  'loyalty.hold.captured',
  'loyalty.hold.voided',
  'loyalty.hold.expired',
  'loyalty.tier.upgraded',
  'loyalty.tier.downgraded',
  /** 30, 7 and 1 days before. */
  'loyalty.points.expiring',
  'loyalty.points.expired',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Days before points lapse at which that is announced, as announce_expiring() in migrations/0012 has them. */
export const EXPIRING_DAYS = [30, 7, 1] as const;

/** As the feed answers it and a webhook sends it. */
export interface ServiceEvent {
  /** UUIDv7, ever increasing: the order of the feed. */
  id: string;
  type: EventType;
  timestamp: string;
  customer_id: string;
  /** 1, 2, 3 … of this customer. */
  sequence: number;
  data: object;
}
