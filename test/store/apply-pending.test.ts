// The one SQL transaction that moves points: order, exactly once, and one customer's fault kept from the others.

import { randomUUID } from 'node:crypto';
import { EMPTY_STATE } from '@customer-service/domain';
import {
  applyApart,
  applyPending,
  type Database,
  isStorageFault,
  openDatabase,
  readAccounts,
} from '@customer-service/store';
import { expect } from 'chai';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomer, addCustomers, auditAll, failureOf, points, purchase, readLedger } from './fixtures.ts';

describe('applying what waits', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  const accountOf = async (customer: string) => (await readAccounts(db, [customer]))[0];
  const ledgerOf = (customer_id: string) => db('loyalty_transactions').where({ customer_id }).orderBy('sequence');
  const rowsOf = async (customer: string) => (await readLedger(db)).filter((row) => row.customer_id === customer);

  it('decides in accepted order, each transaction on what the one before left', async () => {
    const customer = await addCustomer(db);
    const items = [
      ...[purchase(customer, 10_000), points('redeem', customer, 80), points('redeem', customer, 30)],
      ...[points('earn', customer, 10), points('redeem', customer, 30)],
    ];
    await accept(db, ...items);
    expect(await applyPending(db, [customer])).to.deep.equal({ decided: 5, more: false });
    const rows = (await rowsOf(customer)).sort((a, b) => Number(a.sequence) - Number(b.sequence));
    expect(rows.map((row) => [row.id, row.sequence, row.rejection_code, row.balance_after])).to.deep.equal([
      [items[0]?.id, 1, null, 100],
      [items[1]?.id, 2, null, 20],
      [items[2]?.id, 3, 'insufficient-points', 20],
      [items[3]?.id, 4, null, 30],
      [items[4]?.id, 5, null, 0],
    ]);
    const { state, ledger_hash, ...figures } = (await accountOf(customer)) as NonNullable<
      Awaited<ReturnType<typeof accountOf>>
    >;
    expect(figures).to.deep.equal({
      ...{ customer_id: customer, customer_status: 'active', points_balance: 0, lifetime_points_earned: 110 },
      ...{ lifetime_points_redeemed: 110, total_spent_minor: 10_000, visits_count: 1, tier: 'bronze', sequence: 5 },
      ...{ points_held: 0, lifetime_points_expired: 0, lifetime_points_adjusted: 0, settles_at: null },
      last_visit_at: rows[0]?.occurred_at,
    });
    const [first] = rows;
    const activity = { month: first?.occurred_at.slice(0, 7), spend_minor: 10_000, visits: 1, points: 100 };
    expect(state).to.deep.equal({
      ...{ ...EMPTY_STATE, activity: [activity], member_since: first?.accepted_at, programme_version: 1 },
      // The last redemption came in the same batch.
      active_at: rows.at(-1)?.accepted_at,
    });
    expect(ledger_hash).to.equal((await ledgerOf(customer)).at(-1)?.hash.toString('hex'));
  });

  it('goes by the order of acceptance, not by ids and not by when something happened', async () => {
    const customer = await addCustomer(db);
    const early = 'ffffffff-ffff-7fff-bfff-ffffffffffff';
    const late = '00000000-0000-7000-8000-000000000000';
    await accept(db, points('earn', customer, 50, { id: early, occurred_at: '2026-12-31T00:00:00Z' }));
    await accept(db, points('redeem', customer, 50, { id: late, occurred_at: '2020-01-01T00:00:00Z' }));
    await applyPending(db, [customer]);
    expect((await rowsOf(customer)).map((row) => [row.id, row.sequence, row.status])).to.deep.equal([
      [early, 1, 'applied'],
      [late, 2, 'applied'],
    ]);
  });

  it('knows the status of the customer: suspended means rejected, until it is lifted', async () => {
    const customer = await addCustomer(db, { status: 'suspended' });
    await accept(db, points('earn', customer, 1));
    await applyPending(db, [customer]);
    await db('customers').where({ id: customer }).update({ status: 'active' });
    await accept(db, points('earn', customer, 1));
    await applyPending(db, [customer]);
    const codes = (await rowsOf(customer)).map((row) => row.rejection_code);
    expect(codes).to.deep.equal(['customer-suspended', null]);
  });

  it('does nothing where nothing waits, writes included', async () => {
    const [customer, busy] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, points('earn', customer, 5));
    await applyPending(db, [customer]);
    // xmin names the SQL transaction that wrote a row last.
    const written = () => db('loyalty_accounts').select(db.raw('xmin::text')).where({ customer_id: customer });
    const before = await written();
    const visits = [[customer], [customer, customer], [], [randomUUID()]];
    for (const ids of visits) expect(await applyPending(db, ids)).to.deep.equal({ decided: 0, more: false });
    await accept(db, points('earn', busy, 5));
    expect(await applyPending(db, [customer, busy])).to.deep.equal({ decided: 1, more: false });
    expect(await written()).to.deep.equal(before);
  });

  it('touches no customer that it was not called for', async () => {
    const [mine, other] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, points('earn', mine, 1), points('earn', other, 1));
    expect(await applyPending(db, [mine, mine])).to.deep.equal({ decided: 1, more: false });
    expect((await rowsOf(other)).map((row) => row.status)).to.deep.equal(['pending']);
  });

  it('takes 2,000 rows at the most, the oldest first, and says that there may be more', async () => {
    const customer = await addCustomer(db);
    const items = Array.from({ length: 4_000 }, () => points('earn', customer, 1));
    const accepted = await accept(db, ...items);
    expect(await applyPending(db, [customer])).to.deep.equal({ decided: 2_000, more: true });
    const decided = (await rowsOf(customer)).filter((row) => row.status === 'applied').map((row) => row.id);
    expect(decided).to.deep.equal(accepted.slice(0, 2_000).map((row) => row.id));
    expect(await applyPending(db, [customer])).to.deep.equal({ decided: 2_000, more: true });
    expect(await applyPending(db, [customer])).to.deep.equal({ decided: 0, more: false });
    expect(await accountOf(customer)).to.deep.include({ points_balance: 4_000, sequence: 4_000 });
  });

  it('takes as many rounds as it needs when asked to apply apart', async () => {
    const [one, other] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, ...Array.from({ length: 2_500 }, (_, index) => points('earn', index % 5 ? one : other, 1)));
    expect(await applyApart(db, [one, other])).to.deep.equal(new Map());
    expect([await accountOf(one), await accountOf(other)].map((row) => row?.points_balance)).to.deep.equal([
      2_000, 500,
    ]);
  });

  it('makes five trips to PostgreSQL: begin, lock, read, write, commit', async () => {
    const customer = await addCustomer(db);
    // An amount that takes the customer up a tier, so that every table is written.
    await accept(db, purchase(customer, 1_000_000), points('redeem', customer, 1));
    const wire = watchWire();
    const watched = openDatabase({ url: database.url, pool_max: 1, application_name: 'test', plans_kept_ms: 0 });
    try {
      await watched.raw('select 1');
      wire.trips = [];
      await applyPending(watched, [customer]);
    } finally {
      wire.end();
      await watched.destroy();
    }
    // That plans are discarded each time makes no trip of its own.
    const trips = wire.trips.map((words) => words.filter((word) => word !== 'discard').sort());
    expect(trips).to.deep.equal([
      ...[['begin;'], ['select'], ['select', 'select', 'select']],
      ...[['insert', 'insert', 'update', 'update'], ['commit;']],
    ]);
  });

  it('has left a ledger that adds up', async () => {
    expect((await auditAll(db)).differences).to.deep.equal([]);
  });
});

