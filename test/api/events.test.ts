// The feed over HTTP: pages that go on where the last one ended, filters, and what is refused.

import { eraseCustomer } from '@customer-service/store';
import { expect } from 'chai';
import { publishAll } from '../helpers/events.ts';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';
import { an_actor, uuidOf } from '../store/fixtures.ts';

describe('GET /events', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  const read = (query = '') => service.request('GET', `/events${query}`, { role: 'service' });

  it('answers what happened, page by page, and the transaction as it is answered anywhere', async () => {
    expect((await read()).body).to.deep.equal({ items: [], next_after: null });
    const customer = await createCustomer(service);
    const { body: earned } = await earn(service, customer, { points: 10 }, { Prefer: 'wait=10' });
    await eraseCustomer(service.database.db, customer, an_actor);
    await publishAll(service.database.db);
    const { body: first } = await read('?limit=2');
    expect(first.items.map(({ type }: { type: string }) => type)).to.deep.equal([
      ...['customer.created', 'loyalty.transaction.applied'],
    ]);
    expect(first.items[1]).to.include({ customer_id: customer, sequence: 2 });
    expect(first.items[1].data).to.deep.equal(earned);
    expect(first.next_after).to.equal(first.items[1].id);
    const { body: second } = await read(`?after=${first.next_after}`);
    expect(second.items.map(({ type }: { type: string }) => type)).to.deep.equal(['customer.erased']);
    const { body: none } = await read(`?after=${second.next_after}`);
    expect(none).to.deep.equal({ items: [], next_after: second.next_after });
  });

  it('answers the events of one type or one customer', async () => {
    const [ada, grace] = [await createCustomer(service), await createCustomer(service)];
    await earn(service, ada, { points: 10 }, { Prefer: 'wait=10' });
    await publishAll(service.database.db);
    const types = async (query: string) => (await read(query)).body.items.map(({ type }: { type: string }) => type);
    expect(await types(`?customer_id=${ada}`)).to.deep.equal(['customer.created', 'loyalty.transaction.applied']);
    expect(await types(`?customer_id=${grace}`)).to.deep.equal(['customer.created']);
    expect(await types(`?customer_id=${ada}&type=loyalty.transaction.applied`)).to.have.length(1);
    expect(await types('?type=loyalty.hold.voided')).to.deep.equal([]);
  });

  it('refuses what no event is, and an `after` behind which something is gone', async () => {
    for (const query of ['?type=customer.deleted', '?limit=1001', '?limit=0', '?after=1', '?customer_id=me']) {
      expect((await read(query)).status, query).to.equal(400);
    }
    const newest = (await read()).body.next_after;
    await service.database.db('event_upkeep').update({ deleted_to: newest });
    const gone = await read(`?after=${uuidOf(1)}`);
    expect(gone.status).to.equal(410);
    expect(gone.body.code).to.equal('events-gone');
    expect((await read(`?after=${newest}`)).status).to.equal(200);
    expect((await read()).status).to.equal(200);
  });
});
