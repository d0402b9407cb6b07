// Which events the decisions about one account make. Knows no storage.

import {
  type EventType,
  type Outcome,
  type PendingTransaction,
  TIERS,
  type TierChange,
} from '@customer-service/domain';
import type { NewEvent } from './outbox.ts';

/** A line with its id, which one of the ledger's own has been given just now. */
interface DecidedLine {
  id: string;
  outcome: Outcome;
}

/**
 * In the order of the ledger, each move between tiers after the line before it: so it makes no difference how much was
 * decided together.
 */
export function eventsOf(
  lines: readonly DecidedLine[],
  tierChanges: readonly TierChange[],
  posted: ReadonlyMap<string, PendingTransaction>,
): NewEvent[] {
  const events: NewEvent[] = [];
  let moves = 0;
  const tellMovesBefore = (sequence: number) => {
    for (let move = tierChanges[moves]; move !== undefined && move.sequence < sequence; move = tierChanges[moves]) {
      events.push(tierEvent(move));
      moves += 1;
    }
  };
  for (const [index, { id, outcome }] of lines.entries()) {
    const { customer_id, status, sequence } = outcome;
    // Parked: nothing is decided yet.
    if (sequence === null || status === 'parked') continue;
    tellMovesBefore(sequence);
    events.push({ type: `loyalty.transaction.${status}`, customer_id, transaction_id: id });
    const type = status === 'applied' && special(outcome, posted.get(lines[index - 1]?.id ?? ''));
    if (type) events.push({ type, customer_id, transaction_id: id });
  }
  tellMovesBefore(Number.POSITIVE_INFINITY);
  return events;
}

/** What a line is besides. @param before the transaction that was decided just before it */
function special({ id, type, occurred_at }: Outcome, before: PendingTransaction | undefined): EventType | undefined {
  if (type === 'hold') return 'loyalty.hold.authorized';
  if (type === 'capture') return 'loyalty.hold.captured';
  if (type === 'expire') return 'loyalty.points.expired';
  if (type !== 'release') return undefined;
  if (id !== null) return 'loyalty.hold.voided';
  // The last capture gives back the rest in the same moment: that hold was captured, and has not run out.
  return before?.type === 'capture' && before.accepted_at === occurred_at ? undefined : 'loyalty.hold.expired';
}

function tierEvent({ customer_id, at, from_tier, to_tier, reason }: TierChange): NewEvent {
  const way = TIERS.indexOf(to_tier) > TIERS.indexOf(from_tier) ? 'upgraded' : 'downgraded';
  return { type: `loyalty.tier.${way}`, customer_id, data: { customer_id, at, from_tier, to_tier, reason } };
}
