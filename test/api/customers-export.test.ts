// The export: everything that is held on one person, for the business and for the person.

import { expect } from 'chai';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';

describe('the export of a customer', () => {
  let service: Service;
  let id: string;
  let source: string;
  before(async () => {
    service = await startService();
    const profile = { notes: 'likes tea', tags: ['vip'], email: 'export@example.com' };
    [id, source] = [
      await createCustomer(service, profile),
      await createCustomer(service, { notes: 'the other record' }),
    ];
    await earn(service, id, { amount_minor: 12_345, currency: 'EUR', description: 'Tea' }, { Prefer: 'wait=5' });
    await earn(service, source, { points: 7, order_id: 'order-of-the-other' }, { Prefer: 'wait=5' });
    await service.request('POST', `/customers/${id}/merge`, { body: { from_customer_id: source } });
    await service.request('PUT', `/customers/${id}`, { role: 'staff', sub: 'clerk-7', body: { gender: 'x' } });
    await service.request('PUT', `/customers/${id}`, { role: 'customer', sub: id, body: { first_name: 'Augusta' } });
    await earn(service, id, { points: 1 });
  });
  after(() => service.stop());

  const ask = (options: object = {}) => service.request('GET', `/customers/${id}/export`, options);

  it('has the profile, the account, every transaction and every change, those of merged records included', async () => {
    const { status, body, headers } = await ask({ role: 'manager' });
    expect(status).to.equal(200);
    expect(headers.get('content-disposition')).to.equal(`attachment; filename="customer-${id}.json"`);
    expect(body.customer).to.deep.equal((await service.request('GET', `/customers/${id}`)).body);
    expect(body.customer.loyalty.points_pending).to.equal(1);
    expect(body.merged_customer_ids).to.deep.equal([source]);
    expect(body.loyalty_account).to.deep.equal({
      ...{ points_balance: 130, lifetime_points_earned: 130, lifetime_points_redeemed: 0, tier: 'bronze' },
      ...{ total_spent_minor: 12_345, visits_count: 1 },
      ...{ points_held: 0, lifetime_points_expired: 0, lifetime_points_adjusted: 0 },
    });
    const lines = body.transactions.map((line: { type: string; points: number; status: string }) => [
      line.type,
      line.points,
      line.status,
    ]);
    expect(lines).to.deep.equal([
      ...[
        ['earn', 123, 'applied'],
        ['earn', 7, 'applied'],
        ['transfer_out', 7, 'applied'],
      ],
      ...[
        ['transfer_in', 7, 'applied'],
        ['earn', 1, 'pending'],
      ],
    ]);
    expect(body.transactions[0].description).to.equal('Tea');
    expect(body.transactions[1].order_id).to.equal('order-of-the-other');
    expect(body.audit.map((entry: { action: string }) => entry.action)).to.deep.equal([
      ...['customer.created', 'customer.created', 'customer.merged', 'customer.merged_into'],
      ...['customer.updated', 'customer.updated'],
    ]);
  });

  it('gives the person everything, what is hidden elsewhere included, but not who works here', async () => {
    const { status, body } = await ask({ role: 'customer', sub: id });
    expect(status).to.equal(200);
    expect(body.customer).to.deep.include({ notes: 'likes tea', tags: ['vip'] });
    const subjects = body.audit.map((entry: { actor_sub: string | null }) => entry.actor_sub);
    expect(subjects).to.deep.equal([null, null, null, null, null, id]);
  });

  it('is not for another customer', async () => {
    const { status, body } = await ask({ role: 'customer', sub: source });
    expect({ status, code: body.code }).to.deep.equal({ status: 404, code: 'customer-not-found' });
  });
});
