// The feed beside tills and workers: nothing is lost when a worker dies before it publishes, two publishers double nothing,
// and whoever reads slowly while others write sees each event once and in order.

import { once } from 'node:events';
import { createClient, type ServiceEvent } from '@customer-service/client';
import { expect } from 'chai';
import { eventFaults } from '../helpers/events.ts';
import { drained } from '../helpers/ledger.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

describe('the feed of events', function () {
  this.timeout(120_000);
  let service: Service;
  beforeEach(async () => {
    service = await startService({ workers: 2 });
  });
  afterEach(() => service.stop());

  const client = () => createClient({ url: service.url, token: tokenFor('service') });
  const nothingWaits = () =>
    until(async () => (await service.database.db('outbox').limit(1)).length === 0, { what: 'an empty outbox' });

  async function sell(customers: readonly string[], count: number): Promise<void> {
    const sales = Array.from({ length: count }, (_, index) => {
      const customer = customers[index % customers.length] as string;
      return index % 5 === 4 ? redeem(service, customer, 30) : earn(service, customer, { points: 10 });
    });
    for (const { status } of await Promise.all(sales)) expect(status).to.equal(202);
  }

  it('has everything once when the workers are killed between deciding and publishing', async () => {
    const { db } = service.database;
    const customers = await Promise.all(Array.from({ length: 3 }, () => createCustomer(service)));
    await nothingWaits();
    // As a publisher that takes its time: no other one gets in.
    const publisher = await db.transaction();
    await publisher.raw('set local idle_in_transaction_session_timeout = 0');
    await publisher.raw(`select pg_advisory_xact_lock(hashtext('customer-service events'))`);
    await sell(customers, 30);
    await drained(service);
    const ends = service.workers.map((worker) => once(worker, 'exit'));
    for (const worker of service.workers) worker.kill('SIGKILL');
    await Promise.all(ends);
    await publisher.rollback();
    expect(await db('outbox').select('id')).not.to.have.length(0);
    expect(await db('events').whereNotNull('transaction_id')).to.deep.equal([]);

    await Promise.all([service.startWorker(), service.startWorker()]);
    await nothingWaits();
    expect(await eventFaults(db)).to.deep.equal([]);
    expect(await db('events').whereNotNull('transaction_id')).to.have.length(30);
  });

  it('is read once and in order by a slow consumer, while tills sell and two workers publish', async () => {
    const customers = await Promise.all(Array.from({ length: 5 }, () => createCustomer(service)));
    const sales = (async () => {
      for (let round = 0; round < 8; round += 1) await sell(customers, 25);
    })();
    const enough = new AbortController();
    const read: ServiceEvent[] = [];
    const lines = () => read.filter(({ type }) => type.startsWith('loyalty.transaction.')).length;
    for await (const event of client().events.list({ limit: 3 }, { follow_ms: 5, signal: enough.signal })) {
      read.push(event);
      if (lines() === 200) break;
    }
    await sales;
    await drained(service);
    await nothingWaits();
    const { db } = service.database;
    expect(await eventFaults(db)).to.deep.equal([]);
    const all = await db('events').select('id').orderBy('id');
    expect(read.map(({ id }) => id)).to.deep.equal(all.map(({ id }) => id));
    for (const customer of customers) {
      const own = read.filter(({ customer_id }) => customer_id === customer);
      expect(own.map(({ sequence }) => sequence)).to.deep.equal(own.map((_, index) => index + 1));
    }
  });

  it('ends with the newest when it is not followed, and goes on after the last one that was read', async () => {
    const customer = await createCustomer(service);
    await sell([customer], 5);
    await drained(service);
    await nothingWaits();
    const all: ServiceEvent[] = [];
    for await (const event of client().events.list({ limit: 2 })) all.push(event);
    expect(all.map(({ type }) => type)).to.have.length(6);
    const after = all[3]?.id as string;
    const rest: ServiceEvent[] = [];
    for await (const event of client().events.list({ after })) rest.push(event);
    expect(rest).to.deep.equal(all.slice(4));
  });
});
