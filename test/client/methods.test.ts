// Every operation of the contract has a method, and every method asks for its own operation. The ids are called what the
// paths call them, so that what arrives can be compared with the routes.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Client, createClient, type NewProgramme } from '@customer-service/client';
import { expect } from 'chai';
import { routes } from '../../apps/api/src/routes.ts';

const id = 'customer_id';
const hold = { customer_id: id, hold_id: 'hold_id' };
const transaction = { customer_id: id, transaction_id: 'transaction_id' };
const guest = { first_name: 'Ada', last_name: 'Lovelace' };

/** In the order of the groups; the operation twice where two methods ask for it. */
const calls: ((client: Client) => Promise<unknown>)[] = [
  ({ customers }) => customers.create(guest),
  ({ customers }) => customers.get(id),
  ({ customers }) => customers.list().next(),
  ({ customers }) => customers.update(id, guest),
  ({ customers }) => customers.patch(id, guest),
  ({ customers }) => customers.erase(id),
  ({ customers }) => customers.export(id),
  ({ customers }) => customers.merge(id, { from_customer_id: 'other', reason: 'one person' }),
  ({ customers }) => customers.batch({ items: [] }),
  ({ customers }) => customers.tryBatch({ items: [] }),
  ({ customers }) => customers.duplicates().next(),
  ({ loyalty }) => loyalty.earn(id, { points: 1 }),
  ({ loyalty }) => loyalty.redeem(id, { points: 1 }),
  ({ loyalty }) => loyalty.tryEarn(id, { points: 1 }),
  ({ loyalty }) => loyalty.tryRedeem(id, { points: 1 }),
  ({ loyalty }) => loyalty.reverse(transaction),
  ({ loyalty }) => loyalty.refund(id, { order_id: 'order-1' }),
  ({ loyalty }) => loyalty.adjust(id, { points: 1, direction: 'credit', reason_code: 'goodwill' }),
  ({ loyalty }) => loyalty.batch({ items: [] }),
  ({ loyalty }) => loyalty.balance(id),
  ({ loyalty }) => loyalty.balanceAt(id, '2026-01-01T00:00:00Z'),
  ({ loyalty }) => loyalty.expirations(id),
  ({ loyalty }) => loyalty.tiers(id).next(),
  ({ loyalty }) => loyalty.transaction(transaction),
  ({ loyalty }) => loyalty.transactions(id).next(),
  ({ loyalty }) => loyalty.verify(),
  ({ loyalty }) => loyalty.liability(),
  ({ holds }) => holds.create(id, { points: 1, expires_in: 60 }),
  ({ holds }) => holds.get(hold),
  ({ holds }) => holds.list(id).next(),
  ({ holds }) => holds.capture(hold),
  ({ holds }) => holds.void(hold),
  ({ adjustments }) => adjustments.get('adjustment_id'),
  ({ adjustments }) => adjustments.list().next(),
  ({ adjustments }) => adjustments.approve('adjustment_id'),
  ({ adjustments }) => adjustments.refuse('adjustment_id'),
  ({ programme }) => programme.get(),
  ({ programme }) => programme.put({} as NewProgramme),
  ({ programme }) => programme.try({} as NewProgramme),
  ({ analytics }) => analytics.summary(),
  ({ analytics }) => analytics.daily({ metric: 'visits' }),
  ({ analytics }) => analytics.cohorts(),
  ({ events }) => events.list().next(),
  ({ webhooks }) => webhooks.create({ url: 'https://shop.example/' }),
  ({ webhooks }) => webhooks.get('endpoint_id'),
  ({ webhooks }) => webhooks.list().next(),
  ({ webhooks }) => webhooks.update('endpoint_id', { status: 'enabled' }),
  ({ webhooks }) => webhooks.delete('endpoint_id'),
  ({ webhooks }) => webhooks.rotateSecret('endpoint_id'),
  ({ webhooks }) => webhooks.test('endpoint_id'),
  ({ webhooks }) => webhooks.deliveries('endpoint_id').next(),
  ({ webhooks }) => webhooks.replay('endpoint_id', { event_ids: ['event_id'] }),
  ({ me }) => me(),
  ({ audit }) => audit().next(),
];

describe("the client's methods", () => {
  let server: Server;
  let client: Client;
  let asked: string[];
  before(async () => {
    server = createServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.end(JSON.stringify({ items: [], next_cursor: null }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 't' });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
  });

  it('are there for each operation but health and the test clock, and each for its own', async () => {
    for (const call of calls) await call(client);
    const paths = new Set(asked.map((request) => request.replace(/\?.*/, '')));
    const contract = routes
      .filter(({ answers, path }) => answers !== undefined && path !== '/health' && path !== '/test-clock')
      .map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(':', '')}`);
    expect([...paths]).to.have.members(contract);
  });

  it('are all called here', () => {
    const { request: _request, list: _list, me: _me, audit: _audit, ...groups } = client;
    const methods = Object.values(groups).flatMap((group) => Object.keys(group));
    expect(calls).to.have.length(methods.length + 2);
  });

  it('ask for a dry run where they try, and for a moment where they look back', async () => {
    await client.loyalty.tryEarn(id, { points: 1 });
    await client.programme.try({} as NewProgramme);
    await client.loyalty.balanceAt(id, '2026-01-01T00:00:00Z');
    expect(asked).to.deep.equal([
      'POST /customers/customer_id/loyalty/earn?dry_run=true',
      'PUT /loyalty/programme?dry_run=true',
      'GET /customers/customer_id/loyalty?as_of=2026-01-01T00%3A00%3A00Z',
    ]);
  });
});
