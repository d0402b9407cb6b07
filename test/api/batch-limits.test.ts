// What a batch costs of its caller's rate limit: as many requests as it has items.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer } from '../helpers/shop.ts';

describe('the rate limit of batches', () => {
  let service: Service;
  let customer: string;
  before(async () => {
    service = await startService({ environment: { RATE_LIMITS: 'service=50/min' } });
    customer = await createCustomer(service);
  });
  after(() => service.stop());

  const post = (sub: string, events: number) => {
    const event = { type: 'earn', customer_id: customer, points: 1 };
    const items = Array.from({ length: events }, () => ({ ...event, idempotency_key: randomUUID() }));
    return service.request('POST', '/loyalty/transactions/batch', { role: 'service', sub, body: { items } });
  };
  const rowCount = async () => {
    const [row] = await service.database.db('loyalty_transactions').count('* as count');
    return Number(row?.count);
  };

  it('count an event in a batch like one that comes alone', async () => {
    const answers = [await post('till-a', 30), await post('till-a', 1), await post('till-a', 9)];
    expect(answers.map(({ status }) => status)).to.deep.equal([207, 207, 207]);
    expect(answers.map(({ headers }) => /r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])).to.deep.equal([
      ...['20', '19', '10'],
    ]);
    expect(answers[0]?.headers.get('ratelimit-policy')).to.equal('"principal";q=50;w=60');
  });

  it('let a batch pass while one request is left, however long it is, and then none', async () => {
    expect((await post('till-b', 49)).headers.get('ratelimit')).to.match(/^"principal";r=1;/);
    const written = await rowCount();
    const last = await post('till-b', 1_000);
    expect([last.status, last.body.accepted]).to.deep.equal([207, 1_000]);
    expect(last.headers.get('ratelimit')).to.match(/^"principal";r=0;/);
    const refused = await post('till-b', 1);
    expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate-limited']);
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
    expect((await service.request('GET', '/customers', { role: 'service', sub: 'till-b' })).status).to.equal(429);
    expect(await rowCount()).to.equal(written + 1_000);
    expect((await post('till-c', 2)).status, 'another till').to.equal(207);
  });

  it('refuse those that arrive together like those that arrive one by one', async () => {
    const written = await rowCount();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post('till-d', 40)));
    const passed = answers.filter(({ status }) => status === 207);
    expect(answers.filter(({ status }) => status === 429)).to.have.length(10 - passed.length);
    expect(passed.length).to.be.within(1, 2);
    expect(await rowCount()).to.equal(written + 40 * passed.length);
  });

  it('count the items of a batch that is refused as well, and no list as one request', async () => {
    const empty = await post('till-e', 0);
    expect([empty.status, empty.headers.get('ratelimit')?.slice(0, 16)]).to.deep.equal([422, '"principal";r=49']);
    const body = { items: { length: 40 } };
    const none = await service.request('POST', '/loyalty/transactions/batch', { role: 'service', sub: 'till-e', body });
    expect([none.status, none.headers.get('ratelimit')?.slice(0, 16)]).to.deep.equal([422, '"principal";r=48']);
    const wrong = Array.from({ length: 40 }, () => ({ type: 'steal' }));
    const refused = { role: 'service', sub: 'till-e', body: { items: wrong, atomic: true } } as const;
    const answer = await service.request('POST', '/loyalty/transactions/batch', refused);
    expect([answer.status, answer.headers.get('ratelimit')?.slice(0, 15)]).to.deep.equal([422, '"principal";r=8']);
  });
});
