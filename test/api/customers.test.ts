// Creating and reading customers: what goes in comes out, in one form, and an id one may not see looks like none.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer } from '../helpers/shop.ts';

const DEFAULTS = {
  external_id: null,
  email: null,
  phone: null,
  alternate_email: null,
  alternate_phone: null,
  addresses: [],
  date_of_birth: null,
  gender: null,
  preferences: {
    dietary_restrictions: [],
    allergies: [],
    favorite_cuisines: [],
    preferred_payment_method: null,
    notification_channels: [],
    marketing_consent: false,
    consents: [],
    language: null,
  },
  status: 'active',
  tags: [],
  notes: null,
  referral_source: null,
  metadata: {},
  loyalty: {
    points_available: 0,
    points_pending: 0,
    tier: 'bronze',
    total_spent_minor: 0,
    visits_count: 0,
    last_visit_at: null,
  },
  version: 1,
};

const FULL = {
  external_id: 'crm-17',
  first_name: 'Ada',
  last_name: 'King, Countess of Lovelace',
  email: 'ada@example.com',
  phone: '+442071234567',
  alternate_email: 'ada.work@example.org',
  alternate_phone: '+15005550006',
  addresses: [
    {
      label: 'home',
      street: "12 St James's Sq",
      city: 'London',
      state: null,
      postal_code: 'SW1Y 4LE',
      country: 'GB',
      is_primary: true,
    },
    {
      label: null,
      street: '1 Rue de la Paix',
      city: 'Paris',
      state: 'Île-de-France',
      postal_code: '75002',
      country: 'FR',
      is_primary: false,
    },
  ],
  date_of_birth: '1815-12-10',
  gender: 'female',
  preferences: {
    dietary_restrictions: ['vegetarian', 'halal'],
    allergies: [
      { allergen: 'peanuts', severity: 'severe', noted_by: 'Dr Grant', noted_at: '2026-01-02T03:04:05.678Z' },
    ],
    favorite_cuisines: ['thai', 'ligurian'],
    preferred_payment_method: 'card',
    notification_channels: ['email', 'sms'],
    consents: [
      {
        purpose: 'marketing',
        channel: 'sms',
        granted: true,
        source: 'till-3',
        recorded_at: '2026-01-02T03:04:05.678Z',
      },
    ],
    marketing_consent: true,
    language: 'en-GB',
  },
  status: 'inactive',
  tags: ['vip', 'founder'],
  notes: 'Prefers the window.\nAsks for the manager — often 🙂',
  referral_source: 'Charles "C.B." Babbage \\ friends',
  metadata: { 'pos.segment': 'A', empty: '', 'crm-id': '000017' },
};

let service: Service;

describe('customers', () => {
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  describe('created', creation);
  describe('written in one form', forms);
  describe('unique', uniqueness);
  describe('read', reading);
});

const create = (body: object) => service.request('POST', '/customers', { body });

function creation() {
  it('answers 201 with its address, its ETag and the defaults of everything not given', async () => {
    const before_ms = Date.now();
    const { status, headers, body } = await create({ first_name: 'Ada', last_name: 'Lovelace' });
    expect(status).to.equal(201);
    expect(headers.get('location')).to.equal(`/customers/${body.id}`);
    expect(headers.get('etag')).to.match(/^"[^"]+"$/);
    const { id, created_at, updated_at, ...rest } = body;
    expect(rest).to.deep.equal({ ...DEFAULTS, first_name: 'Ada', last_name: 'Lovelace' });
    expect(created_at).to.equal(updated_at);
    expect(Date.parse(created_at)).to.be.within(before_ms - 1_000, Date.now() + 1_000);
    expect(id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).to.be.within(before_ms, Date.now());
  });

  it('keeps every field exactly, and reads it back the same', async () => {
    const created = await create(FULL);
    expect(created.status).to.equal(201);
    const { id, version, created_at, updated_at, loyalty, ...profile } = created.body;
    expect(profile).to.deep.equal(FULL);
    const read = await service.request('GET', `/customers/${id}`);
    expect(read.status).to.equal(200);
    expect(read.body).to.deep.equal(created.body);
    expect(read.headers.get('etag')).to.equal(created.headers.get('etag'));
  });

  it('fills in what an address or preferences leave out', async () => {
    const { body } = await create({
      first_name: 'A',
      last_name: 'B',
      addresses: [{ city: 'Graz', country: 'AT' }],
      preferences: { dietary_restrictions: ['vegan'] },
    });
    expect(body.addresses).to.deep.equal([
      { label: null, street: null, city: 'Graz', state: null, postal_code: null, country: 'AT', is_primary: false },
    ]);
    expect(body.preferences).to.deep.equal({ ...DEFAULTS.preferences, dietary_restrictions: ['vegan'] });
  });
}