describe("keeping one customer's fault from the others", () => {
  let database: TestDatabase;
  let db: Database;
  let customers: string[];
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
    customers = await addCustomers(db, 9);
    await accept(db, ...customers.map((customer) => points('earn', customer, 1)));
  });
  afterEach(() => database.drop());

  /** From now on the account of this customer, or its rows, can't be written. */
  async function poison(customer: string, table = 'loyalty_accounts'): Promise<void> {
    await db.raw(`
      create function poison() returns trigger language plpgsql as $$ begin raise exception 'poisoned'; end $$;
      create trigger poison before update on ${table} for each row
        when (old.customer_id = '${customer}') execute function poison()`);
  }
  const statusOf = async (customer: string) => {
    const rows = await readLedger(db);
    return rows.find((row) => row.customer_id === customer)?.status;
  };

  for (const place of [0, 4, 8]) {
    it(`applies all the others, wherever among them it stands: at place ${place}`, async () => {
      const poisoned = customers[place] as string;
      await poison(poisoned);
      const failures = await applyApart(db, customers);
      expect([...failures.keys()]).to.deep.equal([poisoned]);
      expect(failures.get(poisoned)?.message).to.contain('poisoned');
      for (const customer of customers) {
        expect(await statusOf(customer)).to.equal(customer === poisoned ? 'pending' : 'applied');
      }
      await db.raw('drop trigger poison on loyalty_accounts');
      expect(await applyApart(db, customers), 'once it is mended').to.deep.equal(new Map());
      expect(await statusOf(poisoned)).to.equal('applied');
      expect((await auditAll(db)).differences).to.deep.equal([]);
    });
  }

  for (const table of ['loyalty_accounts', 'loyalty_transactions']) {
    it(`leaves everything as it was when a visit fails as a whole, and says why: ${table}`, async () => {
      // Takes a customer up a tier, so that every table is written: what comes behind the fault is refused for another reason.
      await accept(db, purchase(customers[0] as string, 1_000_000));
      await poison(customers[8] as string, table);
      expect((await failureOf(applyPending(db, customers))).message).to.contain('poisoned');
      expect(new Set((await readLedger(db)).map((row) => row.status))).to.deep.equal(new Set(['pending']));
      expect(new Set((await readAccounts(db, customers)).map((row) => row.points_balance))).to.deep.equal(new Set([0]));
    });
  }

  it('blames no customer when there is no database to be had', async () => {
    const nowhere = openDatabase({ url: 'postgresql://127.0.0.1:1/none', pool_max: 1, application_name: 'test' });
    expect(await failureOf(applyApart(nowhere, customers))).to.have.property('code', 'ECONNREFUSED');
    await nowhere.destroy();
    // As in a process that ends while it applies.
    const closed = await failureOf(applyApart(nowhere, customers));
    expect(closed.message).to.equal('Unable to acquire a connection');
    expect(isStorageFault(closed)).to.equal(true);
  });
});

/** What is asked of PostgreSQL by clients of this process, by the first word: asked before an answer is one trip. */
function watchWire(): { trips: string[][]; end(): void } {
  const { query } = pg.Client.prototype;
  const wire = {
    trips: [] as string[][],
    end: () => {
      pg.Client.prototype.query = query;
    },
  };
  let under_way = 0;
  type Done = (...answer: unknown[]) => void;
  pg.Client.prototype.query = function (this: pg.Client, asked: string | { text: string }, done?: Done) {
    const ask = query as unknown as (asked: unknown, done?: Done) => unknown;
    const word = (typeof asked === 'string' ? asked : asked.text).trim().split(/\s/)[0]?.toLowerCase() ?? '';
    if (under_way === 0) wire.trips.push([]);
    wire.trips.at(-1)?.push(word);
    if (done === undefined) return ask.call(this, asked);
    under_way += 1;
    return ask.call(this, asked, (...answer: unknown[]) => {
      under_way -= 1;
      done(...answer);
    });
  } as never;
  return wire;
}
