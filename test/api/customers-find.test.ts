// Finding customers over HTTP: filters and orders together, cursors that belong to one list, totals, and the search box
// as a desk uses it.

import { expect } from 'chai';
import { type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';

let service: Service;
const ids: Record<string, string> = {};

const list = (query: Record<string, string>, role: 'admin' | 'staff' | 'service' | 'customer' | 'ops' = 'staff') =>
  service.request('GET', `/customers?${new URLSearchParams(query)}`, { role });

async function found(query: Record<string, string>): Promise<string[]> {
  const answer = await list(query);
  expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
  return namesIn(answer);
}

const namesIn = ({ body }: Response): string[] =>
  body.items.map((item: { id: string }) => Object.entries(ids).find(([, id]) => id === item.id)?.[0]);

const WAIT = { Prefer: 'wait=5' };
const bought = (amount_minor: number, occurred_at: string) => ({ amount_minor, currency: 'EUR', occurred_at });

describe('finding customers', () => {
  before(async () => {
    service = await startService();
    const home = { city: 'Zürich', country: 'CH' };
    const people = {
      zoe: {
        first_name: 'Zoë',
        last_name: 'Ångström',
        addresses: [home],
        tags: ['Regular'],
        date_of_birth: '1990-05-01',
      },
      adam: {
        first_name: 'Adam',
        last_name: 'Angstrom',
        preferences: { allergies: ['Peanuts'] },
        phone: '+442079460001',
      },
      berta: {
        first_name: 'Berta',
        last_name: 'Zeta',
        preferences: { dietary_restrictions: ['vegan'] },
        tags: ['regular'],
      },
    };
    for (const [name, profile] of Object.entries(people)) ids[name] = await createCustomer(service, profile);
    await earn(service, ids.zoe as string, bought(600_00, '2026-01-02T00:00:00Z'), WAIT);
    await earn(service, ids.zoe as string, bought(1_00, '2025-01-01T00:00:00Z'), WAIT);
    await earn(service, ids.berta as string, bought(700_00, '2026-01-01T00:00:00Z'), WAIT);
    await redeem(service, ids.berta as string, 690, WAIT);
  });
  after(() => service.stop());

  describe('by filters and orders', filters);
  describe('page by page', pages);
  describe('by the search box', search);
  describe('as who may', roles);
});

function filters() {
  const QUERIES: [Record<string, string>, string[]][] = [
    [{ tag: 'REGULAR' }, ['berta', 'zoe']],
    [{ city: 'zurich', country: 'ch' }, ['zoe']],
    [{ allergen: 'PEANUTS' }, ['adam']],
    [{ dietary_restriction: 'Vegan', tag: 'regular' }, ['berta']],
    [{ birthday_month: '5' }, ['zoe']],
    [{ points_min: '1', points_max: '10' }, ['berta']],
    [{ spent_min: '60000', sort: 'spent' }, ['zoe', 'berta']],
    [{ last_visit_from: '2026-01-02T00:00:00Z' }, ['zoe']],
    [{ last_visit_to: '2026-01-02T00:00:00Z' }, ['berta']],
    [{ created_from: '2020-01-01T00:00:00Z', updated_from: '2020-01-01T00:00:00Z' }, ['berta', 'adam', 'zoe']],
    [{ created_to: '2020-01-01T00:00:00Z' }, []],
    [{ sort: 'name' }, ['adam', 'zoe', 'berta']],
    [{ sort: '-points' }, ['zoe', 'berta', 'adam']],
    [{ sort: '-last_visit' }, ['zoe', 'berta', 'adam']],
    [{ sort: 'created', tier: 'silver' }, ['zoe', 'berta']],
  ];
  for (const [query, names] of QUERIES) {
    it(`${JSON.stringify(query)} gives ${names.join(', ') || 'nobody'}`, async () => {
      expect(await found(query)).to.deep.equal(names);
    });
  }

  it('shows the latest visit, not the one posted last', async () => {
    const { body } = await list({ tag: 'regular', sort: 'name' });
    expect(body.items[0].loyalty).to.deep.include({ last_visit_at: '2026-01-02T00:00:00.000Z', visits_count: 2 });
  });

  it('tells a total when asked, of all pages and of the search too', async () => {
    expect((await list({ limit: '1', include_total: 'true' })).body).to.include({ total: 3 });
    expect((await list({ tag: 'regular', limit: '1', include_total: 'true' })).body).to.include({ total: 2 });
    expect((await list({ search: 'angstrom', include_total: 'true' })).body).to.include({ total: 2 });
    expect((await list({ include_total: 'false' })).body).not.to.have.property('total');
  });
}

function pages() {
  it('goes through every order and through a search', async () => {
    const queries: Record<string, string>[] = [
      ...[{ sort: 'name' }, { sort: '-last_visit' }, { sort: 'points', tag: 'regular' }, { search: 'an' }],
    ];
    for (const query of queries) {
      const whole = await found(query);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const answer: Response = await list({ ...query, limit: '1', ...(cursor !== null && { cursor }) });
        seen.push(...namesIn(answer));
        cursor = answer.body.next_cursor;
      } while (cursor !== null);
      expect(seen, JSON.stringify(query)).to.deep.equal(whole);
      expect(whole.length).to.be.above(1);
    }
  });

  it('refuses a cursor of another order, another filter or another search by its name', async () => {
    const { next_cursor } = (await list({ limit: '1', sort: 'points', tag: 'regular' })).body;
    const own = { cursor: next_cursor, sort: 'points', tag: 'regular' };
    expect((await list(own)).status).to.equal(200);
    expect((await list({ ...own, limit: '2', include_total: 'true' })).status, 'the size of a page is free').to.equal(
      200,
    );
    const others: Record<string, string>[] = [
      ...[
        { ...own, sort: '-points' },
        { ...own, sort: 'spent' },
        { ...own, tag: 'vip' },
        { ...own, city: 'x' },
      ],
      ...[{ cursor: next_cursor }, { cursor: next_cursor, search: 'angstrom' }],
    ];
    for (const query of others) await refuses(query);
  });

  it('refuses a cursor whose place can not be', async () => {
    const { next_cursor } = (await list({ limit: '1' })).body;
    const [kind, [value, id]] = JSON.parse(Buffer.from(next_cursor, 'base64url').toString());
    const day = (text: string) => value.replace(/^\d{4}-\d\d-\d\d/, text);
    const places = [
      ...[
        [day('2026-02-30'), id],
        [day('2026-13-01'), id],
        ['-infinity', id],
        ['', id],
        [1, id],
        [null, id],
      ],
      ...[[value, 'x'], [value], [value, id, id], value, null, { value, id }],
    ];
    for (const place of places)
      await refuses({ cursor: Buffer.from(JSON.stringify([kind, place])).toString('base64url') });
    const points = (await list({ limit: '1', sort: 'points' })).body.next_cursor;
    const [points_kind] = JSON.parse(Buffer.from(points, 'base64url').toString());
    for (const wrong of ['-1', '1.5', 'x', '1'.repeat(17)]) {
      const cursor = Buffer.from(JSON.stringify([points_kind, [wrong, id]])).toString('base64url');
      await refuses({ cursor, sort: 'points' });
    }
  });

  async function refuses(query: Record<string, string>): Promise<void> {
    const { status, body } = await list(query);
    expect({ status, code: body.code, query }).to.deep.equal({ status: 400, code: 'invalid-query', query });
    expect(body.errors[0]).to.include({ parameter: 'cursor' });
  }
}

