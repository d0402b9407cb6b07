// DELETE of a customer: every URL answers as if there had never been one, and nothing of the person is left anywhere.

import { expect } from 'chai';
import { Redis } from 'ioredis';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { backends, type RequestOptions, type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';

const NOBODY = '0197f0a4-5b6c-7d8e-9f00-112233445566';

describe('DELETE of a customer', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  const erase = (id: string, query = '', options: RequestOptions = {}) =>
    service.request('DELETE', `/customers/${id}${query}`, options);

  it('answers 204, and 204 again', async () => {
    const id = await createCustomer(service);
    for (const turn of [1, 2]) {
      const { status, body, headers } = await erase(id);
      expect({ turn, status, body, type: headers.get('content-type') }).to.deep.equal({
        turn,
        status: 204,
        body: '',
        type: null,
      });
    }
  });

  it('answers 404 for a customer there never was', async () => {
    for (const id of [NOBODY, 'ada']) {
      const { status, body } = await erase(id);
      expect({ status, code: body.code }).to.deep.equal({ status: 404, code: 'customer-not-found' });
    }
  });

  it('keeps the reason in the audit log, with who did it', async () => {
    const id = await createCustomer(service);
    await erase(id, '?reason=request%2017');
    const { body } = await service.request('GET', `/audit?customer_id=${id}&limit=1`);
    expect(body.items[0]).to.deep.include({
      ...{ action: 'customer.erased', reason: 'request 17', actor_sub: 'test-admin', changes: {} },
    });
  });

  for (const query of ['?reason=', '?reason=a%0Ab', `?reason=${'x'.repeat(201)}`, '?why=x']) {
    it(`erases nobody with ${query.slice(0, 20)}`, async () => {
      const id = await createCustomer(service);
      expect((await erase(id, query)).status).to.equal(400);
      expect((await service.request('GET', `/customers/${id}`)).status).to.equal(200);
    });
  }

  it('makes every URL of the customer answer as for one there never was', async () => {
    const id = await createCustomer(service, { email: 'every-url@example.com' });
    const transaction = (await earn(service, id, { points: 5 }, { 'Idempotency-Key': 'old-key' })).body.id;
    await erase(id);
    const calls: [string, string, object?][] = [
      ...([
        ['GET', ''],
        ['GET', '/export'],
        ['GET', '/loyalty'],
        ['GET', '/loyalty/transactions'],
        ['GET', `/loyalty/transactions/${transaction}`],
        ['GET', '/loyalty?as_of=2026-01-01T00:00:00Z'],
        ['GET', '/loyalty/expirations'],
        ['GET', '/loyalty/tiers'],
        ['GET', '/loyalty/holds'],
        ['GET', `/loyalty/holds/${transaction}`],
      ] as [string, string][]),
      ['PUT', '', { gender: 'x' }],
      ['POST', '/merge', { from_customer_id: NOBODY.replace('0197', '0198') }],
      ['POST', '/loyalty/earn', { points: 5 }],
      ['POST', '/loyalty/redeem', { points: 1 }],
      ['POST', '/loyalty/redeem?dry_run=true', { points: 1 }],
      ['POST', '/loyalty/holds', { points: 1 }],
      ['POST', `/loyalty/holds/${transaction}/capture`, {}],
      ['POST', `/loyalty/transactions/${transaction}/reverse`, {}],
      ['POST', '/loyalty/reversals', { order_id: 'o' }],
      ['POST', '/loyalty/adjustments', { direction: 'credit', points: 5, reason_code: 'other' }],
      ['POST', '/loyalty/adjustments', { direction: 'credit', points: 50_001, reason_code: 'other' }],
    ];
    const comparable = ({ status, body: { request_id: _id, instance: _path, ...problem } }: Response) => ({
      status,
      problem,
    });
    for (const [method, path, body] of calls) {
      for (const role of ['admin', 'manager', 'service'] as const) {
        const options = { role, body, headers: { 'Idempotency-Key': 'old-key' }, redirect: 'manual' as const };
        const erased = await service.request(method, `/customers/${id}${path}`, options);
        const unknown = await service.request(method, `/customers/${NOBODY}${path}`, options);
        expect(comparable(erased), `${role} ${method} ${path}`).to.deep.equal(comparable(unknown));
        expect(erased.status).to.be.oneOf([403, 404]);
      }
    }
    const own = await service.request('GET', `/customers/${id}`, { role: 'customer', sub: id });
    expect(own.status).to.equal(404);
  });

  it('takes the customer out of lists and searches, and lets the next one have the email', async () => {
    const id = await createCustomer(service, {
      first_name: 'Zebulon',
      email: 'zebulon@example.com',
      external_id: 'z-1',
    });
    await erase(id);
    for (const query of ['search=zebulon', 'email=zebulon@example.com', 'external_id=z-1', 'limit=200']) {
      const { body } = await service.request('GET', `/customers?${query}`);
      expect(
        body.items.map((customer: { id: string }) => customer.id),
        query,
      ).not.to.include(id);
    }
    await createCustomer(service, { email: 'zebulon@example.com', external_id: 'z-1' });
  });
});

