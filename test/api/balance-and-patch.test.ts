// The balance object, conditional reads, and PATCH as JSON Merge Patch.

import { expect } from 'chai';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';

describe('the loyalty balance', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  it('says what is there, what is coming, and what the next tier still wants', async () => {
    const customer = await createCustomer(service);
    await earn(service, customer, { amount_minor: 12_345, currency: 'USD' }, { Prefer: 'wait=5' });
    await redeem(service, customer, 23, { Prefer: 'wait=5' });
    await earn(service, customer, { points: 50 });
    const { body } = await service.request('GET', `/customers/${customer}/loyalty`);
    const { as_of, ...balance } = body;
    expect(balance).to.deep.equal({
      points_balance: 100,
      points_available: 100,
      points_held: 0,
      points_pending: 50,
      points_debt: 0,
      lifetime: { earned: 123, redeemed: 23, expired: 0, adjusted: 0, total_spent_minor: 12_345, visits_count: 1 },
      tier: 'bronze',
      tier_progress: {
        ...{ next_tier: 'silver', spend_to_next_minor: 37_655, visits_to_next: 9, points_to_next: null, keep: null },
      },
      sequence: 2,
    });
    expect(Math.abs(Date.parse(as_of) - Date.now())).to.be.below(60_000);
  });

  it('has nothing to reach beyond the highest tier', async () => {
    const customer = await createCustomer(service);
    await earn(service, customer, { amount_minor: 1_000_000, currency: 'USD' }, { Prefer: 'wait=5' });
    const { body } = await service.request('GET', `/customers/${customer}/loyalty`);
    expect(body.tier).to.equal('diamond');
    expect(body.tier_progress).to.deep.equal({
      ...{ next_tier: null, spend_to_next_minor: null, visits_to_next: null, points_to_next: null, keep: null },
    });
  });

  it('is 304 for whoever has it already, until the profile or the points change', async () => {
    const customer = await createCustomer(service);
    const path = `/customers/${customer}`;
    const read = (etag: string) => service.request('GET', path, { headers: { 'If-None-Match': etag } });
    const etag = async () => (await service.request('GET', path)).headers.get('etag') as string;
    const first = await etag();
    expect((await read(first)).status).to.equal(304);
    await earn(service, customer, { points: 5 });
    const pending = await etag();
    expect((await read(first)).status).to.equal(200);
    await redeem(service, customer, 5, { Prefer: 'wait=5' });
    expect((await read(pending)).status).to.equal(200);
    const decided = await etag();
    await service.request('PUT', path, { body: { first_name: 'Augusta' } });
    expect((await read(decided)).status).to.equal(200);
  });

  const HELD: [if_none_match: (etag: string) => string, status: number][] = [
    [(etag) => etag, 304],
    [(etag) => `W/${etag}`, 304],
    [(etag) => `"other,one", ${etag}`, 304],
    [() => '*', 304],
    [() => '"other"', 200],
    [(etag) => `*, ${etag}`, 200],
    [(etag) => etag.replaceAll('"', ''), 200],
  ];
  for (const [if_none_match, expected] of HELD) {
    it(`is ${expected} by GET and HEAD with If-None-Match: ${if_none_match('"…"')}`, async () => {
      const path = `/customers/${await createCustomer(service)}`;
      const etag = (await service.request('GET', path)).headers.get('etag') as string;
      for (const method of ['GET', 'HEAD']) {
        const answer = await service.request(method, path, { headers: { 'If-None-Match': if_none_match(etag) } });
        expect({ method, status: answer.status }).to.deep.equal({ method, status: expected });
        expect(answer.headers.get('etag')).to.equal(etag);
      }
    });
  }
});

