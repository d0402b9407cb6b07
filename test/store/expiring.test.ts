// Points that will lapse are announced 30, 7 and 1 days before, each once, however often a worker looks and however many
// accounts there are.

import { randomUUID } from 'node:crypto';
import { PROGRAMME, type ProgrammeRules } from '@customer-service/domain';
import {
  addProgramme,
  announceExpiring,
  applyPending,
  type Database,
  eraseCustomer,
  insertCustomer,
  ledgerNow,
  listEvents,
  setTestClock,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { publishAll } from '../helpers/events.ts';
import { a_profile, accept, addCustomer, an_actor, points } from './fixtures.ts';

const DAY_MS = 86_400_000;

describe('points that will lapse', () => {
  let database: TestDatabase;
  let db: Database;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
  });
  afterEach(() => database.drop());

  async function withExpiry(expiry: ProgrammeRules['expiry']): Promise<void> {
    const { version: _version, effective_from: _from, ...rules } = PROGRAMME;
    const given = { rules: { ...rules, expiry }, effective_from: null, expected_version: null, actor: an_actor };
    await addProgramme(db, given);
  }

  async function customerWith(count: number): Promise<string> {
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, count));
    await applyPending(db, [customer]);
    return customer;
  }

  /** Noon, so many days after that of `start`; a worker comes by as it does every second. */
  async function daysLater(start: string, days: number): Promise<void> {
    await setTestClock(db, `${new Date(Date.parse(start) + days * DAY_MS).toISOString().slice(0, 10)}T12:00:00Z`);
    while (await announceExpiring(db));
    expect(await announceExpiring(db)).to.equal(false);
  }

  /** What was announced of a customer: points and days. */
  async function announced(customer_id: string): Promise<string[]> {
    await publishAll(db);
    const events = await listEvents(db, { limit: 1_000, customer_id, type: 'loyalty.points.expiring' });
    return events.map(({ data }) => {
      const { points: count, days } = data as { points: number; days: number };
      return `${count} in ${days}`;
    });
  }

  it('are announced 30, 7 and 1 days before, each once', async () => {
    await withExpiry({ policy: 'rolling_days', days: 40 });
    const start = await ledgerNow(db);
    const customer = await customerWith(10);
    const told: string[][] = [[]];
    for (let day = 1; day <= 42; day += 1) {
      await daysLater(start, day);
      told[day] = await announced(customer);
      if (day === 12) {
        // Into the same lot and not: more of what was announced, and of what is to come.
        await accept(db, points('earn', customer, 3));
        await applyPending(db, [customer]);
      }
    }
    const counts = told.map((list) => list.length);
    const firstOf = (number: number) => counts.indexOf(number);
    expect([1, 2, 3, 4].map(firstOf)).to.deep.equal([11, 23, 34, 40]);
    expect(told[42]).to.deep.equal(['10 in 30', '3 in 30', '10 in 7', '10 in 1']);
    const [first] = await listEvents(db, { limit: 1, type: 'loyalty.points.expiring' });
    const lapses = new Date(Date.parse(`${start.slice(0, 10)}T00:00:00.000Z`) + 41 * DAY_MS).toISOString();
    expect(first?.data).to.deep.equal({ customer_id: customer, points: 10, days: 30, expires_at: lapses });
  });

  it('are announced once where nobody looked for days, as the nearest announcement', async () => {
    await withExpiry({ policy: 'rolling_days', days: 40 });
    const start = await ledgerNow(db);
    const customer = await customerWith(10);
    await daysLater(start, 36);
    expect(await announced(customer)).to.deep.equal(['10 in 7']);
    await daysLater(start, 50);
    expect(await announced(customer)).to.deep.equal(['10 in 7']);
  });

  it('are announced by the customer’s last activity where that decides', async () => {
    await withExpiry({ policy: 'inactivity', days: 10 });
    const start = await ledgerNow(db);
    const customer = await customerWith(10);
    await daysLater(start, 3);
    expect(await announced(customer)).to.deep.equal(['10 in 7']);
    await accept(db, points('redeem', customer, 4));
    await applyPending(db, [customer]);
    for (const day of [4, 5]) await daysLater(start, day);
    expect(await announced(customer)).to.deep.equal(['10 in 7']);
    for (const day of [6, 7, 8, 9, 10, 11]) await daysLater(start, day);
    expect(await announced(customer)).to.deep.equal(['10 in 7', '6 in 7']);
    await daysLater(start, 12);
    expect(await announced(customer)).to.deep.equal(['10 in 7', '6 in 7', '6 in 1']);
  });

  it('are not announced when they are spent or their customer is gone, nor when they never lapse', async () => {
    const never = await customerWith(10);
    await withExpiry({ policy: 'rolling_days', days: 29 });
    const start = await ledgerNow(db);
    const [spent, gone] = [await customerWith(10), await customerWith(10)];
    await accept(db, points('redeem', spent, 10));
    await applyPending(db, [spent]);
    await eraseCustomer(db, gone, an_actor);
    for (let day = 1; day <= 30; day += 1) await daysLater(start, day);
    for (const customer of [never, spent, gone]) expect(await announced(customer)).to.deep.equal([]);
  });

  it('are looked for page by page by two workers at once, and a page is read along the index', async () => {
    await withExpiry({ policy: 'rolling_days', days: 40 });
    const start = await ledgerNow(db);
    const some = await customerWith(7);
    await db.raw(
      `insert into customers (id, first_name, last_name, preferences)
       select gen_random_uuid(), 'A', 'B', '{}' from generate_series(1, 5000)`,
    );
    await db.raw(
      `insert into loyalty_accounts (customer_id, points_balance, lifetime_points_earned, state, settles_at)
       select id, 7, 7, state, settles_at from customers, loyalty_accounts where customer_id = ? and id <> customer_id`,
      [some],
    );
    await setTestClock(db, `${new Date(Date.parse(start) + 11 * DAY_MS).toISOString().slice(0, 10)}T00:00:01Z`);
    const worker = async () => {
      let pages = 0;
      // Also while the other one has the page.
      for (let idle = 0; idle < 3; idle += 1) while (await announceExpiring(db)) pages += 1;
      return pages;
    };
    const pages = await Promise.all([worker(), worker()]);
    expect(pages[0] + pages[1]).to.equal(2);
    await publishAll(db);
    const told = await db('events').where({ type: 'loyalty.points.expiring' }).select('customer_id');
    expect(told).to.have.length(5_001);
    expect(new Set(told.map(({ customer_id }) => customer_id)).size).to.equal(5_001);
    const { rows } = await db.raw(
      `explain select customer_id, settles_at, closed_at, state from loyalty_accounts where customer_id > ? order by customer_id limit 2000`,
      [some],
    );
    expect(JSON.stringify(rows)).to.match(/Index Scan using loyalty_accounts_pkey/);
  });

  it('need no customer to be there', async () => {
    await setTestClock(db, new Date(Date.now() + 2 * DAY_MS).toISOString());
    while (await announceExpiring(db));
    await insertCustomer(db, { id: randomUUID(), profile: a_profile, actor: an_actor });
    expect(await announceExpiring(db)).to.equal(false);
  });
});
