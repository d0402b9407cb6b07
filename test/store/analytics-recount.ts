// The figures of analytics, counted in the simplest way there is: every row, one after the other, in plain TypeScript.

import {
  CUSTOMER_STATUSES,
  type LoyaltyTransaction,
  PROGRAMME,
  TIERS,
  type Tier,
  tierFor,
} from '@customer-service/domain';
import { type Cohort, DAILY_METRICS, type Database, listCohorts, listDays, summarise } from '@customer-service/store';
import { expect } from 'chai';
import { readLedger } from './fixtures.ts';

interface Customer {
  id: string;
  status: string;
  tier: string;
  merged_into: string | null;
  erased_at: string | null;
  created_at: string;
}

/** By metric, day and tier. */
type Recount = Map<string, number>;

interface Moved {
  family: string;
  day: string;
  bought: boolean;
  type: string;
  points: number;
  amount_minor: number;
  tier: Tier;
}

async function readMoved(db: Database): Promise<{ customers: Customer[]; moved: Moved[] }> {
  const customers: Customer[] = await db('customers')
    .join('loyalty_accounts', 'customer_id', 'id')
    .select('id', 'status', 'tier', 'merged_into', 'erased_at', 'created_at');
  const families = new Map(customers.map(({ id, merged_into }) => [id, merged_into ?? id]));
  const sums = new Map<string, { spent: number; visits: number }>();
  const moved: Moved[] = [];
  // Within a customer the accepted order is the order of application.
  const ledger = (await readLedger(db)) as (LoyaltyTransaction & { visits?: number | null })[];
  for (const row of ledger.filter(({ status }) => status === 'applied')) {
    const sum = sums.get(row.customer_id) ?? { spent: 0, visits: 0 };
    const bought = row.type === 'earn' && row.amount_minor !== null;
    const sign = row.type === 'transfer_out' ? -1 : 1;
    sum.spent += sign * (row.amount_minor ?? 0);
    sum.visits += bought ? 1 : sign * (row.visits ?? 0);
    sums.set(row.customer_id, sum);
    if (row.type !== 'earn' && row.type !== 'redeem') continue;
    moved.push({
      family: families.get(row.customer_id) as string,
      day: row.occurred_at.slice(0, 10),
      ...{ bought, type: row.type, points: row.points ?? 0, amount_minor: bought ? (row.amount_minor ?? 0) : 0 },
      tier: tierFor(PROGRAMME, { spend_minor: sum.spent, visits: sum.visits, points: 0 }),
    });
  }
  return { customers, moved };
}

function countDays(customers: Customer[], moved: Moved[]): Recount {
  const counts: Recount = new Map();
  const add = (metric: string, day: string, { tier, value }: { tier: string; value: number }) => {
    const key = `${metric} ${day} ${tier}`;
    counts.set(key, (counts.get(key) ?? 0) + value);
  };
  for (const { merged_into, erased_at, created_at } of customers) {
    if (merged_into !== null || erased_at !== null) continue;
    add('new_customers', created_at.slice(0, 10), { tier: 'bronze', value: 1 });
  }
  const active = new Set<string>();
  for (const { family, day, bought, type, points, amount_minor, tier } of moved) {
    add(type === 'earn' ? 'points_earned' : 'points_redeemed', day, { tier, value: points });
    add('spend', day, { tier, value: amount_minor });
    if (bought) add('visits', day, { tier, value: 1 });
    if (!active.has(`${family} ${day}`)) add('active_customers', day, { tier, value: 1 });
    active.add(`${family} ${day}`);
  }
  return counts;
}

