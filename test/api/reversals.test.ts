// Refunds and returns over HTTP: of a transaction or of an order, in parts, before the purchase, and for nobody else.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { balancesAgree } from '../helpers/ledger.ts';
import { type RequestOptions, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, post, redeem } from '../helpers/shop.ts';

const WAIT = { Prefer: 'wait=5' };
let service: Service;
let customer: string;

describe('reversals', () => {
  before(async () => {
    service = await startService({ workers: 0 });
  });
  after(async () => {
    await balancesAgree(service);
    await service.stop();
  });
  beforeEach(async () => {
    customer = await createCustomer(service);
  });

  describe('of a transaction', ofTransactions);
  describe('of an order', ofOrders);
  describe('in a batch', inBatches);
  describe('sent again', replays);
  describe('refused', refusals);
});

const base = (of = customer) => `/customers/${of}/loyalty`;
const buy = async (amount_minor: number, order_id: string | null = null) =>
  (await earn(service, customer, { amount_minor, currency: 'USD', order_id }, WAIT)).body;
const reverse = (id: string, body: object = {}, options: RequestOptions = {}) =>
  post(service, `${base()}/transactions/${id}/reverse`, body, { headers: WAIT, ...options });
const refund = (body: object, options: RequestOptions = {}) =>
  post(service, `${base()}/reversals`, body, { headers: WAIT, ...options });
const account = async () => (await service.request('GET', base())).body;
const dollars = (amount_minor: number) => ({ amount_minor, currency: 'USD' });

function ofTransactions() {
  it('takes back all that is left of a purchase: points, spend, visit and tier', async () => {
    const purchase = await buy(600_00);
    expect((await account()).tier).to.equal('silver');
    const { status, headers, body } = await reverse(purchase.id, { description: 'Returned' });
    expect(status).to.equal(200);
    expect(headers.get('location')).to.equal(`${base()}/transactions/${body.id}`);
    expect(body).to.include({ type: 'reverse_earn', status: 'applied', points: 600, balance_after: 0 });
    expect(body.explanation.reversed).to.deep.equal({ id: purchase.id, points: 600, amount_minor: 60_000, visits: 1 });
    expect(body.text).to.include(purchase.id);
    const after = await account();
    expect(after.tier).to.equal('bronze');
    expect(after.lifetime).to.include({ earned: 0, total_spent_minor: 0, visits_count: 0 });
  });

  it('goes in parts, by amount and by points, until nothing is left', async () => {
    const { id } = await buy(100_01);
    expect((await reverse(id, dollars(33_33))).body.points).to.equal(33);
    expect((await reverse(id, { points: 7 })).body.points).to.equal(7);
    expect((await reverse(id, { points: 61 })).body).to.include({ rejection_code: 'exceeds-original' });
    expect((await reverse(id, dollars(66_69))).body).to.include({ rejection_code: 'exceeds-original' });
    expect((await reverse(id)).body.points).to.equal(60);
    expect((await reverse(id)).body).to.include({ status: 'rejected', rejection_code: 'exceeds-original' });
    expect((await account()).lifetime).to.include({ earned: 0, total_spent_minor: 0, visits_count: 0 });
  });

  it('takes no more points than there are, and says what was spent', async () => {
    const { id } = await buy(100_00);
    await redeem(service, customer, 70, WAIT);
    const { body } = await reverse(id);
    expect(body).to.include({ status: 'applied', points: 30, balance_after: 0 });
    expect(body.explanation.shortfall).to.equal(70);
  });

  it('gives redeemed points back, and captured ones', async () => {
    await buy(100_00);
    const { body: spent } = await redeem(service, customer, 40, WAIT);
    const { body: given } = await reverse(spent.id, { points: 15 });
    expect(given).to.include({ type: 'reverse_redeem', status: 'applied', points: 15, balance_after: 75 });
    expect((await reverse(spent.id)).body).to.include({ points: 25, balance_after: 100 });
    const { id: hold } = (await post(service, `${base()}/holds`, { points: 50 })).body;
    const { body: captured } = await post(service, `${base()}/holds/${hold}/capture`, { points: 50 });
    expect((await reverse(captured.id)).body).to.include({ type: 'reverse_redeem', points: 50, balance_after: 100 });
  });

  it('is accepted for a purchase that waits itself, and decided after it', async () => {
    const { body } = await earn(service, customer, dollars(50_00));
    const accepted = await reverse(body.id, {}, { headers: {} });
    expect([accepted.status, accepted.body.status]).to.deep.equal([202, 'pending']);
    await redeem(service, customer, 1, WAIT);
    const { body: decided } = await service.request('GET', accepted.headers.get('location') as string);
    expect(decided).to.include({ status: 'applied', points: 50, sequence: 2 });
  });

  it('finds what a merged record bought, and writes on the customer of the path', async () => {
    const purchase = await buy(80_00, 'o-80');
    const target = await createCustomer(service);
    await service.request('POST', `/customers/${target}/merge`, { body: { from_customer_id: customer } });
    const old = await post(service, `${base()}/transactions/${purchase.id}/reverse`, {}, { redirect: 'manual' });
    expect(old.status).to.equal(308);
    customer = target;
    expect((await reverse(purchase.id, dollars(30_00))).body).to.include({ customer_id: target, points: 30 });
    expect((await refund({ order_id: 'o-80' })).body).to.include({ customer_id: target, points: 50, balance_after: 0 });
  });
}

