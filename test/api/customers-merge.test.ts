// Merging over HTTP: the answer is the customer that stays, and whoever knows the old id is sent to the new one.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { type RequestOptions, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';

const NOBODY = '0197f0a4-5b6c-7d8e-9f00-112233445566';
let service: Service;

const merge = (into: string, from: string, options: RequestOptions = {}) =>
  service.request('POST', `/customers/${into}/merge`, {
    body: { from_customer_id: from, reason: 'one person' },
    ...options,
  });

describe('merging customers over HTTP', () => {
  before(async () => {
    service = await startService({ workers: 1 });
  });
  after(async () => {
    await drained(service);
    expect(await balancesAgree(service)).to.equal(true);
    await service.stop();
  });

  describe('for the desk', answers);
  describe('for whoever knows the old id', oldId);
});

function answers() {
  it('answers with the target, which has the points, the contacts and a new version', async () => {
    const target = await createCustomer(service, { tags: ['a'] });
    const source = await createCustomer(service, { email: 'merged@example.com', tags: ['b'] });
    await earn(service, target, { amount_minor: 10_000, currency: 'EUR' });
    const visit = await earn(service, source, { amount_minor: 45_000, currency: 'EUR' });
    const { status, body, headers } = await merge(target, source);
    expect(status).to.equal(200);
    expect(body).to.deep.include({ id: target, email: 'merged@example.com', tags: ['a', 'b'], version: 2 });
    expect(body.loyalty).to.deep.equal({
      ...{ points_available: 550, points_pending: 0, tier: 'silver', total_spent_minor: 55_000, visits_count: 2 },
      last_visit_at: visit.body.occurred_at,
    });
    const read = await service.request('GET', `/customers/${target}`);
    expect(read.body).to.deep.equal(body);
    expect(read.headers.get('etag')).to.equal(headers.get('etag'));
  });

  it('shows the transfer in the history, and keeps both sides in the audit log', async () => {
    const [target, source] = [await createCustomer(service), await createCustomer(service)];
    await earn(service, source, { points: 30 });
    await merge(target, source);
    const history = (await service.request('GET', `/customers/${target}/loyalty/transactions?type=transfer_in`)).body;
    expect(history.items).to.have.length(1);
    expect(history.items[0]).to.include({ points: 30, source: 'merge', external_reference: source, currency: null });
    const { body } = await service.request('GET', `/audit?customer_id=${source}&limit=1`);
    expect(body.items[0]).to.include({ action: 'customer.merged_into', reason: 'one person', actor_sub: 'test-admin' });
  });

  it('answers the same the second time', async () => {
    const [target, source] = [await createCustomer(service), await createCustomer(service)];
    await earn(service, source, { points: 30 });
    const first = await merge(target, source);
    const second = await merge(target, source);
    expect([second.status, second.body]).to.deep.equal([200, first.body]);
  });

  it('refuses to merge a customer into itself', async () => {
    const id = await createCustomer(service);
    const { status, body } = await merge(id, id);
    expect({ status, code: body.code }).to.deep.equal({ status: 422, code: 'validation-failed' });
    expect(body.errors[0]).to.include({ pointer: '/from_customer_id', code: 'same-customer' });
  });

  it('refuses customers that there are not, and says which side', async () => {
    const [id, erased] = [await createCustomer(service), await createCustomer(service)];
    await service.request('DELETE', `/customers/${erased}`);
    for (const nobody of [NOBODY, erased]) {
      expect(await merge(nobody, id)).to.include({ status: 404 });
      const { status, body } = await merge(id, nobody);
      expect({ status, code: body.code }).to.deep.equal({ status: 404, code: 'customer-not-found' });
      expect(body.errors[0].pointer).to.equal('/from_customer_id');
    }
  });

  it('refuses a source that lives on as another customer', async () => {
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => createCustomer(service)));
    await merge(b as string, a as string);
    const { status, body } = await merge(c as string, a as string);
    expect({ status, code: body.code }).to.deep.equal({ status: 409, code: 'customer-merged' });
    expect(body.detail).to.contain(b);
  });

  const wrong: [string, object, string][] = [
    ['no source', {}, '/from_customer_id'],
    ['a source that is no id', { from_customer_id: 'ada' }, '/from_customer_id'],
    ['an id in upper case, which we never make', { from_customer_id: NOBODY.toUpperCase() }, '/from_customer_id'],
    ['a reason of nothing', { from_customer_id: NOBODY, reason: ' ' }, '/reason'],
    ['a field that is not known', { from_customer_id: NOBODY, force: true }, '/force'],
  ];
  for (const [what, body, pointer] of wrong) {
    it(`refuses ${what}`, async () => {
      const answer = await merge(await createCustomer(service), NOBODY, { body });
      expect(answer.status).to.equal(422);
      expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).to.deep.equal([pointer]);
    });
  }

  it('lets one of two in opposite directions win, and tells the other', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [a, b] = [await createCustomer(service), await createCustomer(service)];
      await Promise.all([earn(service, a, { points: 1 }), earn(service, b, { points: 2 })]);
      const manual = { redirect: 'manual' as const };
      const both = await Promise.all([merge(a, b, manual), merge(b, a, manual)]);
      expect(both.map((answer) => answer.status).sort()).to.deep.equal([200, 308]);
      const winner = both.find((answer) => answer.status === 200)?.body;
      expect(winner.loyalty.points_available).to.equal(3);
    }
  });
}