/** @throws AssertionError when anything that analytics says is not what the rows say; nobody may write meanwhile */
export async function expectFigures(db: Database, dates: { date_from: string; date_to: string }): Promise<void> {
  const { customers, moved } = await readMoved(db);
  const counts = countDays(customers, moved);
  for (const metric of DAILY_METRICS) {
    const { days } = await listDays(db, { metric, ...dates });
    for (const { date, value, by_tier } of days) {
      const expected = Object.keys(by_tier).map((tier) => counts.get(`${metric} ${date} ${tier}`) ?? 0);
      expect(Object.values(by_tier), `${metric} of ${date}`).to.deep.equal(expected);
      expect(value).to.equal(expected.reduce((sum, each) => sum + each, 0));
    }
  }
  const months = [dates.date_to.slice(0, 7), new Date().toISOString().slice(0, 7)];
  for (const month_to of months) {
    expectCohorts(customers, moved, (await listCohorts(db, { months: 24, month_to })).cohorts);
  }
  for (const date_from of [undefined, ...daysOf(dates)]) {
    for (const date_to of [undefined, ...daysOf({ ...dates, date_from: date_from ?? dates.date_from })]) {
      const { customers: people, points, spend } = await summarise(db, { date_from, date_to });
      const period = { date_from: date_from ?? '0', date_to: date_to ?? 'x' };
      expect({ points, spend, people }).to.deep.equal(sumUp(customers, moved, period));
    }
  }
}

/** A customer after the other. @throws AssertionError when a cohort is not what the rows say */
function expectCohorts(customers: Customer[], moved: Moved[], cohorts: Cohort[]): void {
  const monthsOf = (id: string) =>
    moved.filter(({ family, bought }) => bought && family === id).map(({ day }) => day.slice(0, 7));
  const members = customers
    .filter(({ merged_into, erased_at }) => merged_into === null && erased_at === null)
    .map(({ id, created_at }) => ({ created: created_at.slice(0, 7), bought: monthsOf(id) }))
    .map(({ created, bought }) => ({ joined: [created, ...bought].sort()[0], bought: new Set(bought) }));
  const shown = cohorts.map(({ month }) => month);
  for (const { month, customers: size, bought } of cohorts) {
    const joined = members.filter((member) => member.joined === month);
    const expected = shown
      .filter((each) => each >= month)
      .map((each) => joined.filter((one) => one.bought.has(each)).length);
    expect({ size, bought }, `who joined in ${month}`).to.deep.equal({ size: joined.length, bought: expected });
  }
}

function daysOf({ date_from, date_to }: { date_from: string; date_to: string }): string[] {
  const found: string[] = [];
  for (let at = Date.parse(date_from); at <= Date.parse(date_to); at += 86_400_000) {
    found.push(new Date(at).toISOString().slice(0, 10));
  }
  return found;
}

function sumUp(customers: Customer[], moved: Moved[], { date_from, date_to }: { date_from: string; date_to: string }) {
  const within = (day: string) => day >= date_from && day <= date_to;
  const rows = moved.filter((row) => within(row.day));
  const open = customers.filter((customer) => customer.merged_into === null && customer.erased_at === null);
  const points = (of: Moved[], type: string) => of.reduce((sum, row) => sum + (row.type === type ? row.points : 0), 0);
  const count = (field: 'status' | 'tier', value: string) => open.filter((each) => each[field] === value).length;
  const total_minor = rows.reduce((sum, row) => sum + row.amount_minor, 0);
  const buyers = new Set(rows.filter((row) => row.bought).map((row) => row.family)).size;
  return {
    points: {
      outstanding: points(moved, 'earn') - points(moved, 'redeem'),
      earned: points(rows, 'earn'),
      redeemed: points(rows, 'redeem'),
    },
    spend: {
      total_minor,
      customers: buyers,
      average_per_customer_minor: buyers === 0 ? 0 : Math.floor(total_minor / buyers),
      visits: rows.filter((row) => row.bought).length,
    },
    people: {
      total: open.length,
      by_status: Object.fromEntries(CUSTOMER_STATUSES.map((status) => [status, count('status', status)])),
      by_tier: Object.fromEntries(TIERS.map((tier) => [tier, count('tier', tier)])),
      new: open.filter((customer) => within(customer.created_at.slice(0, 10))).length,
    },
  };
}