function ofOrders() {
  it('takes back the purchase of the order', async () => {
    await buy(10_00, 'o-1');
    const { id } = await buy(20_00, 'o-2');
    const { status, body } = await refund({ order_id: 'o-2', ...dollars(5_00) });
    expect(status).to.equal(200);
    expect(body).to.include({ type: 'reverse_earn', status: 'applied', points: 5, order_id: 'o-2' });
    expect(body.explanation.reversed.id).to.equal(id);
    expect((await refund({ order_id: 'o-2', points: 15 })).body).to.include({ points: 15, balance_after: 10 });
  });

  it('is parked while the purchase is not here, and applied when it comes', async () => {
    const early = await refund({ order_id: 'o-9', ...dollars(4_00) });
    expect([early.status, early.headers.get('preference-applied')]).to.deep.equal([200, 'wait=5']);
    expect(early.body).to.include({ status: 'parked', sequence: null, points: null, applied_at: null });
    expect(early.body.text).to.equal('Refund: waits for its purchase.');
    const parked = await service.request('GET', `${base()}/transactions?status=parked`);
    expect(parked.body.items.map((item: { id: string }) => item.id)).to.deep.equal([early.body.id]);
    expect((await buy(10_00, 'o-9')).points).to.equal(10);
    const { body } = await service.request('GET', early.headers.get('location') as string);
    expect(body).to.include({ status: 'applied', points: 4, sequence: 2, balance_after: 6 });
    expect(await account()).to.deep.include({ points_balance: 6 });
  });
}

function inBatches() {
  const event = (type: string, more: object) => ({
    type,
    customer_id: customer,
    idempotency_key: randomUUID(),
    ...more,
  });
  const send = (items: object[], role: RequestOptions['role'] = 'service') =>
    service.request('POST', '/loyalty/transactions/batch', { role, body: { items } });

  it('comes as `reverse` with its order, before or after the purchase', async () => {
    const { body } = await send([
      event('reverse', { order_id: 'late', ...dollars(3_00) }),
      event('earn', { order_id: 'late', ...dollars(10_00) }),
      event('earn', { order_id: 'early', ...dollars(20_00) }),
      event('reverse', { order_id: 'early' }),
    ]);
    expect(body).to.include({ accepted: 4, refused: 0 });
    await redeem(service, customer, 1, WAIT);
    expect(await account()).to.deep.include({ points_balance: 6, sequence: 5 });
  });

  it('is refused alone when it is wrong', async () => {
    const { body } = await send([
      event('reverse', {}),
      event('reverse', { order_id: 'x', points: 1, ...dollars(1) }),
      event('reverse', { order_id: 'x', transaction_id: randomUUID() }),
      event('reverse_earn', { order_id: 'x' }),
      event('reverse', { order_id: 'x' }),
    ]);
    expect(body).to.include({ accepted: 1, refused: 4 });
    const pointers = body.items
      .slice(0, 4)
      .map((item: { problem: { errors: { pointer: string }[] } }) => item.problem.errors[0]?.pointer);
    expect(pointers).to.deep.equal(['/order_id', '', '/transaction_id', '/type']);
  });

  it('means the same as posted alone: one key, one refund', async () => {
    await buy(10_00, 'o-1');
    await refund({ order_id: 'o-1', points: 4 }, { headers: { 'Idempotency-Key': 'refund-1', ...WAIT } });
    const item = event('reverse', { order_id: 'o-1', points: 4, idempotency_key: 'refund-1' });
    expect((await send([item])).body).to.include({ replayed: 1 });
    expect((await account()).points_balance).to.equal(6);
  });
}