function search() {
  it('forgives accents, slips and the way a phone number is written', async () => {
    expect(await found({ search: 'zoe angstrom' })).to.deep.equal(['zoe']);
    expect(await found({ search: 'ANGSTRÖM adma' })).to.deep.equal(['adam']);
    expect(await found({ search: '020 7946 0001' })).to.deep.equal(['adam']);
    expect(await found({ search: 'nobody' })).to.deep.equal([]);
  });

  it('ranks: whoever has the word before whoever has a part of it', async () => {
    ids.part = await createCustomer(service, { first_name: 'Roberta', last_name: 'Part' });
    expect(await found({ search: 'berta' })).to.deep.equal(['berta', 'part']);
  });

  it('joins filters, and refuses an order, because it has its own', async () => {
    expect(await found({ search: 'angstrom', tag: 'regular' })).to.deep.equal(['zoe']);
    const { status, body } = await list({ search: 'angstrom', sort: 'name' });
    expect({ status, code: body.code }).to.deep.equal({ status: 400, code: 'invalid-query' });
    expect(body.errors[0]).to.include({ parameter: 'sort' });
  });

  it('finds what was written a moment ago, and nobody who was erased', async () => {
    ids.new = await createCustomer(service, { first_name: 'Quirin', last_name: 'Novel' });
    expect(await found({ search: 'quirni' })).to.deep.equal(['new']);
    await service.request('DELETE', `/customers/${ids.new}`);
    for (const typed of ['quirin', 'quirni', 'quir']) expect(await found({ search: typed })).to.deep.equal([]);
  });
}

function roles() {
  it('lists and searches for the desk and the till, for nobody else', async () => {
    const queries: Record<string, string>[] = [
      ...[{ search: 'zoe' }, { sort: 'name' }, { tag: 'regular', include_total: 'true' }],
    ];
    for (const query of queries) {
      for (const role of ['admin', 'staff', 'service'] as const) expect((await list(query, role)).status).to.equal(200);
      for (const role of ['customer', 'ops'] as const) expect((await list(query, role)).status).to.equal(403);
    }
  });
}
