// A connection that says nothing any more, as after a failover without a word: one query pays for it, not every one.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Database, databaseAnswers, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';

describe('a connection that has gone silent', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let server: Server;
  let db: Database;
  /** Of the connections there are; those made afterwards speak. */
  const silenced = new Set<Socket>();
  const open = new Set<Socket>();

  before(async () => {
    database = await createDatabase();
    const port = Number(new URL(database.url).port);
    server = createServer((client) => {
      const upstream = connect(port, '127.0.0.1');
      open.add(client);
      for (const socket of [client, upstream]) {
        socket.on('error', () => {}).on('close', () => [client, upstream].map((each) => each.destroy()));
      }
      client.on('data', (bytes) => silenced.has(client) || upstream.write(bytes));
      upstream.on('data', (bytes) => silenced.has(client) || client.write(bytes));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(database.url);
    url.port = String((server.address() as AddressInfo).port);
    db = openDatabase({ url: url.href, pool_max: 1, application_name: 'test', statement_timeout_ms: 500 });
  });
  after(async () => {
    await db.destroy();
    for (const socket of open) socket.destroy();
    server.close();
    await database.drop();
  });

  it('is not used again after the query that found it so', async () => {
    expect(await databaseAnswers(db)).to.equal(true);
    for (const socket of open) silenced.add(socket);
    expect(await databaseAnswers(db)).to.equal(false);
    expect(await databaseAnswers(db)).to.equal(true);
  });
});