function replays() {
  const keyed = (key: string) => ({ headers: { ...WAIT, 'Idempotency-Key': key } });

  it('takes back once for a key, and tells the outcome again', async () => {
    const { id } = await buy(10_00);
    const [first, again] = [await reverse(id, { points: 4 }, keyed('r')), await reverse(id, { points: 4 }, keyed('r'))];
    expect(again.body).to.deep.equal(first.body);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    expect((await account()).points_balance).to.equal(6);
  });

  it('refuses a key for another transaction, another part or another operation', async () => {
    const [one, two] = [(await buy(10_00, 'o-1')).id, (await buy(10_00, 'o-1')).id];
    await reverse(one, { points: 4 }, keyed('r'));
    const misuses = [
      await reverse(two, { points: 4 }, keyed('r')),
      await reverse(one, { points: 5 }, keyed('r')),
      await reverse(one, {}, keyed('r')),
      await refund({ order_id: 'o-1', points: 4 }, keyed('r')),
      await earn(service, customer, { points: 4 }, { 'Idempotency-Key': 'r' }),
    ];
    for (const { status, body } of misuses) expect([status, body.code]).to.deep.equal([422, 'idempotency-key-reused']);
    expect((await account()).points_balance).to.equal(16);
  });

  it('takes back no more than there was when many come at once', async () => {
    const { id } = await buy(10_00);
    const answers = await Promise.all(Array.from({ length: 10 }, () => reverse(id, { points: 3 })));
    expect(answers.filter(({ body }) => body.status === 'applied')).to.have.length(3);
    expect((await account()).points_balance).to.equal(1);
  });
}

function refusals() {
  it('answers 404 for a transaction that is not there, or another customer’s', async () => {
    const { id } = await buy(10_00);
    customer = await createCustomer(service);
    for (const missing of [id, randomUUID(), 'abc']) {
      const { status, body } = await reverse(missing);
      expect([status, body.code]).to.deep.equal([404, 'transaction-not-found']);
    }
  });

  it('answers 422 for what is no purchase and no redemption', async () => {
    const { id: earned } = await buy(10_00);
    const { id: reversed } = (await reverse(earned, { points: 1 })).body;
    const { id: held } = (await post(service, `${base()}/holds`, { points: 1 })).body;
    const adjustment = { direction: 'credit', points: 1, reason_code: 'other' };
    const { id: adjusted } = (await post(service, `${base()}/adjustments`, adjustment, { role: 'admin' })).body;
    for (const id of [reversed, held, adjusted]) {
      const { status, body } = await reverse(id);
      expect([status, body.code]).to.deep.equal([422, 'not-reversible']);
    }
  });

  it('rejects what was refused itself, or paid in another currency, as an outcome', async () => {
    const { body: refused } = await redeem(service, customer, 5, WAIT);
    expect((await reverse(refused.id)).body).to.include({ status: 'rejected', rejection_code: 'not-reversible' });
    const { id } = await buy(10_00);
    const { body } = await reverse(id, { amount_minor: 5_00, currency: 'EUR' });
    expect(body).to.include({ status: 'rejected', rejection_code: 'not-reversible', balance_after: 10 });
  });
}