function oldId() {
  let target: string;
  let source: string;
  let transaction: string;
  beforeEach(async () => {
    [target, source] = [await createCustomer(service), await createCustomer(service)];
    transaction = (await earn(service, source, { points: 40 })).body.id;
    await merge(target, source);
  });

  it('every URL answers 308 with the same path and query under the new one', async () => {
    const calls: [string, string, object?][] = [
      ...(['', '/export', '/loyalty', '/loyalty/transactions', '/loyalty/transactions?limit=1&status=applied'].map(
        (path) => ['GET', path],
      ) as [string, string][]),
      ['GET', `/loyalty/transactions/${transaction}`],
      ['PUT', '', { gender: 'x' }],
      ['DELETE', '?reason=x'],
      ['POST', '/merge', { from_customer_id: NOBODY }],
      ['POST', '/loyalty/earn', { points: 5 }],
      ['POST', '/loyalty/redeem', { points: 1 }],
    ];
    for (const [method, path, body] of calls) {
      const options = { body, headers: { 'Idempotency-Key': randomUUID() }, redirect: 'manual' as const };
      const { status, headers, body: content } = await service.request(method, `/customers/${source}${path}`, options);
      expect({ status, location: headers.get('location'), content }, `${method} ${path}`).to.deep.equal({
        ...{ status: 308, location: `/customers/${target}${path}`, content: '' },
      });
    }
    expect((await service.request('GET', `/customers/${target}`)).body, 'none did anything').to.include({
      gender: null,
    });
  });

  it('a till that follows redirects goes on with the old card', async () => {
    const earned = await earn(service, source, { points: 2 }, { Prefer: 'wait=5' });
    expect(earned.status).to.equal(200);
    expect(earned.body).to.include({ customer_id: target, balance_after: 42 });
    expect((await redeem(service, source, 12, { Prefer: 'wait=5' })).body).to.include({
      status: 'applied',
      balance_after: 30,
    });
    const read = await service.request('GET', `/customers/${source}/loyalty/transactions/${transaction}`);
    expect(read.body).to.include({ id: transaction, points: 40, status: 'applied' });
  });

  it('a retry of what was accepted before is answered with it, whichever id it comes under', async () => {
    const other = await createCustomer(service);
    const key = { 'Idempotency-Key': 'retried-across-a-merge' };
    const first = await earn(service, other, { points: 7 }, key);
    await merge(target, other);
    for (const id of [other, target]) {
      const again = await earn(service, id, { points: 7 }, key);
      expect([again.status, again.headers.get('idempotent-replayed')]).to.deep.equal([202, 'true']);
      expect(again.body).to.include({ id: first.body.id, status: 'applied' });
      expect((await service.request('GET', again.headers.get('location') as string)).body.id).to.equal(first.body.id);
    }
    expect((await service.request('GET', `/customers/${target}`)).body.loyalty.points_available).to.equal(47);
  });

  it('the last of several merges is where it leads, in one step', async () => {
    const last = await createCustomer(service);
    await merge(last, target);
    const { headers } = await service.request('GET', `/customers/${source}`, { redirect: 'manual' });
    expect(headers.get('location')).to.equal(`/customers/${last}`);
  });

  it('nobody learns the new one who may not ask', async () => {
    const manual = { redirect: 'manual' as const };
    const stranger = { ...manual, role: 'customer' as const, sub: randomUUID() };
    expect((await service.request('GET', `/customers/${source}`, stranger)).status).to.equal(404);
    expect((await service.request('GET', `/customers/${source}`, { ...manual, role: 'ops' })).status).to.equal(403);
    expect((await service.request('GET', `/customers/${source}`, { ...manual, role: null })).status).to.equal(401);
  });

  it('it leads nowhere once the customer is erased', async () => {
    expect((await service.request('DELETE', `/customers/${source}`)).status, 'by the old id').to.equal(204);
    for (const id of [source, target]) {
      const { status } = await service.request('GET', `/customers/${id}`, { redirect: 'manual' });
      expect(status).to.equal(404);
    }
  });
}
