// Batch ingestion: how a till that was offline comes back.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';

describe('POST /loyalty/transactions/batch', () => {
  let service: Service;
  let customer: string;
  before(async () => {
    service = await startService({ workers: 1 });
  });
  after(() => service.stop());
  beforeEach(async () => {
    customer = await createCustomer(service);
  });

  const PATH = '/loyalty/transactions/batch';
  const post = (body: object | string, options: object = {}) =>
    service.request('POST', PATH, { role: 'service', body, ...options });
  const sale = (more: object = {}) => ({
    type: 'earn',
    customer_id: customer,
    idempotency_key: randomUUID(),
    amount_minor: 1_000,
    currency: 'USD',
    ...more,
  });
  const outcomes = (body: { items: { outcome: string }[] }) => body.items.map((item) => item.outcome);

  it('accepts a thousand events of many customers, in order, and they are all applied', async () => {
    const others = await Promise.all(Array.from({ length: 9 }, () => createCustomer(service)));
    const customers = [customer, ...others];
    const items = Array.from({ length: 1_000 }, (_, index) =>
      sale({ customer_id: customers[index % 10], order_id: `o-${index}` }),
    );
    const { status, body } = await post({ items });
    expect(status).to.equal(207);
    expect(body).to.include({ accepted: 1_000, replayed: 0, refused: 0 });
    await drained(service);
    const history = await service.request('GET', `/customers/${customer}/loyalty/transactions?limit=200`);
    const orders = history.body.items.map((row: { order_id: string }) => row.order_id).reverse();
    expect(orders).to.deep.equal(Array.from({ length: 100 }, (_, index) => `o-${index * 10}`));
    await balancesAgree(service);
  });

  it('takes refunds among them, before their purchase and after it, as the worker decides', async () => {
    const refund = (order_id: string) => ({ ...sale({ order_id, amount_minor: 400 }), type: 'reverse' });
    const { body } = await post({
      items: [
        refund('late'),
        sale({ order_id: 'late' }),
        sale({ order_id: 'early' }),
        refund('early'),
        refund('never'),
      ],
    });
    expect(body).to.include({ accepted: 5, refused: 0 });
    await drained(service);
    const { body: account } = await service.request('GET', `/customers/${customer}/loyalty`);
    expect(account).to.include({ points_balance: 12, sequence: 4 });
    const parked = await service.request('GET', `/customers/${customer}/loyalty/transactions?status=parked`);
    expect(parked.body.items.map((item: { order_id: string }) => item.order_id)).to.deep.equal(['never']);
    await balancesAgree(service);
  });

  it('answers each item: one that is wrong keeps nobody else out', async () => {
    const key = randomUUID();
    await earn(service, customer, { amount_minor: 700, currency: 'USD' }, { 'Idempotency-Key': key });
    const { body } = await post({
      items: [
        sale(),
        sale({ idempotency_key: key, amount_minor: 700 }),
        sale({ idempotency_key: key, amount_minor: 701 }),
        sale({ customer_id: '0197f0a4-5b6c-7d8e-9f00-112233445566' }),
        sale({ amount_minor: -1, colour: 'red' }),
        { type: 'steal', customer_id: customer, idempotency_key: randomUUID(), points: 1 },
        { type: 'redeem', customer_id: customer, idempotency_key: randomUUID(), points: 3 },
      ],
    });
    expect(outcomes(body)).to.deep.equal([
      'accepted',
      'replayed',
      'refused',
      'refused',
      'refused',
      'refused',
      'accepted',
    ]);
    expect(body).to.include({ accepted: 2, replayed: 1, refused: 4 });
    expect(body.items[2].problem).to.include({ code: 'idempotency-key-reused', status: 422 });
    expect(body.items[3].problem).to.include({ code: 'customer-not-found', status: 404 });
    const pointers = body.items[4].problem.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).to.have.members(['/amount_minor', '/colour']);
    expect(body.items[5].problem.errors[0].pointer).to.equal('/type');
  });

  it('takes the same key twice in one batch for the same event', async () => {
    const item = sale();
    const { body } = await post({ items: [item, item, { ...item, amount_minor: 2_000 }] });
    expect(outcomes(body)).to.deep.equal(['accepted', 'replayed', 'refused']);
    expect(body.items[0].transaction.id).to.equal(body.items[1].transaction.id);
  });

  it('accepts all or none when asked to', async () => {
    const bad = await post({ atomic: true, items: [sale(), sale({ customer_id: randomUUID() }), sale()] });
    expect(bad.status).to.equal(422);
    expect(bad.body.code).to.equal('batch-refused');
    expect(bad.body.errors).to.deep.equal([
      { pointer: '/items/1', code: 'customer-not-found', detail: 'There is no such customer.' },
    ]);
    const wrong = await post({ atomic: true, items: [sale(), sale({ points: 5 })] });
    expect(wrong.body.errors[0].pointer).to.match(/^\/items\/1/);
    const { body } = await service.request('GET', `/customers/${customer}/loyalty/transactions`);
    expect(body.items).to.deep.equal([]);

    const good = await post({ atomic: true, items: [sale(), sale()] });
    expect(outcomes(good.body)).to.deep.equal(['accepted', 'accepted']);
  });

  it('reads NDJSON, a line an item, and answers a broken line where it stands', async () => {
    const lines = [JSON.stringify(sale()), '{"type": "earn",', '[]', JSON.stringify(sale())];
    const { status, body } = await post(lines.join('\n'), { headers: { 'Content-Type': 'application/x-ndjson' } });
    expect(status).to.equal(207);
    expect(outcomes(body)).to.deep.equal(['accepted', 'refused', 'refused', 'accepted']);
    expect(body.items[1].problem.code).to.equal('malformed-json');
    expect(body.items[2].problem.code).to.equal('body-not-object');

    const atomic = await service.request('POST', `${PATH}?atomic=true`, {
      role: 'service',
      body: lines.join('\n'),
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
    expect(atomic.body.errors.map((error: { pointer: string }) => error.pointer)).to.deep.equal([
      '/items/1',
      '/items/2',
    ]);
  });

  it('keeps when it happened beside when it was accepted', async () => {
    const occurred_at = '2026-01-02T03:04:05.678Z';
    const { body } = await post({ items: [sale({ occurred_at })] });
    expect(body.items[0].transaction.occurred_at).to.equal(occurred_at);
    expect(Date.parse(body.items[0].transaction.accepted_at)).to.be.above(Date.parse(occurred_at));
  });

  it('refuses a megabyte of nothings before it looks into them', async () => {
    const started = performance.now();
    const shapes = [
      '1\n'.repeat(500_000),
      `{"items":[${'"",'.repeat(300_000)}""]}`,
      `{"items":[${'{},'.repeat(300_000)}{}]}`,
    ];
    for (const [index, body] of shapes.entries()) {
      const type = index === 0 ? 'application/x-ndjson' : 'application/json';
      const { status } = await post(body, { headers: { 'Content-Type': type } });
      expect(status).to.be.oneOf([400, 422]);
    }
    // Taken apart first, each of them would have held the process for seconds.
    expect(performance.now() - started).to.be.below(10_000);
  });

  it('refuses an empty batch and one that is too large, as a whole', async () => {
    expect((await post({ items: [] })).body.errors[0].pointer).to.equal('/items');
    const { status, body } = await post({ items: Array.from({ length: 1_001 }, () => sale()) });
    expect(status).to.equal(422);
    expect(body.errors[0].pointer).to.equal('/items');
  });
});
