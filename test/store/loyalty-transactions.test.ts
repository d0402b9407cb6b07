// Reading the ledger: a customer's history page by page, and what has waited too long.

import {
  applyPending,
  type Database,
  listOverdueCustomers,
  listTransactions,
  readTransaction,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomer, addCustomers, points } from './fixtures.ts';

describe("a customer's history", () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  it('comes page by page, newest first, without a gap or a double while rows come in', async () => {
    const [customer, other] = (await addCustomers(db, 2)) as [string, string];
    const expected: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const [row] = await accept(db, points('earn', customer, 1), points('earn', other, 1));
      await accept(db, points('redeem', customer, 1));
      expected.unshift(row?.id as string);
    }
    const seen: string[] = [];
    let before: number | undefined;
    for (;;) {
      const page = await listTransactions(db, { customer_id: customer, type: 'earn', limit: 2, before });
      if (page.length === 0) break;
      seen.push(...page.map((row) => row.id));
      before = page.at(-1)?.position;
      await accept(db, points('earn', customer, 1));
    }
    expect(seen).to.deep.equal(expected);
  });

  it('can be asked for one status', async () => {
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, 1), points('redeem', customer, 2));
    await applyPending(db, [customer]);
    await accept(db, points('earn', customer, 3));
    const ask = async (status: string) => {
      const page = await listTransactions(db, { customer_id: customer, status, limit: 10 });
      return page.map((row) => row.points);
    };
    expect([await ask('applied'), await ask('rejected'), await ask('pending')]).to.deep.equal([[1], [2], [3]]);
  });

  it('shows a transaction to its own customer only', async () => {
    const [customer, other] = (await addCustomers(db, 2)) as [string, string];
    const [row] = await accept(db, points('earn', customer, 1));
    const id = row?.id as string;
    expect(await readTransaction(db, customer, id)).to.deep.equal(row);
    expect(await readTransaction(db, other, id)).to.equal(undefined);
  });
});

describe('the customers that have waited too long', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  const overdue = (older_than_ms: number, more: { except?: string[]; limit?: number } = {}) =>
    listOverdueCustomers(db, { older_than_ms, except: [], limit: 100, ...more });

  it('are those with pending transactions older than asked for, each once, the oldest first to fit', async () => {
    const [first, second, done] = (await addCustomers(db, 3)) as [string, string, string];
    await accept(db, points('earn', first, 1), points('earn', first, 1));
    await accept(db, points('earn', second, 1), points('earn', done, 1));
    await applyPending(db, [done]);
    expect((await overdue(0)).sort()).to.deep.equal([first, second].sort());
    expect(await overdue(60_000), 'by the clock of the database').to.deep.equal([]);
    expect(await overdue(0, { except: [first] })).to.deep.equal([second]);
    expect(await overdue(0, { limit: 2 }), 'the two oldest rows').to.deep.equal([first]);
  });
});