function forms() {
  it('stores emails in lower case and phone numbers as E.164', async () => {
    const { body } = await create({
      first_name: 'A',
      last_name: 'B',
      email: 'Grace.Hopper+Navy@Example.COM',
      alternate_email: 'G@EXAMPLE.ORG',
      phone: '+1 (212) 555-01.23',
      alternate_phone: '+49 30 1234567',
    });
    expect(body).to.include({
      email: 'grace.hopper+navy@example.com',
      alternate_email: 'g@example.org',
      phone: '+12125550123',
      alternate_phone: '+49301234567',
    });
  });

  it('stores text in one Unicode form, so that two ways of typing a name are one name', async () => {
    const { body } = await create({ first_name: 'Ame\u0301lie', last_name: 'A\u030angstro\u0308m' });
    expect(body).to.include({ first_name: 'Am\u00e9lie', last_name: '\u00c5ngstr\u00f6m' });
  });

  it('still answers within its contract when the Unicode form it stores is longer than the text it got', async () => {
    // U+0958 is two characters in NFC, whose composition Unicode excludes.
    const { status } = await create({ first_name: '\u0958'.repeat(60), last_name: 'B' });
    expect(status).to.be.oneOf([201, 422]);
  });

  it('takes an email with letters beyond ASCII only if its contract says so', async () => {
    const { status } = await create({ first_name: 'A', last_name: 'B', email: 'jürgen@exämple.com' });
    expect(status).to.be.oneOf([201, 422]);
  });

  it('counts the length of a text in characters, as the published document does', async () => {
    const { status } = await create({ first_name: '😀'.repeat(100), last_name: 'B' });
    expect(status).to.equal(201);
  });
}

function uniqueness() {
  const TAKEN: [field: string, first: string, again: string][] = [
    ['email', 'taken@example.com', 'TAKEN@example.com'],
    ['phone', '+442079460000', '+44 20 7946 0000'],
    ['external_id', 'taken-1', 'taken-1'],
  ];
  for (const [field, first, again] of TAKEN) {
    it(`refuses a second customer with the same ${field}, naming the field and nobody`, async () => {
      const owner = await createCustomer(service, { [field]: first });
      const { status, body } = await create({ first_name: 'B', last_name: 'C', [field]: again });
      expect(status).to.equal(409);
      expect(body).to.include({ code: 'customer-exists', type: '/problems/customer-exists' });
      expect(body.errors).to.have.length(1);
      expect(body.errors[0]).to.include({ pointer: `/${field}`, code: 'taken' });
      expect(JSON.stringify(body)).not.to.include(owner);
      expect(JSON.stringify(body).toLowerCase()).not.to.include(first);
    });
  }

  it('lets several customers go without email, phone and external id', async () => {
    const ids = await Promise.all([createCustomer(service), createCustomer(service)]);
    expect(new Set(ids).size).to.equal(2);
  });

  it('creates one of many who come with the same email at once', async () => {
    const bodies = Array.from({ length: 10 }, () => ({ first_name: 'A', last_name: 'B', email: 'race@example.com' }));
    const answers = await Promise.all(bodies.map((body) => create(body)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array(9).fill(409)]);
    const [found] = await service.database.db('customers').where({ email: 'race@example.com' }).count('* as count');
    expect(Number(found?.count)).to.equal(1);
  });

  it('creates customer and loyalty account together or not at all', async () => {
    const [orphans] = await service.database
      .db('customers as c')
      .leftJoin('loyalty_accounts as a', 'a.customer_id', 'c.id')
      .whereNull('a.customer_id')
      .count('* as count');
    expect(Number(orphans?.count)).to.equal(0);
  });
}

function withoutTrace({ body }: Response): object {
  const { instance, request_id, ...rest } = body;
  return rest;
}

function reading() {
  const profile = { ...FULL, external_id: 'crm-18', email: 'ada.king@example.com', phone: '+442071234568' };
  let id: string;
  before(async () => {
    id = await createCustomer(service, profile);
  });

  it('answers the same for an id that is missing, malformed or not one’s own', async () => {
    const stranger = { role: 'customer', sub: randomUUID() } as const;
    const answers = [
      await service.request('GET', `/customers/${randomUUID()}`),
      await service.request('GET', '/customers/17'),
      await service.request('GET', `/customers/${id.toUpperCase()}`),
      await service.request('GET', `/customers/${id}`, stranger),
      await service.request('GET', `/customers/${randomUUID()}`, stranger),
      await service.request('GET', '/customers/%00', stranger),
      await service.request('GET', `/customers/${id}/loyalty/transactions`, stranger),
      await service.request('GET', `/customers/${id}/loyalty/transactions/${randomUUID()}`, stranger),
      await service.request('PUT', `/customers/${id}`, { ...stranger, body: { gender: 'x' } }),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 404));
    for (const answer of answers) expect(withoutTrace(answer)).to.deep.equal(withoutTrace(answers[0] as Response));
    const names = (answer: Response) => [...answer.headers.keys()].sort();
    for (const answer of answers) expect(names(answer)).to.deep.equal(names(answers[0] as Response));
  });

  it('shows a customer itself without what is internal', async () => {
    const { status, body } = await service.request('GET', `/customers/${id}`, { role: 'customer', sub: id });
    expect(status).to.equal(200);
    const { external_id, status: _status, tags, notes, referral_source, metadata, ...shown } = profile;
    expect(body).to.deep.include(shown);
    expect(Object.keys(body).sort()).to.deep.equal(
      [...Object.keys(shown), 'id', 'loyalty', 'version', 'created_at', 'updated_at'].sort(),
    );
  });

  it('is never cached, whoever asks', async () => {
    const { headers } = await service.request('GET', `/customers/${id}`);
    expect(headers.get('cache-control')).to.equal('no-store');
  });

  it('gives every answer a request id, the caller’s own when it is fit to be one', async () => {
    const mine = await service.request('GET', `/customers/${id}`, { headers: { 'X-Request-Id': 'till-3_0001' } });
    expect(mine.headers.get('x-request-id')).to.equal('till-3_0001');
    const unfit = await service.request('GET', '/customers/17', { headers: { 'X-Request-Id': 'a b"<script>' } });
    expect(unfit.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    expect(unfit.body.request_id).to.equal(unfit.headers.get('x-request-id'));
  });
}
