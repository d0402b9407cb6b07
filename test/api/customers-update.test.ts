// Changing customers: PUT touches what it names, versions guard against lost updates, and a customer changes only
// what is its own to change.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type RequestOptions, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';

const INTERNAL: Record<string, unknown> = {
  external_id: 'mine',
  status: 'active',
  tags: ['vip'],
  notes: 'be nice',
  referral_source: 'a friend',
  metadata: { segment: 'A' },
};

let service: Service;

describe('changing customers', () => {
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  describe('by PUT', changes);
  describe('by PUT with If-Match', preconditions);
  describe('by the customer’s own token', ownToken);
});

const put = (id: string, body: object, options: RequestOptions = {}) =>
  service.request('PUT', `/customers/${id}`, { ...options, body });

const read = (id: string) => service.request('GET', `/customers/${id}`);

async function etagOf(id: string): Promise<string> {
  return (await read(id)).headers.get('etag') as string;
}

function changes() {
  it('changes what it names and leaves everything else as it was', async () => {
    const profile = { email: 'one@example.com', tags: ['a'], notes: 'n', addresses: [{ city: 'Graz', country: 'AT' }] };
    const id = await createCustomer(service, profile);
    const before_change = (await read(id)).body;
    const { status, body } = await put(id, { last_name: 'Byron', date_of_birth: '1815-12-10' });
    expect(status).to.equal(200);
    const { updated_at, ...rest } = body;
    const { updated_at: created, ...old } = before_change;
    expect(rest).to.deep.equal({ ...old, last_name: 'Byron', date_of_birth: '1815-12-10', version: 2 });
    expect(Date.parse(updated_at)).to.be.at.least(Date.parse(created));
    expect((await read(id)).body).to.deep.equal(body);
  });

  it('merges preferences name by name and replaces lists whole', async () => {
    const preferences = { dietary_restrictions: ['halal', 'vegan'], language: 'de', marketing_consent: true };
    const id = await createCustomer(service, { preferences });
    const { body } = await put(id, { preferences: { dietary_restrictions: ['vegan'], language: null } });
    expect(body.preferences).to.deep.equal({
      dietary_restrictions: ['vegan'],
      allergies: [],
      consents: [],
      favorite_cuisines: [],
      preferred_payment_method: null,
      notification_channels: [],
      marketing_consent: true,
      language: null,
    });
  });

  it('clears with null and with empty lists', async () => {
    const id = await createCustomer(service, { email: 'gone@example.com', phone: '+4312345678', tags: ['x'] });
    const { body } = await put(id, { email: null, phone: null, tags: [], metadata: {} });
    expect(body).to.deep.include({ email: null, phone: null, tags: [], metadata: {} });
    expect((await createCustomer(service, { email: 'gone@example.com', phone: '+43 1 2345678' })).length).to.equal(36);
  });

  it('stores contact details in the same form as on creation', async () => {
    const id = await createCustomer(service);
    const { body } = await put(id, { email: 'New.Mail@Example.COM', phone: '+43 (1) 234-5679' });
    expect(body).to.include({ email: 'new.mail@example.com', phone: '+4312345679' });
  });

  it('refuses an email of another customer and changes nothing', async () => {
    await createCustomer(service, { email: 'owner@example.com' });
    const id = await createCustomer(service);
    const { status, body } = await put(id, { first_name: 'Eve', email: 'Owner@example.com' });
    expect(status).to.equal(409);
    expect(body.errors[0]).to.include({ pointer: '/email' });
    expect((await read(id)).body).to.include({ first_name: 'Ada', email: null, version: 1 });
  });

  it('refuses a body that names nothing', async () => {
    const { status, body } = await put(await createCustomer(service), {});
    expect({ status, code: body.code }).to.deep.equal({ status: 422, code: 'validation-failed' });
  });
}

