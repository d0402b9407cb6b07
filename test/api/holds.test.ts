// Holds over HTTP: points set aside, taken in parts or given back, by nobody but who may, and never twice.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { balancesAgree } from '../helpers/ledger.ts';
import { type RequestOptions, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, passTime, post, redeem } from '../helpers/shop.ts';

let service: Service;
let customer: string;

describe('holds', () => {
  before(async () => {
    service = await startService({ workers: 0 });
  });
  after(async () => {
    await balancesAgree(service);
    await service.stop();
  });
  beforeEach(async () => {
    customer = await createCustomer(service);
    await earn(service, customer, { points: 100 }, { Prefer: 'wait=5' });
  });

  describe('made', making);
  describe('captured and voided', ending);
  describe('sent again', replays);
  describe('of others', strangers);
  describe('at once', races);
});

const path = (of = customer) => `/customers/${of}/loyalty/holds`;
const hold = (points: number, more: object = {}, options: RequestOptions = {}) =>
  post(service, path(), { points, ...more }, options);
const capture = (id: string, body: object = {}, options: RequestOptions = {}) =>
  post(service, `${path()}/${id}/capture`, body, options);
const voidHold = (id: string, options: RequestOptions = {}) => post(service, `${path()}/${id}/void`, {}, options);
const read = async (id: string) => (await service.request('GET', `${path()}/${id}`)).body;
const open = async () => (await service.request('GET', path())).body.items.map((item: { id: string }) => item.id);
const figures = async () => {
  const { body } = await service.request('GET', `/customers/${customer}/loyalty`);
  return [body.points_balance, body.points_available, body.points_held];
};

