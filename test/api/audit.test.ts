// The audit log over HTTP: who did it is the token's to say, the request can be found again, and filters are checked.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type RequestOptions, type Service, startService } from '../helpers/service.ts';
import { createCustomer } from '../helpers/shop.ts';

describe('GET /audit', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  const ask = (query: string, options: RequestOptions = {}) => service.request('GET', `/audit?${query}`, options);

  it('tells who changed what in which request, the newest first', async () => {
    const id = await createCustomer(service, { email: 'first@example.com' });
    const changed = await service.request('PUT', `/customers/${id}`, {
      ...{ role: 'staff', sub: 'clerk-7', body: { email: 'Second@Example.com', preferences: { language: 'de' } } },
      headers: { 'X-Request-Id': 'desk-request-0042' },
    });
    expect(changed.headers.get('x-request-id')).to.equal('desk-request-0042');
    await service.request('PUT', `/customers/${id}`, { role: 'customer', sub: id, body: { gender: 'x' } });
    const { body } = await ask(`customer_id=${id}`);
    expect(body.next_cursor).to.equal(null);
    const [own, desk, created] = body.items;
    expect(own).to.deep.include({
      ...{ action: 'customer.updated', actor_role: 'customer', actor_sub: id, reason: null },
      changes: { gender: { before: null, after: 'x' } },
    });
    expect(desk).to.deep.include({
      ...{ action: 'customer.updated', actor_role: 'staff', actor_sub: 'clerk-7', request_id: 'desk-request-0042' },
      changes: {
        email: { before: 'first@example.com', after: 'second@example.com' },
        'preferences.language': { before: null, after: 'de' },
      },
    });
    expect(created).to.include({ action: 'customer.created', actor_role: 'admin', actor_sub: 'test-admin' });
    expect(created.request_id).to.match(/^[0-9a-f-]{36}$/);
  });

  it('has no row of a request that was refused', async () => {
    const id = await createCustomer(service);
    await service.request('PUT', `/customers/${id}`, { body: { email: 'first@example.com ' } });
    await service.request('PUT', `/customers/${id}`, { body: { gender: 'x' }, headers: { 'If-Match': '"9.0"' } });
    await service.request('PUT', `/customers/${id}`, { role: 'service', body: { gender: 'x' } });
    expect((await ask(`customer_id=${id}`)).body.items).to.have.length(1);
  });

  it('goes through all rows by cursor, each once, while others are written', async () => {
    const id = await createCustomer(service);
    for (let turn = 0; turn < 6; turn += 1)
      await service.request('PUT', `/customers/${id}`, { body: { gender: `g${turn}` } });
    const seen: number[] = [];
    let cursor = '';
    do {
      const { body } = await ask(`customer_id=${id}&limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((entry: { id: number }) => entry.id));
      cursor = body.next_cursor;
      await service.request('PUT', `/customers/${id}`, { body: { gender: `later ${seen.length}` } });
    } while (cursor);
    expect(seen).to.have.length(7);
    expect(seen).to.deep.equal([...new Set(seen)].sort((a, b) => b - a));
  });

  it('finds by who, by what and by when', async () => {
    const id = await createCustomer(service);
    const put = (sub: string) =>
      service.request('PUT', `/customers/${id}`, { role: 'manager', sub, body: { notes: sub } });
    await put('find-me');
    const { at } = (await ask('actor=find-me')).body.items[0];
    await put('find-me-too');
    expect((await ask('actor=find-me')).body.items).to.have.length(1);
    expect((await ask(`actor=find-me&at_from=${at}`)).body.items.length).to.be.at.most(1);
    expect((await ask(`actor=find-me&at_to=${at}`)).body.items).to.have.length(0);
    expect((await ask(`customer_id=${id}&action=customer.updated`)).body.items).to.have.length(2);
    expect((await ask(`customer_id=${randomUUID()}`)).body.items).to.deep.equal([]);
  });

  const wrong = [
    ...['customer_id=ada', 'customer_id={0197f0a4-5b6c-7d8e-9f00-112233445566}', 'action=customer.read', 'action='],
    ...['at_from=yesterday', 'at_to=2026-02-30T00:00:00Z', 'limit=0', 'limit=201', 'cursor=x', 'changes=email'],
    'customer_id=0197F0A4-5B6C-7D8E-9F00-112233445566',
  ];
  for (const query of wrong) {
    it(`refuses ${query}`, async () => {
      const { status, body } = await ask(query);
      expect({ status, code: body.code }).to.deep.equal({ status: 400, code: 'invalid-query' });
      const named = new Set(body.errors.map((error: { parameter: string }) => error.parameter));
      expect(named).to.deep.equal(new Set([query.split('=')[0]]));
    });
  }
});
