// Customers by the batch, as another system hands them over.

import { expect } from 'chai';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { type Response, type Service, startService } from '../helpers/service.ts';

describe('POST /customers/batch', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 1 });
  });
  after(() => service.stop());

  const send = (items: object[], query = '') =>
    service.request('POST', `/customers/batch${query}`, { body: { items } });
  const outcomes = ({ body }: Response) => body.items.map(({ outcome }: { outcome: string }) => outcome);
  const ada = (external_id: string, more: object = {}) => {
    return { external_id, first_name: 'Ada', last_name: 'Lovelace', ...more };
  };
  const read = async (external_id: string) => {
    const { body } = await service.request('GET', `/customers?external_id=${encodeURIComponent(external_id)}`);
    expect(body.items, external_id).to.have.length(1);
    return body.items[0];
  };
  const audit = async (id: string) => {
    const { body } = await service.request('GET', `/audit?customer_id=${id}`);
    return body.items.map(({ action }: { action: string }) => action).reverse();
  };

  it('makes customers as POST /customers does, each with its account and its line in the audit log', async () => {
    const profile = {
      email: 'Ada@Example.com',
      phone: '+44 20 7123 4567',
      tags: ['vip'],
      metadata: { from: 'crm' },
      preferences: { allergies: ['Peanuts'], language: 'en' },
    };
    const answer = await send([ada('made-1', profile), ada('made-2')]);
    expect(answer.status).to.equal(207);
    expect(answer.body).to.include({ dry_run: false, created: 2, changed: 0, unchanged: 0, refused: 0 });
    const made = await read('made-1');
    expect(made).to.deep.include({ email: 'ada@example.com', phone: '+442071234567', tags: ['vip'], version: 1 });
    expect(made.preferences.allergies[0]).to.include({ allergen: 'peanuts', noted_by: 'admin:test-admin' });
    expect(made.loyalty).to.include({ points_available: 0, tier: 'bronze' });
    expect(made.id).to.equal(answer.body.items[0].customer_id);
    expect(await audit(made.id)).to.deep.equal(['customer.created']);
    const byHand = await service.request('POST', '/customers', { body: ada('by-hand') });
    const { id: _1, external_id: _2, created_at: _3, updated_at: _4, ...rest } = await read('made-2');
    expect(byHand.body).to.deep.include(rest);
  });

  it('changes what an item names and leaves the rest alone; the same again changes nothing', async () => {
    const preferences = { allergies: [{ allergen: 'milk', severity: 'severe' }], language: 'en' };
    await send([ada('known', { email: 'known@example.com', tags: ['a'], preferences })]);
    const before = await read('known');
    const items = [
      { ...ada('known'), last_name: 'King', preferences: { allergies: ['Milk', 'eggs'], marketing_consent: true } },
    ];
    expect(outcomes(await send(items))).to.deep.equal(['changed']);
    const after = await read('known');
    expect(after).to.deep.include({ last_name: 'King', email: 'known@example.com', tags: ['a'], version: 2 });
    expect(after.preferences).to.include({ language: 'en', marketing_consent: true });
    // The name alone takes nothing away from what is known of it.
    expect(after.preferences.allergies[0]).to.deep.equal(before.preferences.allergies[0]);
    expect(after.preferences.allergies[1]).to.include({ allergen: 'eggs', severity: 'unknown' });

    expect(outcomes(await send(items))).to.deep.equal(['unchanged']);
    expect((await read('known')).version).to.equal(2);
    expect(await audit(after.id)).to.deep.equal(['customer.created', 'customer.updated']);
  });

  it('books an opening balance once, also of a suspended customer, and points lapse by when they were earned', async () => {
    const opening_balance = { points: 1_200, occurred_at: '2026-01-15T00:00:00Z' };
    const items = [
      ada('rich', { opening_balance }),
      ada('poor', { opening_balance: { points: 0 } }),
      ada('barred', { status: 'suspended', opening_balance: { points: 7 } }),
    ];
    const first = await send(items);
    expect(first.body.items.map((item: { opening_balance?: string }) => item.opening_balance)).to.deep.equal([
      'accepted',
      undefined,
      'accepted',
    ]);
    await drained(service);
    const rich = await read('rich');
    expect(rich.loyalty).to.include({ points_available: 1_200, visits_count: 0, total_spent_minor: 0 });
    expect((await read('barred')).loyalty.points_available).to.equal(7);
    const { body } = await service.request('GET', `/customers/${rich.id}/loyalty/transactions`);
    expect(body.items).to.have.length(1);
    expect(body.items[0]).to.include({ type: 'adjust_credit', status: 'applied', points: 1_200 });
    expect(body.items[0].occurred_at).to.equal('2026-01-15T00:00:00.000Z');
    expect(body.items[0].explanation.reason_code).to.equal('migration');

    const second = await send(items);
    expect(second.body).to.include({ unchanged: 3, refused: 0 });
    expect(second.body.items[0]).to.include({ outcome: 'unchanged', opening_balance: 'replayed' });
    await drained(service);
    expect((await read('rich')).loyalty.points_available).to.equal(1_200);
  });

  it('refuses another opening balance than the one that was booked, and changes nothing of that customer', async () => {
    await send([ada('booked', { opening_balance: { points: 10 } })]);
    const other = ada('booked', { first_name: 'Eva', opening_balance: { points: 11 } });
    const { body } = await send([other, ada('beside')]);
    expect(body).to.include({ created: 1, refused: 1 });
    expect(body.items[0].problem.code).to.equal('idempotency-key-reused');
    expect((await read('booked')).first_name).to.equal('Ada');
  });

  it('refuses each item that is wrong alone, and says what is wrong with it', async () => {
    const many = Array.from({ length: 40 }, (_, index) => ada(`many-${index}`));
    await send([ada('holder', { email: 'taken@example.com' })]);
    const { body } = await send([
      ...many.slice(0, 20),
      ada('late', { email: 'TAKEN@example.com', opening_balance: { points: 5 } }),
      ...many.slice(20),
      ada('mail', { email: 'nobody' }),
      { first_name: 'No', last_name: 'Id' },
      ada('colour', { colour: 'red', opening_balance: { points: -1 } }),
    ]);
    expect(body).to.include({ created: 40, refused: 4 });
    const refused = body.items.filter(({ outcome }: { outcome: string }) => outcome === 'refused');
    const told = refused.map(({ index, problem }: { index: number; problem: { errors: { pointer: string }[] } }) => {
      return [index, problem.errors.map(({ pointer }) => pointer)];
    });
    expect(told).to.deep.equal([
      [20, ['/email']],
      [41, ['/email']],
      [42, ['/external_id']],
      [43, ['/opening_balance/points', '/colour']],
    ]);
    expect(refused[0].problem.code).to.equal('customer-exists');
    const late = await service.request('GET', '/customers?external_id=late');
    expect(late.body.items).to.deep.equal([]);
  });

  it('takes a customer that comes twice in the order given', async () => {
    const twice = [ada('twice'), ada('twice', { first_name: 'Eva' }), ada('twice', { first_name: 'Eva' })];
    expect(outcomes(await send(twice))).to.deep.equal(['created', 'changed', 'unchanged']);
    expect((await read('twice')).first_name).to.equal('Eva');
  });

  it('writes nothing in a dry run, and answers what it would do', async () => {
    await send([ada('dry-known')]);
    const items = [
      ada('dry-known', { first_name: 'Eva' }),
      ada('dry-new', { email: 'dry@example.com', opening_balance: { points: 5 } }),
      ada('dry-other', { email: 'dry@example.com' }),
      ada('dry-wrong', { email: 'nobody' }),
    ];
    const { body } = await send(items, '?dry_run=true');
    expect(body.items.map(({ outcome }: { outcome: string }) => outcome)).to.deep.equal([
      ...['changed', 'created', 'refused', 'refused'],
    ]);
    expect(body.items[1]).not.to.have.property('customer_id');
    expect((await read('dry-known')).first_name).to.equal('Ada');
    const made = await service.request('GET', '/customers?external_id=dry-new');
    expect(made.body.items).to.deep.equal([]);
    const { body: real } = await send(items);
    expect(outcomes({ body: real } as Response)).to.deep.equal(
      body.items.map(({ outcome }: { outcome: string }) => outcome),
    );
  });

  it('makes each customer once when several send the same ones, in another order each', async () => {
    const items = Array.from({ length: 100 }, (_, index) =>
      ada(`shared-${index}`, { email: `shared-${index}@example.com`, opening_balance: { points: 2 } }),
    );
    const orders = [items, items.toReversed(), [...items.slice(50), ...items.slice(0, 50)], items.slice(40, 41)];
    const answers = await Promise.all([...orders, ...orders].map((order) => send(order)));
    expect(answers.map(({ status, body }) => [status, body.refused])).to.deep.equal(answers.map(() => [207, 0]));
    expect(answers.reduce((sum, { body }) => sum + body.created, 0)).to.equal(100);
    const balances = answers.flatMap(({ body }) =>
      body.items.map((item: { opening_balance: string }) => item.opening_balance),
    );
    expect(balances.filter((outcome) => outcome === 'accepted')).to.have.length(100);
  });

  it('takes 500 at once, and no more', async () => {
    const items = Array.from({ length: 501 }, (_, index) => ada(`large-${index}`, { opening_balance: { points: 1 } }));
    expect((await send(items)).status).to.equal(422);
    expect((await send(items.slice(0, 500))).body).to.include({ created: 500, refused: 0 });
  });

  it('ends with every account equal to its ledger, and analytics with both', async () => {
    await drained(service);
    await balancesAgree(service);
  });
});
