// Acceptance when the connection breaks after the commit and before its answer. A proxy between the store and a real
// PostgreSQL does the breaking.

import { randomUUID } from 'node:crypto';
import { acceptTransactions, type Database, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { until } from '../helpers/until.ts';
import { acceptedOf, addCustomer, aTransaction, failureOf, purchase, readLedger, wordOf } from './fixtures.ts';

/** Lets an insert through to PostgreSQL and, when its answer comes, throws that away and cuts the connection. */
async function lose(answers: number): Promise<void> {
  for (let lost = 0; lost < answers; lost++) {
    const caught = await proxy.catch({ text: 'insert into loyalty_transactions', what: 'answer' }).caught;
    caught?.cut();
  }
}

let proxy: TcpProxy;

describe('accepting when the answer to the commit is lost', () => {
  let database: TestDatabase;
  let db: Database;
  let customer: string;
  beforeEach(async () => {
    database = await createDatabase();
    const url = new URL(database.url);
    proxy = await startProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    db = openDatabase({ url: url.href, pool_max: 1, application_name: 'test' });
    customer = await addCustomer(db);
  });
  afterEach(async () => {
    await db.destroy();
    await proxy.close();
    await database.drop();
  });

  it('finds its own rows again by their keys: accepted once, and no replay', async () => {
    const items = [aTransaction(customer), purchase(customer, 100), aTransaction(randomUUID())];
    const lost = lose(1);
    const answers = await acceptTransactions(db, items);
    await lost;
    expect(answers.map(wordOf)).to.deep.equal(['accepted', 'accepted', 'customer-not-found']);
    const ids = items.slice(0, 2).map((item) => item.id);
    expect(answers.slice(0, 2).map((each) => acceptedOf(each).transaction.id)).to.deep.equal(ids);
    expect((await readLedger(database.db)).map((row) => row.id)).to.deep.equal(ids);
  });

  it('says that the outcome is not known when it is lost again; the same key then finds the row', async () => {
    const item = aTransaction(customer);
    const lost = lose(2);
    expect(await failureOf(acceptTransactions(db, [item]))).to.have.property('code', 'outcome-unknown');
    await lost;
    const [row] = await until(async () => {
      const rows = await readLedger(database.db);
      return rows.length > 0 && rows;
    });
    const [again] = await acceptTransactions(db, [{ ...item, id: randomUUID() }]);
    expect([wordOf(again), acceptedOf(again).transaction.id]).to.deep.equal(['replayed', row?.id]);
    expect(await readLedger(database.db)).to.have.length(1);
  });
});
