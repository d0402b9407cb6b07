// What reversals may take back: the originals, how much of each was taken back before, and the refunds that are parked.
// Read-only. Asks nothing of the database where nothing is reversed, which is nearly always.

import type { Lot, LotTerms, LoyaltyAccount, PendingTransaction, ReversalTarget } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';
import { PENDING_COLUMNS, type PendingRow } from './loyalty-transactions.ts';

/** The originals by their ids, of each customer who takes something back: its own, and those of who was merged into it. */
export type Targets = Map<string, Map<string, ReversalTarget>>;

export interface Reversible {
  targets?: Targets;
  /** By customer. */
  parked: Map<string, PendingRow[]>;
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
  const parked = await rows<PendingRow>(
    db,
    `select ${PENDING_COLUMNS} from loyalty_transactions
      where status = 'parked' and customer_id = any(?) order by position`,
    [waiting],
  );
  const targets = await readTargets(db, [...reversals, ...parked]);
  for (const { customer_id } of [...reversals, ...parked]) {
    if (!targets.has(customer_id)) targets.set(customer_id, new Map());
  }
  const groups = new Map<string, PendingRow[]>();
  for (const row of parked) groups.set(row.customer_id, [...(groups.get(row.customer_id) ?? []), row]);
  return { targets, parked: groups };
}

interface TargetRow extends Omit<ReversalTarget, 'lot' | 'allocations'> {
  /** Who takes back. */
  by: string;
  lot: LotTerms | null;
  allocations: Lot[] | null;
}

/**
 * The decided ones among those that the reversals name, by id or by order. Nobody takes back what another customer did,
 * unless it is the same person: the original may be from before a merge.
 */
export async function readTargets(
  db: Database,
  reversals: readonly Pick<PendingTransaction, 'customer_id' | 'order_id' | 'terms'>[],
): Promise<Targets> {
  const found = await rows<TargetRow>(
    db,
    `with asked as (select * from unnest(?::uuid[], ?::uuid[], ?::text[]) as w (customer_id, id, order_id)),
     wanted as (
       select w.customer_id as by, t.id from asked w join loyalty_transactions t on t.id = w.id
         join customers c on c.id = t.customer_id and coalesce(c.merged_into, c.id) = w.customer_id
        where t.type in ('earn', 'redeem', 'capture')
        union
       select w.customer_id, t.id from asked w
         join customers c on c.id = w.customer_id or c.merged_into = w.customer_id
         join loyalty_transactions t on t.customer_id = c.id and t.order_id = w.order_id and t.type = 'earn'
        where w.id is null)
     select wanted.by, t.id, t.type, t.status, t.points, t.amount_minor, t.currency, t.order_id,
            least(t.occurred_at, t.accepted_at) as occurred_at,
            t.explanation -> 'lot' as lot, t.explanation -> 'allocations' as allocations,
            coalesce(r.points, 0) as reversed_points, coalesce(r.amount_minor, 0) as reversed_amount_minor
       from wanted join loyalty_transactions t on t.id = wanted.id and t.status in ('applied', 'rejected'),
            lateral (
              select sum((explanation #>> '{reversed,points}')::bigint) as points,
                     sum((explanation #>> '{reversed,amount_minor}')::bigint) as amount_minor
                from loyalty_transactions
               where type in ('reverse_earn', 'reverse_redeem') and explanation #>> '{reversed,id}' = t.id::text) as r
      order by t.customer_id = wanted.by, t.customer_id, t.sequence`,
    [
      reversals.map(({ customer_id }) => customer_id),
      reversals.map(({ terms }) => terms?.reverses ?? null),
      reversals.map(({ order_id }) => order_id),
    ],
  );
  const targets: Targets = new Map();
  for (const { by, lot, allocations, ...target } of found) {
    const own = targets.get(by) ?? new Map<string, ReversalTarget>();
    own.set(target.id, {
      ...target,
      lot: lot ?? { expires_at: null },
      allocations: allocations ?? [{ points: target.points, expires_at: null }],
    });
    targets.set(by, own);
  }
  return targets;
}
