// The numbers a business wants to see, straight from the tables. Read-only.

import { CUSTOMER_STATUSES, type CustomerStatus, TIERS, type Tier } from '@customer-service/domain';
import { type Database, rows } from './connect.ts';

export interface Period {
  /** First and last calendar day, YYYY-MM-DD, UTC, both included; undefined is open. */
  date_from?: string;
  date_to?: string;
}

export interface Summary {
  customers: {
    total: number;
    by_status: Record<CustomerStatus, number>;
    by_tier: Record<Tier, number>;
    /** Created within the period. */
    new: number;
  };
  /** `outstanding` is what all balances hold now; the others are of the period. */
  points: { outstanding: number; earned: number; redeemed: number };
  /** Of the period; the average is per customer who bought, rounded down. */
  spend: { total_minor: number; customers: number; average_per_customer_minor: number; visits: number };
  date_from: string | null;
  date_to: string | null;
  as_of: string;
}

interface Totals {
  as_of: string;
  total: number;
  active: number;
  inactive: number;
  suspended: number;
  new: number;
}

/**
 * All figures are of one snapshot, taken at `as_of`. A transaction belongs to the day it occurred on. Customers who
 * were erased or merged are not counted; what they moved and spent is.
 */
export function summarise(db: Database, period: Period): Promise<Summary> {
  return db.transaction(
    async (tx) => {
      const customers = await countCustomers(tx, period);
      const tiers = await rows<{ tier: Tier; count: number; points: number }>(
        tx,
        `select tier, count(*) filter (where closed_at is null) as count, coalesce(sum(points_balance), 0) as points
           from loyalty_accounts group by tier`,
      );
      const ledger = await sumLedger(tx, period);
      const { total, as_of } = customers;
      return {
        customers: {
          total,
          by_status: fill(CUSTOMER_STATUSES, (status) => customers[status]),
          by_tier: fill(TIERS, (tier) => tiers.find((row) => row.tier === tier)?.count ?? 0),
          new: customers.new,
        },
        points: {
          outstanding: tiers.reduce((sum, row) => sum + row.points, 0),
          earned: ledger.earned,
          redeemed: ledger.redeemed,
        },
        spend: {
          total_minor: ledger.spent,
          customers: ledger.buyers,
          average_per_customer_minor: ledger.buyers === 0 ? 0 : Math.floor(ledger.spent / ledger.buyers),
          visits: ledger.visits,
        },
        date_from: period.date_from ?? null,
        date_to: period.date_to ?? null,
        as_of,
      };
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

const IN_PERIOD = (column: string) =>
  `(?::date is null or ${column} >= ?::date) and (?::date is null or ${column} < ?::date + 1)`;

function bounds({ date_from = null, date_to = null }: { date_from?: string | null; date_to?: string | null }) {
  return [date_from, date_from, date_to, date_to];
}

async function countCustomers(tx: Database, period: Period): Promise<Totals> {
  const [totals] = await rows<Totals>(
    tx,
    `select now() as as_of, count(*) as total,
            count(*) filter (where status = 'active') as active,
            count(*) filter (where status = 'inactive') as inactive,
            count(*) filter (where status = 'suspended') as suspended,
            count(*) filter (where ${IN_PERIOD('created_at')}) as new
       from customers where erased_at is null and merged_into is null`,
    bounds(period),
  );
  return totals as Totals;
}

interface LedgerTotals {
  earned: number;
  redeemed: number;
  spent: number;
  visits: number;
  buyers: number;
}

/** Of all time the accounts' own counters say it; of a period, the ledger does. */
async function sumLedger(tx: Database, period: Period): Promise<LedgerTotals> {
  const whole = period.date_from === undefined && period.date_to === undefined;
  const [totals] = whole
    ? await rows<LedgerTotals>(
        tx,
        `select coalesce(sum(lifetime_points_earned), 0) as earned, coalesce(sum(lifetime_points_redeemed), 0) as redeemed,
                coalesce(sum(total_spent_minor), 0) as spent, coalesce(sum(visits_count), 0) as visits,
                count(*) filter (where visits_count > 0) as buyers
           from loyalty_accounts`,
      )
    : await rows<LedgerTotals>(
        tx,
        `select coalesce(sum(points) filter (where type = 'earn'), 0) as earned,
                coalesce(sum(points) filter (where type = 'redeem'), 0) as redeemed,
                coalesce(sum(amount_minor) filter (where type = 'earn'), 0) as spent,
                count(*) filter (where type = 'earn' and amount_minor is not null) as visits,
                count(distinct coalesce(m.merged_into, t.customer_id))
                  filter (where type = 'earn' and amount_minor is not null) as buyers
           from loyalty_transactions t
           left join customers m on m.id = t.customer_id and m.merged_into is not null
          where t.status = 'applied' and ${IN_PERIOD('occurred_at')}`,
        bounds(period),
      );
  return totals as LedgerTotals;
}

function fill<Key extends string>(keys: readonly Key[], value: (key: Key) => number): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<Key, number>;
}
