// The goals: ratios within one run, by the median of the rounds. A figure without a goal is a figure to compare with.

import { isSpeed, READS, type Read } from './reads.ts';

export interface Goal {
  suite: string;
  /** The measurement it is of. */
  of: string;
  /** Measurements it is a ratio to; of several the one with the highest median. Without: the figure itself counts. */
  against?: readonly string[];
  at_least?: number;
  at_most?: number;
}

/** Those who apply points in this harness as others would write it; the no-op and our own limit are none. */
export const APPLY_PEERS = ['naive BullMQ', 'pg-boss', 'graphile-worker'] as const;

export const GOALS: readonly Goal[] = [
  { suite: 'apply', of: 'ours, queue on Redis', against: APPLY_PEERS, at_least: 1.2 },
  { suite: 'apply', of: 'ours, queue on Redis', against: ['ours, no queue'], at_least: 0.85 },
  { suite: 'apply', of: 'ours, queue on PostgreSQL', against: ['ours, queue on Redis'], at_least: 0.6 },
  { suite: 'hot', of: 'one customer, 50 tills', against: ['spread over customers'], at_least: 0.5 },
  { suite: 'hot', of: 'conflicts', at_most: 0 },
  { suite: 'accept', of: 'ours', against: ['bare Koa'], at_least: 0.5 },
  { suite: 'accept', of: 'ours', against: ['naive'], at_least: 3 },
  { suite: 'till', of: 'batches of 1,000', against: ['apply alone'], at_least: 0.7 },
  { suite: 'latency', of: 'idle p99', against: ['UPDATE + COMMIT p99'], at_most: 5 },
  { suite: 'latency', of: 'Prefer: wait p99', against: ['UPDATE + COMMIT p99'], at_most: 3 },
  ...READS.flatMap(growthOf),
  { suite: 'growth', of: 'apply, large', against: ['apply, small'], at_least: 0.9 },
  { suite: 'memory', of: 'API', at_most: 200 },
  { suite: 'memory', of: 'worker', at_most: 200 },
  // Flat: the last third of the time beside the second.
  { suite: 'memory', of: 'API, towards the end', against: ['API, in the middle'], at_most: 1.1 },
  { suite: 'memory', of: 'worker, towards the end', against: ['worker, in the middle'], at_most: 1.1 },
];

/** A hundred times the customers and ten times the ledger: pages and histories as quick as before, or nearly. */
function growthOf(read: Read): Goal[] {
  const goal = { suite: 'growth', of: `${read.name}, large`, against: [`${read.name}, small`] };
  if (isSpeed(read)) return [{ ...goal, at_least: 0.9 }];
  if (read.group === 'search') return [{ ...goal, at_most: 3 }];
  return read.group === 'summary' ? [{ ...goal, at_most: 2 }] : [];
}