function preconditions() {
  it('grows version and ETag with each change', async () => {
    const id = await createCustomer(service);
    const etags = [await etagOf(id)];
    for (const gender of ['a', 'b', 'c']) {
      const { body, headers } = await put(id, { gender }, { headers: { 'If-Match': etags.at(-1) as string } });
      expect(body).to.include({ gender, version: etags.length + 1 });
      etags.push(headers.get('etag') as string);
      expect(await etagOf(id)).to.equal(etags.at(-1));
    }
    expect(new Set(etags).size).to.equal(4);
  });

  it('refuses a change based on a version that has moved on, with 412, and changes nothing', async () => {
    const id = await createCustomer(service);
    const stale = await etagOf(id);
    await put(id, { gender: 'a' });
    const { status, body } = await put(id, { gender: 'b' }, { headers: { 'If-Match': stale } });
    expect({ status, code: body.code }).to.deep.equal({ status: 412, code: 'version-mismatch' });
    expect((await read(id)).body).to.include({ gender: 'a', version: 2 });
  });

  it('lets one of many who start from the same version win', async () => {
    const id = await createCustomer(service);
    // The first rounds open the connections that let the later ones race.
    for (let version = 1; version <= 5; version += 1) {
      const etag = await etagOf(id);
      const tries = Array.from({ length: 10 }, (_, turn) =>
        put(id, { notes: `try ${turn}` }, { headers: { 'If-Match': etag } }),
      );
      const statuses = (await Promise.all(tries)).map(({ status }) => status);
      expect(statuses.sort()).to.deep.equal([200, ...Array(9).fill(412)]);
      expect((await read(id)).body.version).to.equal(version + 1);
    }
  });

  for (const garbage of ['garbage', '1', 'W/1', '"1.0" "1.0"', '"1.0', '*, "1.0.0"', ',', '"a b"']) {
    it(`refuses ${garbage} as If-Match, which is no list of ETags`, async () => {
      const id = await createCustomer(service);
      const { status, body } = await put(id, { gender: 'a' }, { headers: { 'If-Match': garbage } });
      expect({ status, code: body.code }).to.deep.equal({ status: 400, code: 'invalid-header' });
      expect((await read(id)).body.version).to.equal(1);
    });
  }

  const LISTS: [if_match: string, status: number][] = [
    ['"1.0.0"', 200],
    ['"9.0.0", "1.0.0"', 200],
    ['"1.0.0","9.0.0" , "other"', 200],
    [', "1.0.0",,', 200],
    ['"9.0.0", "8.0.0"', 412],
    // RFC 9110, 13.1.1: a weak tag never matches.
    ['W/"1.0.0"', 412],
    ['W/"1.0.0", "2.0.0"', 412],
    ['W/"9.0.0", "1.0.0"', 200],
    // Tags that are not ours, commas within them and all.
    ['"1"', 412],
    ['""', 412],
    ['"1.0.0,"', 412],
    ['"-1.0.0", "1.0;drop"', 412],
  ];
  for (const [if_match, expected] of LISTS) {
    it(`answers ${expected} to If-Match: ${if_match}`, async () => {
      for (const method of ['PUT', 'PATCH']) {
        const id = await createCustomer(service);
        const headers = { 'If-Match': if_match };
        const { status } = await service.request(method, `/customers/${id}`, { body: { gender: 'a' }, headers });
        const { version } = (await read(id)).body;
        expect({ method, status, version }).to.deep.equal({
          method,
          status: expected,
          version: status === 200 ? 2 : 1,
        });
      }
    });
  }

  it('takes * as any version of a customer that exists', async () => {
    const headers = { 'If-Match': '*' };
    expect((await put(await createCustomer(service), { gender: 'a' }, { headers })).status).to.equal(200);
    expect((await put(randomUUID(), { gender: 'a' }, { headers })).status).to.equal(404);
  });

  it('is not disturbed by points that move meanwhile', async () => {
    const id = await createCustomer(service);
    const etag = await etagOf(id);
    await earn(service, id, { points: 5 }, { Prefer: 'wait=5' });
    expect(await etagOf(id), 'the representation has changed').not.to.equal(etag);
    const { status, body } = await put(id, { gender: 'a' }, { headers: { 'If-Match': etag } });
    expect(status).to.equal(200);
    expect(body).to.deep.include({ version: 2, gender: 'a' });
    expect(body.loyalty.points_available).to.equal(5);
  });
}

function ownToken() {
  let id: string;
  let self: RequestOptions;
  before(async () => {
    id = await createCustomer(service, { tags: ['secret'], notes: 'secret', external_id: 'secret-1' });
    self = { role: 'customer', sub: id };
  });

  it('changes its own contact details and preferences, and sees the result without what is internal', async () => {
    const body = { email: 'me@example.com', preferences: { marketing_consent: true } };
    const answer = await put(id, body, self);
    expect(answer.status).to.equal(200);
    expect(answer.body).to.include({ email: 'me@example.com' });
    expect(answer.body.preferences.marketing_consent).to.equal(true);
    expect(answer.body).not.to.have.any.keys(Object.keys(INTERNAL));
  });

  for (const [field, value] of Object.entries(INTERNAL)) {
    it(`may not write ${field}, not even beside a field it may write`, async () => {
      const { version } = (await read(id)).body;
      const { status, body } = await put(id, { gender: 'z', [field]: value }, self);
      expect({ status, code: body.code }).to.deep.equal({ status: 422, code: 'validation-failed' });
      expect(body.errors).to.deep.include({ pointer: `/${field}`, code: 'unknown-field', detail: 'is not allowed' });
      const { body: after_try } = await read(id);
      expect(after_try).to.deep.include({ version, tags: ['secret'], notes: 'secret', external_id: 'secret-1' });
    });
  }

  it('may not change another customer', async () => {
    const other = await createCustomer(service);
    const { status } = await put(other, { gender: 'z' }, self);
    expect(status).to.equal(404);
    expect((await read(other)).body).to.include({ gender: null, version: 1 });
  });
}
