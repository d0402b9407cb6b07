// What a ring costs does not depend on what waits for others, also where PostgreSQL believes that nothing waits: its
// statistics are mostly from such a time.

import { applyPending, type Database, listOverdueCustomers, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomers, points } from './fixtures.ts';

const CUSTOMERS = 200;
const ROWS = 4_000;

describe('a backlog of others', () => {
  let database: TestDatabase;
  let db: Database;
  let customers: string[];

  before(async () => {
    database = await createDatabase();
    // One connection, so that the figures of its session are those of these queries.
    db = openDatabase({ url: database.url, pool_max: 1, application_name: 'test' });
    customers = await addCustomers(db, CUSTOMERS);
    await db.raw('vacuum analyze loyalty_transactions, loyalty_accounts');
    const items = Array.from({ length: ROWS }, (_, n) => points('earn', customers[n % CUSTOMERS] as string, 1));
    await accept(db, ...items);
  });
  after(async () => {
    await db.destroy();
    await database.drop();
  });

  /** Entries of an index that were read until now. */
  async function readOf(index: string): Promise<number> {
    await db.raw('select pg_stat_force_next_flush()');
    const row = await db('pg_stat_user_indexes').where({ indexrelname: index }).first('idx_tup_read');
    return Number(row.idx_tup_read);
  }

  it('is read from its oldest by who sweeps, and no further than asked', async () => {
    const before = await readOf('loyalty_transactions_oldest');
    const overdue = await listOverdueCustomers(db, { older_than_ms: 0, except: [], limit: 100 });
    expect(overdue).to.have.length((100 * CUSTOMERS) / ROWS);
    expect((await readOf('loyalty_transactions_oldest')) - before).to.be.within(100, 200);
  });

  it('is not read by who serves customers of their own', async () => {
    const before = await readOf('loyalty_transactions_oldest');
    const some = customers.slice(0, 50);
    expect((await applyPending(db, some)).decided).to.equal((50 * ROWS) / CUSTOMERS);
    expect(await readOf('loyalty_transactions_oldest')).to.equal(before);
    expect(await readOf('loyalty_transactions_pending')).to.be.at.least(50);
  });
});

describe('a ledger that was nearly empty when its statements were planned', () => {
  let database: TestDatabase;
  let db: Database;

  before(async () => {
    database = await createDatabase();
    db = openDatabase({ url: database.url, pool_max: 1, application_name: 'test', plans_kept_ms: 0 });
  });
  after(async () => {
    await db.destroy();
    await database.drop();
  });

  /** Rows of the ledger that were read in the order of the table or of its ids, as who reads it whole does. */
  async function readWhole(): Promise<number> {
    await db.raw('select pg_stat_force_next_flush()');
    const table = await db('pg_stat_user_tables').where({ relname: 'loyalty_transactions' }).first('seq_tup_read');
    const ids = await db('pg_stat_user_indexes')
      .where({ indexrelname: 'loyalty_transactions_pkey' })
      .first('idx_tup_read');
    return Number(table.seq_tup_read) + Number(ids.idx_tup_read);
  }

  it('is not read whole by who has the same connection once it has grown', async () => {
    const [first, ...others] = (await addCustomers(db, CUSTOMERS)) as [string, ...string[]];
    await accept(db, points('earn', first, 1));
    await db.raw('vacuum analyze loyalty_transactions, loyalty_accounts, customers');
    // After the fifth time a plan is kept.
    for (let turn = 0; turn < 10; turn++) {
      await accept(db, points('earn', first, 1));
      await applyPending(db, [first]);
    }
    const items = Array.from({ length: 4 * ROWS }, (_, n) => points('earn', others[n % others.length] as string, 1));
    await accept(db, ...items);
    const before = await readWhole();
    const { decided } = await applyPending(db, others.slice(0, 2));
    expect(decided).to.be.at.least((8 * ROWS) / CUSTOMERS);
    // Those that it decides, by their ids.
    expect((await readWhole()) - before).to.be.below(3 * decided);
  });
});