describe('PATCH /customers/:customer_id', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  const patch = (customer: string, body: object, headers: Record<string, string> = {}) =>
    service.request('PATCH', `/customers/${customer}`, {
      body,
      headers: { 'Content-Type': 'application/merge-patch+json', ...headers },
    });

  it('removes what is null, merges objects and replaces lists', async () => {
    const customer = await createCustomer(service, {
      email: 'patch@example.com',
      tags: ['a', 'b'],
      metadata: { one: '1', two: '2' },
      preferences: { language: 'en', marketing_consent: true },
    });
    const { status, body } = await patch(customer, {
      email: null,
      tags: ['c'],
      metadata: { one: null, three: '3' },
      preferences: { language: null },
    });
    expect(status).to.equal(200);
    expect(body).to.deep.include({ email: null, tags: ['c'], metadata: { two: '2', three: '3' }, version: 2 });
    expect(body.preferences).to.include({ language: null, marketing_consent: true });
    const cleared = await patch(customer, { metadata: null, preferences: null });
    expect(cleared.body.metadata).to.deep.equal({});
    expect(cleared.body.preferences.marketing_consent).to.equal(false);
  });

  it('refuses to remove what a customer must have, and names it', async () => {
    const customer = await createCustomer(service);
    const { status, body } = await patch(customer, { first_name: null });
    expect(status).to.equal(422);
    expect(body.errors).to.deep.equal([{ pointer: '/first_name', code: 'required', detail: 'is required' }]);
  });

  it('loses no change when many patch different fields at once', async () => {
    const customer = await createCustomer(service);
    const names = ['gender', 'notes', 'referral_source', 'external_id'];
    const answers = await Promise.all(names.map((name) => patch(customer, { [name]: `patched ${name}` })));
    expect(answers.map((answer) => answer.status)).to.deep.equal([200, 200, 200, 200]);
    const { body } = await service.request('GET', `/customers/${customer}`);
    expect(names.map((name) => body[name])).to.deep.equal(names.map((name) => `patched ${name}`));
    expect(body.version).to.equal(5);
  });

  it('honours If-Match', async () => {
    const customer = await createCustomer(service);
    const { headers } = await service.request('GET', `/customers/${customer}`);
    const etag = headers.get('etag') as string;
    expect((await patch(customer, { gender: 'x' }, { 'If-Match': etag })).status).to.equal(200);
    expect((await patch(customer, { gender: 'y' }, { 'If-Match': etag })).body.code).to.equal('version-mismatch');
  });
});

describe('preferences', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  it('type allergies: who noted them, when, how severe, with the names of the EU list recognised', async () => {
    const noted_at = '2026-01-02T03:04:05.000Z';
    const customer = await createCustomer(service, {
      preferences: {
        allergies: [
          'Peanut',
          { allergen: 'milk', severity: 'severe', noted_by: 'Dr Grant', noted_at },
          { allergen: 'Kiwi' },
        ],
        consents: [{ purpose: 'marketing', channel: 'sms', granted: true, source: 'till-3' }],
      },
    });
    const { body } = await service.request('GET', `/customers/${customer}`);
    const [peanuts, milk, kiwi] = body.preferences.allergies;
    expect(peanuts).to.include({ allergen: 'peanuts', severity: 'unknown', noted_by: 'admin:test-admin' });
    expect(milk).to.deep.equal({ allergen: 'milk', severity: 'severe', noted_by: 'Dr Grant', noted_at });
    expect(kiwi.allergen).to.equal('kiwi');
    expect(Math.abs(Date.parse(peanuts.noted_at) - Date.now())).to.be.below(60_000);
    const [consent] = body.preferences.consents;
    expect(consent).to.include({ purpose: 'marketing', channel: 'sms', granted: true, source: 'till-3' });
    expect(Date.parse(consent.recorded_at)).to.be.above(0);
  });

  it('do not tell a customer who of the staff noted an allergy', async () => {
    const customer = await createCustomer(service, { preferences: { allergies: ['peanuts'] } });
    const self = { role: 'customer' as const, sub: customer };
    const path = `/customers/${customer}`;
    const own = { preferences: { allergies: [{ allergen: 'milk', severity: 'mild' }] } };
    expect((await service.request('GET', path, self)).body.preferences.allergies[0].noted_by).to.equal(null);
    expect(JSON.stringify((await service.request('GET', `${path}/export`, self)).body)).not.to.include('test-admin');
    const mine = await service.request('PUT', path, { ...self, body: own });
    expect(mine.body.preferences.allergies[0].noted_by).to.equal(`customer:${customer}`);
    expect((await service.request('GET', path)).body.preferences.allergies[0].noted_by).to.equal(
      `customer:${customer}`,
    );
  });

  it('name the faulty part', async () => {
    const { status, body } = await service.request('POST', '/customers', {
      body: {
        first_name: 'Ada',
        last_name: 'Lovelace',
        preferences: { allergies: [{ allergen: 'milk', severity: 'deadly' }], consents: [{ purpose: 'x' }] },
      },
    });
    expect(status).to.equal(422);
    const pointers = body.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).to.include.members(['/preferences/consents/0/granted']);
    expect(pointers.some((pointer: string) => pointer.startsWith('/preferences/allergies/0'))).to.equal(true);
  });
});
