// I1: row first, ring second. The only double of the suite: a doorbell that records.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createBatcher,
  createLog,
  createMetrics,
  createWebhookSender,
  loadApiConfig,
  type Ring,
} from '@customer-service/runtime';
import { type Accepted, acceptTransactions, applyApart, type NewTransaction } from '@customer-service/store';
import { expect } from 'chai';
import { createApp } from '../../apps/api/src/app.ts';
import { createApiMetrics } from '../../apps/api/src/ops-listener/metrics.ts';
import type { ToApply } from '../../apps/api/src/route.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { SECRET, tokenFor } from '../helpers/service.ts';
import { addCustomer } from '../store/fixtures.ts';

const CUSTOMER = '0197f0a4-5b6c-7d8e-9f00-112233445566';

describe('the doorbell', () => {
  let database: TestDatabase;
  let server: Server;
  let failing = false;
  const rings: { ring: Ring; committed: Promise<boolean> }[] = [];

  before(async () => {
    database = await createDatabase();
    const { db } = database;
    const config = loadApiConfig({ DATABASE_URL: database.url, JWT_SECRET: SECRET });
    const isCommitted = (id: string) =>
      db('loyalty_transactions')
        .where({ id })
        .then((rows) => rows.length === 1);
    const app = createApp({
      db,
      doorbell: {
        // Asked over another connection, which sees nothing that is not committed.
        ring: (_type, ring) => rings.push({ ring, committed: isCommitted(ring.id) }),
        isUp: () => true,
        counts: async () => ({}),
        close: async () => {},
      },
      accept: createBatcher<NewTransaction, Accepted>((items) => {
        if (failing) throw new Error('no database');
        return acceptTransactions(db, items);
      }, 100),
      apply: createBatcher<ToApply, null>(async (waiting) => {
        await applyApart(
          db,
          waiting.map(({ customer_id }) => customer_id),
        );
        return waiting.map(() => null);
      }, 100),
      isDatabaseUp: createBatcher<null, boolean>(async (items) => items.map(() => true), 1),
      sender: createWebhookSender({ allow_private: false, version: 'test' }),
      config,
      log: createLog('test', 'silent'),
      metrics: createApiMetrics(createMetrics('test', '0.0.0'), ['earn']),
      version: '0.0.0',
      document: {},
    });
    server = createServer(app.callback()).listen(0, '127.0.0.1');
    await addCustomer(db, {}, CUSTOMER);
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await database.drop();
  });
  beforeEach(() => {
    rings.length = 0;
    failing = false;
  });

  const post = (key: string, headers: object = {}) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/customers/${CUSTOMER}/loyalty/earn`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${tokenFor('service')}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': key,
        ...headers,
      },
      body: JSON.stringify({ points: 1 }),
    });

  it('rings once the row is committed, with ids and nothing else', async () => {
    const answer = await post('a');
    const { id } = (await answer.json()) as { id: string };
    expect(answer.status).to.equal(202);
    expect(rings.map(({ ring }) => ring)).to.deep.equal([{ id, customer_id: CUSTOMER }]);
    expect(await rings[0]?.committed).to.equal(true);
  });

  it('does not ring when nothing was accepted', async () => {
    failing = true;
    expect((await post('b')).status).to.equal(500);
    expect(rings).to.deep.equal([]);
  });

  it('does not ring for a till that waited for the outcome', async () => {
    expect((await post('c', { Prefer: 'wait=5' })).status).to.equal(200);
    expect(rings).to.deep.equal([]);
  });
});
