// Acceptance when the connection breaks after the commit and before its answer. A proxy between the store and a real
// PostgreSQL does the breaking.

import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { acceptTransactions, type Database, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { until } from '../helpers/until.ts';
import { acceptedOf, addCustomer, aTransaction, failureOf, purchase, readLedger, wordOf } from './fixtures.ts';

interface Proxy {
  url: string;
  /** How many answers to an insert are lost from now on, each with its connection. */
  lose(answers: number): void;
  close(): void;
}

/** Lets an insert through to PostgreSQL and, when its answer comes, throws that away and cuts the connection. */
async function startProxy(target: string): Promise<Proxy> {
  let losing = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    let inserting = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => [client, upstream].map((each) => each.destroy()));
    }
    client.on('data', (bytes) => {
      inserting ||= bytes.includes('insert into loyalty_transactions');
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!inserting || losing === 0) return client.write(bytes);
      losing -= 1;
      return client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    lose: (answers) => {
      losing = answers;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe('accepting when the answer to the commit is lost', () => {
  let database: TestDatabase;
  let proxy: Proxy;
  let db: Database;
  let customer: string;
  beforeEach(async () => {
    database = await createDatabase();
    proxy = await startProxy(database.url);
    db = openDatabase({ url: proxy.url, pool_max: 1, application_name: 'test' });
    customer = await addCustomer(db);
  });
  afterEach(async () => {
    await db.destroy();
    proxy.close();
    await database.drop();
  });

  it('finds its own rows again by their keys: accepted once, and no replay', async () => {
    const items = [aTransaction(customer), purchase(customer, 100), aTransaction(randomUUID())];
    proxy.lose(1);
    const answers = await acceptTransactions(db, items);
    expect(answers.map(wordOf)).to.deep.equal(['accepted', 'accepted', 'customer-not-found']);
    const ids = items.slice(0, 2).map((item) => item.id);
    expect(answers.slice(0, 2).map((each) => acceptedOf(each).transaction.id)).to.deep.equal(ids);
    expect((await readLedger(database.db)).map((row) => row.id)).to.deep.equal(ids);
  });

  it('says that the outcome is not known when it is lost again; the same key then finds the row', async () => {
    const item = aTransaction(customer);
    proxy.lose(2);
    expect(await failureOf(acceptTransactions(db, [item]))).to.have.property('code', 'outcome-unknown');
    const [row] = await until(async () => {
      const rows = await readLedger(database.db);
      return rows.length > 0 && rows;
    });
    const [again] = await acceptTransactions(db, [{ ...item, id: randomUUID() }]);
    expect([wordOf(again), acceptedOf(again).transaction.id]).to.deep.equal(['replayed', row?.id]);
    expect(await readLedger(database.db)).to.have.length(1);
  });
});
