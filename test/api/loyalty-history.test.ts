// The ledger over HTTP: the history of a customer in pages, and one transaction by its id.

import { randomUUID } from 'node:crypto';
import type { LoyaltyTransaction } from '@customer-service/domain';
import { expect } from 'chai';
import { type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';

let service: Service;
let customer: string;
const accepted: string[] = [];

describe('the history of a loyalty account', () => {
  before(async () => {
    service = await startService({ workers: 0 });
    customer = await createCustomer(service);
    // Ten decided: five earned, three redeemed, two refused. Then two that wait.
    for (let turn = 0; turn < 5; turn += 1) accepted.push((await earn(service, customer, { points: 10 })).body.id);
    for (const points of [5, 5, 99, 99]) accepted.push((await redeem(service, customer, points)).body.id);
    accepted.push((await redeem(service, customer, 5, { Prefer: 'wait=5' })).body.id);
    for (const points of [1, 2]) accepted.push((await earn(service, customer, { points })).body.id);
  });
  after(() => service.stop());

  describe('in pages', pages);
  describe('one by one', single);
});

const history = (query: Record<string, string> = {}, id = customer): Promise<Response> =>
  service.request('GET', `/customers/${id}/loyalty/transactions?${new URLSearchParams(query)}`);

const idsOf = ({ body }: Response): string[] => body.items.map((item: LoyaltyTransaction) => item.id);

function pages() {
  it('has every transaction, the newest first', async () => {
    const answer = await history();
    expect(answer.status).to.equal(200);
    expect(idsOf(answer)).to.deep.equal([...accepted].reverse());
    expect(answer.body.next_cursor).to.equal(null);
    const decided = answer.body.items.filter((item: LoyaltyTransaction) => item.status !== 'pending');
    expect(decided.map((item: LoyaltyTransaction) => item.sequence)).to.deep.equal([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('comes in pages without gap or double while new transactions are accepted', async () => {
    const own = await createCustomer(service);
    const expected: string[] = [];
    for (let turn = 0; turn < 11; turn += 1) expected.unshift((await earn(service, own, { points: 1 })).body.id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer: Response = await history({ limit: '3', ...(cursor !== null && { cursor }) }, own);
      seen.push(...idsOf(answer));
      cursor = answer.body.next_cursor;
      await earn(service, own, { points: 1 });
    } while (cursor !== null);
    expect(seen).to.deep.equal(expected);
  });

  const FILTERS: [query: Record<string, string>, from: number[]][] = [
    [{ type: 'earn' }, [0, 1, 2, 3, 4, 10, 11]],
    [{ type: 'redeem' }, [5, 6, 7, 8, 9]],
    [{ status: 'pending' }, [10, 11]],
    [{ status: 'rejected' }, [7, 8]],
    [{ status: 'applied', type: 'redeem' }, [5, 6, 9]],
    [{ status: 'rejected', type: 'earn' }, []],
    [{ type: 'redeem,hold,earn', status: 'applied' }, [0, 1, 2, 3, 4, 5, 6, 9]],
    [{ type: 'hold,capture' }, []],
  ];
  for (const [query, from] of FILTERS) {
    it(`filters by ${JSON.stringify(query)}, on every page`, async () => {
      const expected = from.map((index) => accepted[index] as string).reverse();
      expect(idsOf(await history(query))).to.deep.equal(expected);
      if (expected.length < 2) return;
      const first = await history({ ...query, limit: '1' });
      const rest = await history({ ...query, cursor: first.body.next_cursor });
      expect([...idsOf(first), ...idsOf(rest)]).to.deep.equal(expected);
    });
  }

  it('comes the oldest first when asked to, filtered or not, on every page', async () => {
    expect(idsOf(await history({ order: 'asc' }))).to.deep.equal(accepted);
    const first = await history({ order: 'asc', type: 'redeem', limit: '2' });
    const rest = await history({ order: 'asc', type: 'redeem', cursor: first.body.next_cursor });
    expect([...idsOf(first), ...idsOf(rest)]).to.deep.equal(accepted.slice(5, 10));
  });

  it('filters by order and by when it happened, the first moment included and the last not', async () => {
    const own = await createCustomer(service);
    const days = ['2026-01-01', '2026-01-02', '2026-01-03'].map((date) => `${date}T00:00:00.000Z`);
    const ids: string[] = [];
    for (const [index, occurred_at] of days.entries()) {
      ids.push((await earn(service, own, { points: 1, occurred_at, order_id: `o-${index % 2}` })).body.id);
    }
    const [from = '', to = ''] = days.slice(1);
    const asked: [query: Record<string, string>, expected: (string | undefined)[]][] = [
      [{ occurred_from: from }, [ids[2], ids[1]]],
      [{ occurred_to: to }, [ids[1], ids[0]]],
      [{ occurred_from: from, occurred_to: to }, [ids[1]]],
      [{ occurred_from: from.replace('Z', '+01:00') }, [ids[2], ids[1]]],
      [{ order_id: 'o-0' }, [ids[2], ids[0]]],
      [{ order_id: 'o-0', occurred_to: to }, [ids[0]]],
      [{ order_id: 'O-0' }, []],
    ];
    for (const [query, expected] of asked) {
      expect(idsOf(await history(query, own)), JSON.stringify(query)).to.deep.equal(expected);
    }
  });

  it('takes a cursor only for the filters and the order it was made for', async () => {
    const { body } = await history({ limit: '1', type: 'earn' });
    const others = [{}, { type: 'redeem' }, { type: 'earn', status: 'applied' }, { type: 'earn', order: 'asc' }];
    for (const query of others as Record<string, string>[]) {
      const answer = await history({ ...query, cursor: body.next_cursor });
      expect([answer.status, answer.body.errors?.[0].parameter], JSON.stringify(query)).to.deep.equal([400, 'cursor']);
    }
    expect((await history({ type: 'earn', order: 'desc', limit: '5', cursor: body.next_cursor })).status).to.equal(200);
  });

  it('explains each line', async () => {
    const own = await createCustomer(service);
    await earn(service, own, { amount_minor: 12_345, currency: 'USD' });
    await redeem(service, own, 23);
    await redeem(service, own, 500, { Prefer: 'wait=5' });
    const { items } = (await history({ order: 'asc' }, own)).body;
    expect(items.map(({ text }: { text: string }) => text)).to.deep.equal([
      '123 points for 123.45 USD as bronze (×1).',
      '23 points redeemed.',
      'Redemption: refused, because there are not enough points.',
    ]);
    expect(items.map(({ explanation }: { explanation: object }) => explanation)).to.deep.equal([
      { programme_version: 1, tier: 'bronze', multiplier_bp: 10_000 },
      { programme_version: 1 },
      null,
    ]);
  });

  it('is empty for a customer without any, and not found for one that is not there', async () => {
    const { status, body } = await history({}, await createCustomer(service));
    expect({ status, body }).to.deep.equal({ status: 200, body: { items: [], next_cursor: null } });
    for (const id of [randomUUID(), 'abc']) {
      const missing = await history({}, id);
      expect({ status: missing.status, code: missing.body.code }).to.deep.equal({
        status: 404,
        code: 'customer-not-found',
      });
    }
  });

  it('shows a customer its own', async () => {
    const own = await service.request('GET', `/customers/${customer}/loyalty/transactions`, {
      role: 'customer',
      sub: customer,
    });
    expect(idsOf(own)).to.deep.equal([...accepted].reverse());
  });
}

function single() {
  const read = (id: string, of = customer) => service.request('GET', `/customers/${of}/loyalty/transactions/${id}`);

  it('is what the history shows', async () => {
    const { body } = await history();
    for (const item of body.items.slice(0, 4)) expect((await read(item.id)).body).to.deep.equal(item);
  });

  it('is not found under an id nobody has, one that can not be, and one of another customer', async () => {
    const other = await createCustomer(service);
    const { body: foreign } = await earn(service, other, { points: 1 });
    const answers = [await read(randomUUID()), await read('abc'), await read(foreign.id), await read(customer)];
    const bodies = answers.map(({ body: { instance: _instance, request_id: _request_id, ...rest } }) => rest);
    expect(bodies[0]).to.include({ status: 404, code: 'transaction-not-found' });
    for (const body of bodies) expect(body).to.deep.equal(bodies[0]);
    expect((await read(foreign.id, other)).status).to.equal(200);
  });
}
