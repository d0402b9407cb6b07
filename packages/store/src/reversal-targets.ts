// What reversals may take back: the originals, how much of each was taken back before, and the refunds that are parked.
// Read-only. Asks nothing of the database where nothing is reversed, which is nearly always.

import type { Lot, LotTerms, LoyaltyAccount, PendingTransaction, ReversalTarget } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { PENDING_COLUMNS } from './loyalty-transactions.ts';

export interface Reversible {
  targets?: Map<string, ReversalTarget>;
  /** By customer. */
  parked: Map<string, PendingTransaction[]>;
}

/** @param pending of these accounts; the caller holds their locks, or only wants to know what would be */
export async function readReversible(
  db: Database,
  accounts: readonly LoyaltyAccount[],
  pending: readonly PendingTransaction[],
): Promise<Reversible> {
  const reversals = pending.filter(({ type }) => type === 'reverse_earn' || type === 'reverse_redeem');
  const waiting = accounts.filter(({ state }) => (state.parked ?? 0) > 0).map(({ customer_id }) => customer_id);
  if (reversals.length === 0 && waiting.length === 0) return { parked: new Map() };
  const parked = await rows<PendingTransaction>(
    db,
    `select ${PENDING_COLUMNS} from loyalty_transactions
      where status = 'parked' and customer_id = any(?) order by position`,
    [waiting],
  );
  const ids = reversals.flatMap(({ terms }) => terms?.reverses ?? []);
  const byOrder = [...reversals, ...parked].filter(({ terms }) => terms?.reverses === undefined);
  const targets = await readTargets(db, ids, byOrder);
  const groups = new Map<string, PendingTransaction[]>();
  for (const row of parked) groups.set(row.customer_id, [...(groups.get(row.customer_id) ?? []), row]);
  return { targets, parked: groups };
}

type TargetRow = Omit<ReversalTarget, 'lot' | 'allocations'> & { lot: LotTerms | null; allocations: Lot[] | null };

/** The decided ones among them; an order's purchase may have been made by a customer who was merged into this one. */
export async function readTargets(
  db: Database,
  ids: readonly string[],
  byOrder: readonly PendingTransaction[],
): Promise<Map<string, ReversalTarget>> {
  const found = await rows<TargetRow>(
    db,
    `with wanted as (
       select unnest(?::uuid[]) as id
        union
       select t.id from unnest(?::uuid[], ?::text[]) as o (customer_id, order_id)
         join customers c on c.id = o.customer_id or c.merged_into = o.customer_id
         join loyalty_transactions t on t.customer_id = c.id and t.order_id = o.order_id and t.type = 'earn')
     select t.id, t.type, t.status, t.points, t.amount_minor, t.currency, t.order_id, t.occurred_at,
            t.explanation -> 'lot' as lot, t.explanation -> 'allocations' as allocations,
            coalesce(r.points, 0) as reversed_points, coalesce(r.amount_minor, 0) as reversed_amount_minor
       from wanted join loyalty_transactions t on t.id = wanted.id and t.status in ('applied', 'rejected'),
            lateral (
              select sum((explanation #>> '{reversed,points}')::bigint) as points,
                     sum((explanation #>> '{reversed,amount_minor}')::bigint) as amount_minor
                from loyalty_transactions
               where type in ('reverse_earn', 'reverse_redeem') and explanation #>> '{reversed,id}' = t.id::text) as r
      order by t.position`,
    [ids, byOrder.map(({ customer_id }) => customer_id), byOrder.map(({ order_id }) => order_id)],
  );
  return new Map(
    found.map(({ lot, allocations, ...target }) => [
      target.id,
      {
        ...target,
        lot: lot ?? { expires_at: null },
        allocations: allocations ?? [{ points: target.points, expires_at: null }],
      },
    ]),
  );
}
