// Lists of customers: pages without gap or double, filters, and a search box that forgives.

import { expect } from 'chai';
import { type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';

let service: Service;

describe('lists of customers', () => {
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  describe('in pages', pages);
  describe('filtered', filters);
  describe('searched', search);
});

const list = (query: Record<string, string> = {}): Promise<Response> =>
  service.request('GET', `/customers?${new URLSearchParams(query)}`);

const idsOf = ({ body }: Response): string[] => body.items.map((item: { id: string }) => item.id);

async function found(query: Record<string, string>): Promise<string[]> {
  const answer = await list(query);
  expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
  return idsOf(answer).sort();
}

function pages() {
  const created: string[] = [];
  before(async () => {
    for (let turn = 0; turn < 30; turn += 1) created.push(await createCustomer(service, { external_id: `p-${turn}` }));
  });

  it('gives 25 without being told, the newest first, each with its loyalty account', async () => {
    const answer = await list();
    expect(idsOf(answer)).to.deep.equal(created.slice(-25).reverse());
    expect(answer.body.next_cursor).to.be.a('string');
    for (const item of answer.body.items) expect(item.loyalty).to.include({ tier: 'bronze', points_available: 0 });
  });

  it('gives as many as limit says, and no cursor on the last page', async () => {
    expect(idsOf(await list({ limit: '1' }))).to.deep.equal(created.slice(-1));
    const whole = await list({ limit: '200' });
    expect(idsOf(whole)).to.deep.equal([...created].reverse());
    expect(whole.body.next_cursor).to.equal(null);
    const exact = await list({ limit: String(created.length) });
    expect(exact.body.next_cursor, 'a page that is full by chance').to.equal(null);
  });

  it('walks through all pages without gap or double while new customers are created', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer: Response = await list({ limit: '7', ...(cursor !== null && { cursor }) });
      expect(answer.status).to.equal(200);
      seen.push(...idsOf(answer));
      cursor = answer.body.next_cursor;
      created.push(await createCustomer(service));
    } while (cursor !== null);
    expect(seen).to.deep.equal(created.slice(0, 30).reverse());
  });

  it('keeps its filter from page to page', async () => {
    const suspended: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      suspended.push(await createCustomer(service, { status: 'suspended' }));
      created.push(suspended.at(-1) as string, await createCustomer(service));
    }
    const first = await list({ status: 'suspended', limit: '2' });
    const second = await list({ status: 'suspended', limit: '2', cursor: first.body.next_cursor });
    expect([...idsOf(first), ...idsOf(second)]).to.deep.equal([...suspended].reverse());
    expect(second.body.next_cursor).to.equal(null);
  });

  it('knows a cursor of another list, a changed one and an invented one from its own', async () => {
    const { body } = await list({ limit: '1' });
    const cursor: string = body.next_cursor;
    await earn(service, created[0] as string, { points: 1 });
    await earn(service, created[0] as string, { points: 1 });
    const history = await service.request('GET', `/customers/${created[0]}/loyalty/transactions?limit=1`);
    const invented = Buffer.from(JSON.stringify(['customers', '-'.repeat(36)])).toString('base64url');
    for (const wrong of [history.body.next_cursor, `${cursor}A`, cursor.slice(0, -2), `${cursor}=`, 'x', invented]) {
      const answer = await list({ cursor: wrong });
      expect({ wrong, status: answer.status, code: answer.body.code }).to.deep.equal({
        wrong,
        status: 400,
        code: 'invalid-query',
      });
      expect(answer.body.errors[0]).to.include({ parameter: 'cursor' });
    }
  });
}

function filters() {
  let gold: string;
  let inactive: string;
  before(async () => {
    const profile = { external_id: 'F/1 ü', email: 'filter@example.com', phone: '+442079460001' };
    gold = await createCustomer(service, profile);
    await earn(service, gold, { amount_minor: 2_000_00, currency: 'GBP' }, { Prefer: 'wait=5' });
    inactive = await createCustomer(service, { status: 'inactive', email: 'filter2@example.com' });
  });

  it('finds by status', async () => {
    expect(await found({ status: 'inactive' })).to.deep.equal([inactive]);
  });

  it('finds by tier', async () => {
    expect(await found({ tier: 'gold' })).to.deep.equal([gold]);
    expect(await found({ tier: 'diamond' })).to.deep.equal([]);
  });

  it('finds by email in any case, and only the whole of it', async () => {
    expect(await found({ email: 'FILTER@Example.com' })).to.deep.equal([gold]);
    expect(await found({ email: 'lter@example.com' })).to.deep.equal([]);
  });

  it('finds by phone however it is written', async () => {
    expect(await found({ phone: '+44 20 7946-0001' })).to.deep.equal([gold]);
  });

  it('finds by external id exactly', async () => {
    expect(await found({ external_id: 'F/1 ü' })).to.deep.equal([gold]);
    expect(await found({ external_id: 'f/1 ü' })).to.deep.equal([]);
  });

  it('joins filters with and', async () => {
    expect(await found({ status: 'active', tier: 'gold' })).to.deep.equal([gold]);
    expect(await found({ status: 'inactive', tier: 'gold' })).to.deep.equal([]);
  });
}

function search() {
  const ids: Record<string, string> = {};
  before(async () => {
    const people = {
      elodie: { first_name: 'Élodie', last_name: 'Ångström-Weiß', email: 'elo@search.example' },
      percent: { first_name: 'Hundred', last_name: '100%_sure\\', phone: '+15005550199' },
      plain: { first_name: 'Hundred', last_name: '100 sure', external_id: 'CRM-X7' },
    };
    for (const [name, profile] of Object.entries(people)) ids[name] = await createCustomer(service, profile);
  });

  const CASES: [query: string, expected: string[], why: string][] = [
    ['elo@SEARCH', ['elodie'], 'part of an email, in any case'],
    ['ÉLODIE', ['elodie'], 'a name beyond ASCII, in any case'],
    ['E\u0301lodie', ['elodie'], 'a name typed with combining accents'],
    ['ström élo', ['elodie'], 'all words in any order'],
    ['élodie hundred', [], 'words that no one customer has all'],
    ['500555', ['percent'], 'part of a phone number'],
    ['+1 (500) 555-01', ['percent'], 'a phone number as people write it'],
    ['crm-x7', ['plain'], 'an external id'],
    ['100%', ['percent'], 'a percent sign taken literally'],
    ['100_', [], 'an underscore taken literally'],
    ['sure\\', ['percent'], 'a backslash taken literally'],
    ["o' or '1'='1", [], 'SQL as text'],
    ['hundred 100', ['percent', 'plain'], 'what several customers share'],
  ];
  for (const [query, expected, why] of CASES) {
    it(`finds ${why}`, async () => {
      expect(await found({ search: query })).to.deep.equal(expected.map((name) => ids[name]).sort());
    });
  }
}
