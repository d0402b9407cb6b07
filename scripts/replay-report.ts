// What a replay found: the counts, and every difference between what the service answered and what was expected.
// Pure. It must not know how the answers were got, nor the loyalty rules: what is expected comes as an argument.

import type { Outcome, Posted } from './replay-steps.ts';
import type { SuperstoreOrder } from './superstore.ts';
import type { Expected } from './superstore-fold.ts';

export interface Difference {
  external_id: string;
  field: string;
  expected: string | number;
  actual: string | number;
}

export interface ReplayReport {
  customers: number;
  orders: number;
  /**
   * Of the first posting of every order: those that were new, and those the service had already. An order whose first
   * answer was lost on the way, so that it was sent again, counts among the latter.
   */
  accepted: number;
  replayed: number;
  /** Of the second posting of every n-th order. */
  repeated: number;
  repeated_replayed: number;
  applied: number;
  rejected: number;
  customers_by_tier: Record<string, number>;
  points: number;
  seconds: number;
  /** From the first posting to the last 202, the repeats left out. */
  orders_per_second: number;
  differences: Difference[];
}

/** Everything a replay did and read; the maps of postings by order id, the others by external id. */
export interface Replayed {
  orders: SuperstoreOrder[];
  posted: Map<string, Posted>;
  repeats: SuperstoreOrder[];
  reposted: Map<string, Posted>;
  outcomes: Map<string, Outcome>;
  expected: Map<string, Expected>;
}

/** The report without the times. No differences means: every account is as expected and every repeat was recognised. */
export function reportOf(replayed: Replayed): Omit<ReplayReport, 'seconds' | 'orders_per_second'> {
  return {
    customers: replayed.outcomes.size,
    orders: replayed.orders.length,
    ...countPosted(replayed.posted, replayed.reposted),
    ...countOutcomes([...replayed.outcomes.values()]),
    differences: [...repeatDifferences(replayed), ...accountDifferences(replayed)],
  };
}

function countPosted(posted: Map<string, Posted>, reposted: Map<string, Posted>) {
  const replayed = [...posted.values()].filter((row) => row.was_replayed).length;
  const repeated_replayed = [...reposted.values()].filter((row) => row.was_replayed).length;
  return { accepted: posted.size - replayed, replayed, repeated: reposted.size, repeated_replayed };
}

function countOutcomes(outcomes: Outcome[]) {
  const counts = { applied: 0, rejected: 0, points: 0, customers_by_tier: {} as Record<string, number> };
  for (const { applied, rejected, loyalty } of outcomes) {
    counts.applied += applied;
    counts.rejected += rejected;
    counts.points += loyalty.points_available;
    counts.customers_by_tier[loyalty.tier] = (counts.customers_by_tier[loyalty.tier] ?? 0) + 1;
  }
  return counts;
}

// A key that comes again must be answered with the transaction it made the first time, and say so.
function repeatDifferences({ repeats, posted, reposted }: Replayed): Difference[] {
  return repeats.flatMap(({ order_id, external_id }) => {
    const expected = `replayed ${posted.get(order_id)?.transaction_id}`;
    const again = reposted.get(order_id);
    const actual = `${again?.was_replayed ? 'replayed' : 'accepted'} ${again?.transaction_id}`;
    return actual === expected ? [] : [{ external_id, field: `repeat of ${order_id}`, expected, actual }];
  });
}

function accountDifferences({ orders, outcomes, expected: fold }: Replayed): Difference[] {
  const counts = new Map<string, number>();
  for (const { external_id } of orders) counts.set(external_id, (counts.get(external_id) ?? 0) + 1);
  return [...outcomes].flatMap(([external_id, { loyalty, applied }]) => {
    const account = fold.get(external_id);
    if (!account) return [{ external_id, field: 'customer', expected: 'none', actual: loyalty.tier }];
    const { total_spent_minor, visits_count, points_available, tier } = loyalty;
    const actual = { applied, total_spent_minor, visits_count, points_available, tier };
    return Object.entries({ applied: counts.get(external_id) ?? 0, ...account })
      .map(([field, expected]) => ({ external_id, field, expected, actual: actual[field as keyof typeof actual] }))
      .filter((difference) => difference.expected !== difference.actual);
  });
}