function making() {
  it('waits for the outcome, sets the points aside, and tells where the hold is', async () => {
    const { status, headers, body } = await hold(60, { order_id: 'o-1', source: 'till-3', description: 'Lunch' });
    expect(status).to.equal(200);
    expect(headers.get('preference-applied')).to.equal('wait=5');
    expect(headers.get('location')).to.equal(`${path()}/${body.id}`);
    expect(body).to.include({ type: 'hold', status: 'applied', points: 60, balance_before: 100, balance_after: 100 });
    expect(await figures()).to.deep.equal([100, 40, 60]);
    const { accepted_at, expires_at, ...rest } = (await service.request('GET', headers.get('location') as string)).body;
    expect(rest).to.deep.equal({
      ...{ id: body.id, customer_id: customer, status: 'open', points: 60, points_captured: 0, points_left: 60 },
      ...{ order_id: 'o-1', source: 'till-3', external_reference: null, description: 'Lunch', rejection_code: null },
    });
    expect(Date.parse(expires_at) - Date.parse(accepted_at)).to.equal(900_000);
    expect(body.explanation.expires_at).to.equal(expires_at);
  });

  const PREFERENCES: [prefer: string, status: number, applied: string | null][] = [
    ['wait=2', 200, 'wait=2'],
    ['respond-async', 202, null],
    ['wait=0', 202, null],
    ['respond-async, wait=3', 200, 'wait=3'],
    ['return=minimal', 200, 'wait=5'],
  ];
  for (const [Prefer, status, applied] of PREFERENCES) {
    it(`answers ${status} to Prefer: ${Prefer}`, async () => {
      const answer = await hold(1, {}, { headers: { Prefer } });
      expect([answer.status, answer.headers.get('preference-applied')]).to.deep.equal([status, applied]);
      expect((await read(answer.body.id)).status).to.equal(status === 200 ? 'open' : 'pending');
    });
  }

  it('is refused as an outcome when there are not enough points, held ones left out', async () => {
    await hold(60);
    const { status, body } = await hold(41);
    expect(status).to.equal(200);
    expect(body).to.include({ status: 'rejected', rejection_code: 'insufficient-points' });
    expect(await read(body.id)).to.include({ status: 'rejected', points_left: 0, expires_at: null });
    expect((await redeem(service, customer, 41, { Prefer: 'wait=5' })).body.status).to.equal('rejected');
    expect((await redeem(service, customer, 40, { Prefer: 'wait=5' })).body.status).to.equal('applied');
  });

  it('runs out by itself, with no worker about, and is open for as long as it says', async () => {
    const [short, long] = [await hold(10, { expires_in: 60 }), await hold(10, { expires_in: 2_592_000 })];
    expect(await open()).to.deep.equal([long.body.id, short.body.id]);
    await passTime(service, '61 seconds');
    expect(await open()).to.deep.equal([long.body.id]);
    expect(await read(short.body.id)).to.include({ status: 'expired', points_left: 0 });
    expect(await figures()).to.deep.equal([100, 90, 10]);
    expect((await capture(short.body.id)).body).to.include({ status: 'rejected', rejection_code: 'hold-not-open' });
    expect(await read(short.body.id)).to.include({ status: 'expired', points_left: 0 });
    await passTime(service, '31 days');
    expect(await open()).to.deep.equal([]);
  });

  it('is listed in pages, the newest first, while it is open', async () => {
    const ids: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) ids.unshift((await hold(1)).body.id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await service.request('GET', `${path()}?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.next_cursor;
    } while (cursor);
    expect(seen).to.deep.equal(ids);
  });
}

function ending() {
  it('is captured whole, if nothing is said', async () => {
    const { body } = await hold(60);
    const taken = await capture(body.id);
    expect(taken.status).to.equal(200);
    expect(taken.body).to.include({ type: 'capture', status: 'applied', points: 60, balance_after: 40 });
    expect(taken.body.explanation.hold_id).to.equal(body.id);
    expect(await read(body.id)).to.include({ status: 'captured', points: 60, points_captured: 60, points_left: 0 });
    expect(await figures()).to.deep.equal([40, 40, 0]);
    expect(await open()).to.deep.equal([]);
  });

  it('is captured in parts, and the last one gives back the rest', async () => {
    const { body } = await hold(60);
    await capture(body.id, { points: 10, final: false });
    expect(await read(body.id)).to.include({ status: 'open', points_captured: 10, points_left: 50 });
    expect((await capture(body.id, { points: 51 })).body).to.include({ rejection_code: 'exceeds-hold' });
    await capture(body.id, { points: 20 });
    expect(await read(body.id)).to.include({ status: 'captured', points_captured: 30, points_left: 0 });
    expect(await figures()).to.deep.equal([70, 70, 0]);
    expect((await capture(body.id, { points: 1 })).body).to.include({ rejection_code: 'hold-not-open' });
    expect((await voidHold(body.id)).body).to.include({ rejection_code: 'hold-not-open' });
  });

  it('is voided, what was captured before stays taken', async () => {
    const { body } = await hold(60);
    await capture(body.id, { points: 10, final: false });
    const released = await voidHold(body.id);
    expect(released.status).to.equal(200);
    expect(released.body).to.include({ type: 'release', status: 'applied', points: 50, balance_after: 90 });
    expect(await read(body.id)).to.include({ status: 'released', points_captured: 10, points_left: 0 });
    expect(await figures()).to.deep.equal([90, 90, 0]);
  });

  it('of a record that was merged is over, and can be read under the id that lives on', async () => {
    const { body } = await hold(60);
    const target = await createCustomer(service);
    await service.request('POST', `/customers/${target}/merge`, { body: { from_customer_id: customer } });
    const old = await service.request('GET', `${path()}/${body.id}`, { redirect: 'manual' });
    expect([old.status, old.headers.get('location')]).to.deep.equal([308, `${path(target)}/${body.id}`]);
    customer = target;
    expect(await read(body.id)).to.include({ status: 'released' });
    expect((await capture(body.id)).body).to.include({ status: 'rejected', rejection_code: 'hold-not-open' });
    expect(await figures()).to.deep.equal([100, 100, 0]);
  });
}

function replays() {
  const keyed = (key: string) => ({ headers: { 'Idempotency-Key': key } });

  it('makes one hold, one capture and one void of a key, and tells the outcome again', async () => {
    const holds = [await hold(60, {}, keyed('h')), await hold(60, {}, keyed('h'))];
    const id = holds[0]?.body.id;
    const captures = [
      await capture(id, { points: 10, final: false }, keyed('c')),
      await capture(id, { points: 10, final: false }, keyed('c')),
    ];
    const voids = [await voidHold(id, keyed('v')), await voidHold(id, keyed('v'))];
    for (const [first, again] of [holds, captures, voids]) {
      expect(again?.body).to.deep.equal(first?.body);
      expect([first, again].map((answer) => answer?.headers.get('idempotent-replayed'))).to.deep.equal([null, 'true']);
    }
    expect(await figures()).to.deep.equal([90, 90, 0]);
  });

  it('refuses a key for another hold, another operation or other points', async () => {
    const [one, two] = [(await hold(10, {}, keyed('h'))).body.id, (await hold(10)).body.id];
    await capture(one, { points: 1, final: false }, keyed('c'));
    const misuses = [
      await capture(two, { points: 1, final: false }, keyed('c')),
      await capture(one, { points: 2, final: false }, keyed('c')),
      await capture(one, { points: 1 }, keyed('c')),
      await voidHold(one, keyed('c')),
      await redeem(service, customer, 10, { 'Idempotency-Key': 'h' }),
      await hold(10, { expires_in: 60 }, keyed('h')),
    ];
    for (const { status, body } of misuses) expect([status, body.code]).to.deep.equal([422, 'idempotency-key-reused']);
  });

  it('asks for a key before anything else', async () => {
    const { id } = (await hold(10)).body;
    for (const url of [path(), `${path()}/${id}/capture`, `${path()}/${id}/void`, `${path()}/${randomUUID()}/void`]) {
      const { status, body } = await service.request('POST', url, { body: url === path() ? { points: 1 } : {} });
      expect([url, status, body.code]).to.deep.equal([url, 400, 'idempotency-key-missing']);
    }
  });
}

function strangers() {
  it('are not found: not there, no hold, of another customer, or no id at all', async () => {
    const other = await createCustomer(service);
    await earn(service, other, { points: 10 }, { Prefer: 'wait=5' });
    const foreign = (await post(service, path(other), { points: 10 })).body.id;
    const { body: purchase } = await earn(service, customer, { points: 1 });
    for (const id of [foreign, purchase.id, randomUUID(), 'abc', customer]) {
      const answers = [
        await capture(id),
        await voidHold(id),
        await service.request('GET', `${path()}/${id}`),
        await service.request('GET', `${path()}/${id}`, { role: 'customer', sub: customer }),
      ];
      for (const { status, body } of answers) expect([status, body.code]).to.deep.equal([404, 'hold-not-found']);
    }
    const mine = await service.request('GET', `${path(other)}/${foreign}`, { role: 'customer', sub: customer });
    expect([mine.status, mine.body.code]).to.deep.equal([404, 'customer-not-found']);
    const own = await service.request('GET', `${path(other)}/${foreign}`, { role: 'customer', sub: other });
    expect(own.body).to.include({ status: 'open', points_left: 10 });
  });

  it('are not made for a customer that is not there, nor listed', async () => {
    const answers = [await post(service, path(randomUUID()), { points: 1 }), await service.request('GET', path('abc'))];
    for (const { status, body } of answers) expect([status, body.code]).to.deep.equal([404, 'customer-not-found']);
  });
}

function races() {
  it('never set more aside than there is: 50 for 100 points', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => hold(7)));
    expect(answers.filter(({ body }) => body.status === 'applied')).to.have.length(14);
    expect(await figures()).to.deep.equal([100, 2, 98]);
  });

  it('are captured once by two who come together, and by ten for no more than there is', async () => {
    const { id } = (await hold(60)).body;
    const both = await Promise.all([capture(id), capture(id)]);
    expect(both.map(({ body }) => body.rejection_code).sort()).to.deep.equal(['hold-not-open', null]);
    const next = (await hold(40)).body.id;
    const ten = await Promise.all(Array.from({ length: 10 }, () => capture(next, { points: 7, final: false })));
    expect(ten.filter(({ body }) => body.status === 'applied')).to.have.length(5);
    expect(await read(next)).to.include({ status: 'open', points_captured: 35, points_left: 5 });
  });

  it('are captured or voided, not both', async () => {
    const { id } = (await hold(60)).body;
    const both = await Promise.all([capture(id), voidHold(id)]);
    expect(both.map(({ body }) => body.status).sort()).to.deep.equal(['applied', 'rejected']);
  });
}