/** Word by word what could say who it was, in every field a client can write. */
function markedPerson() {
  const marks: string[] = [];
  const mark = (name: string) => {
    marks.push(`zq${name}zq${marks.length}`);
    return marks.at(-1) as string;
  };
  const profile = () => ({
    ...{ external_id: mark('external'), first_name: mark('first'), last_name: mark('last'), gender: mark('gender') },
    ...{ email: `${mark('mail')}@example.com`, alternate_email: `${mark('alternate')}@example.com` },
    addresses: [
      {
        label: mark('label'),
        street: mark('street'),
        city: mark('city'),
        state: mark('state'),
        postal_code: mark('zip'),
        country: 'GB',
      },
    ],
    preferences: {
      ...{ dietary_restrictions: [mark('diet')], allergies: [mark('allergy')], favorite_cuisines: [mark('cuisine')] },
      preferred_payment_method: mark('payment'),
    },
    ...{
      tags: [mark('tag')],
      notes: mark('notes'),
      referral_source: mark('referral'),
      metadata: { [mark('key')]: mark('value') },
    },
  });
  const texts = () => ({
    ...{
      order_id: mark('order'),
      source: mark('source'),
      external_reference: mark('reference'),
      description: mark('description'),
    },
  });
  return { marks, mark, profile, texts };
}

for (const backend of backends) {
  describe(`after an erasure, with the queue on ${backend}`, () => {
    let service: Service;
    before(async () => {
      service = await startService({ backend, workers: 1 });
    });
    after(() => service.stop());

    /** All tables of the database, the queue's own included, and all keys of Redis, as text. */
    async function everythingHeld(): Promise<string> {
      const { db } = service.database;
      const tables = await db('pg_tables').whereNotIn('schemaname', ['pg_catalog', 'information_schema']);
      const texts: string[] = [];
      for (const { schemaname, tablename } of tables) {
        const { rows } = await db.raw('select t::text as text from ??.?? as t', [schemaname, tablename]);
        texts.push(`-- ${tablename}`, ...rows.map((row: { text: string }) => row.text));
      }
      if (service.environment.REDIS_URL === undefined) return texts.join('\n');
      const redis = new Redis(service.environment.REDIS_URL);
      for (const key of await redis.keys('*'))
        texts.push(key, String(await redis.dumpBuffer(key).then((bytes) => bytes?.toString('latin1'))));
      for (const key of await redis.keys('*'))
        if ((await redis.type(key)) === 'hash') texts.push(JSON.stringify(await redis.hgetall(key)));
      redis.disconnect();
      return texts.join('\n');
    }

    it('no table and no queue holds a word that a client had written about the person', async () => {
      const { marks, mark, profile, texts } = markedPerson();
      const id = await createCustomer(service, profile());
      await earn(
        service,
        id,
        { amount_minor: 12_345, currency: 'EUR', ...texts() },
        { 'Idempotency-Key': mark('idempotency') },
      );
      await earn(service, id, { points: 9, ...texts() }, { Prefer: 'wait=5', 'Idempotency-Key': mark('idempotency') });
      for (let turn = 0; turn < 3; turn += 1) {
        await service.request('PUT', `/customers/${id}`, { body: profile() });
        await service.request('PUT', `/customers/${id}`, {
          role: 'customer',
          sub: id,
          body: { first_name: mark('own') },
        });
      }
      await drained(service);
      await earn(service, id, { points: 1, ...texts() });
      const before_erasure = await everythingHeld();
      // What a PUT replaced stands in the audit log.
      expect(marks.filter((word) => !before_erasure.includes(word))).to.deep.equal([]);
      expect(marks.length).to.be.above(80);

      expect((await service.request('DELETE', `/customers/${id}?reason=request-17`)).status).to.equal(204);
      const after_erasure = await everythingHeld();
      expect(marks.filter((word) => after_erasure.includes(word))).to.deep.equal([]);
      expect(after_erasure, 'the ledger is there').to.contain(id).and.to.contain('12345');
      expect((await drained(service)).applied).to.equal(3);
      expect(await balancesAgree(service)).to.equal(true);
    });
  });
}
