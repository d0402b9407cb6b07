// Earn and redeem over HTTP: accepted at once, decided on request, refused as an outcome and not as an error.
// No worker runs here, so what nobody waits for stays pending.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';

const WAIT = { Prefer: 'wait=5' };
let service: Service;

describe('earning and redeeming', () => {
  before(async () => {
    service = await startService({ workers: 0 });
  });
  after(() => service.stop());

  describe('without waiting', accepting);
  describe('with Prefer: wait', waiting);
  describe('by the rules', rules);
  describe('refused', refusals);
});

const loyaltyOf = async (customer: string) => (await service.request('GET', `/customers/${customer}`)).body.loyalty;

const buy = (customer: string, amount_minor: number) =>
  earn(service, customer, { amount_minor, currency: 'USD' }, WAIT);

function accepting() {
  it('answers an earn with 202, its address, and a pending transaction that says all it knows', async () => {
    const customer = await createCustomer(service);
    const sent = {
      amount_minor: 12_345,
      currency: 'EUR',
      order_id: 'CA-2016-152156',
      source: 'till-3',
      external_reference: 'receipt 9',
      description: 'Lunch “du jour”',
      occurred_at: '2026-01-02T03:04:05.678+02:00',
    };
    const { status, headers, body } = await earn(service, customer, sent);
    expect(status).to.equal(202);
    expect(headers.get('location')).to.equal(`/customers/${customer}/loyalty/transactions/${body.id}`);
    expect(headers.has('preference-applied')).to.equal(false);
    expect(headers.has('idempotent-replayed')).to.equal(false);
    const { id, accepted_at, ...rest } = body;
    expect(rest).to.deep.equal({
      ...sent,
      ...{ customer_id: customer, type: 'earn', status: 'pending', occurred_at: '2026-01-02T01:04:05.678Z' },
      ...{ points: null, sequence: null, rejection_code: null, balance_after: null, applied_at: null },
      ...{ balance_before: null, explanation: null, text: 'Earn: waits to be applied.' },
    });
    expect(id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(Math.abs(Date.parse(accepted_at) - Date.now())).to.be.below(5_000);
    const read = await service.request('GET', headers.get('location') as string);
    expect(read.body).to.deep.equal(body);
  });

  it('takes the moment of acceptance for an event that does not say when it happened', async () => {
    const { body } = await earn(service, await createCustomer(service), { points: 1 });
    expect(Math.abs(Date.parse(body.occurred_at) - Date.parse(body.accepted_at))).to.be.below(1_000);
  });

  it('shows what waits as points_pending, what would be refused left out, and moves no balance', async () => {
    const customer = await createCustomer(service);
    await earn(service, customer, { points: 100 });
    await redeem(service, customer, 30);
    await redeem(service, customer, 500);
    await earn(service, customer, { amount_minor: 999, currency: 'USD' });
    const expected = {
      ...{ points_available: 0, points_pending: 79, tier: 'bronze', total_spent_minor: 0, visits_count: 0 },
      last_visit_at: null,
    };
    expect(await loyaltyOf(customer)).to.deep.equal(expected);
    const { body } = await service.request('GET', '/customers?limit=1');
    expect(body.items[0]).to.deep.include({ id: customer, loyalty: expected });
  });

  const MOMENTS = ['0001-06-01T00:00:00Z', '0050-01-01T12:00:00Z', '0999-12-31T23:59:59Z', '1815-12-10T01:02:03.004Z'];
  for (const occurred_at of [...MOMENTS, '2026-01-02T03:04:05.999999999Z', '9999-12-31T23:59:59Z']) {
    it(`keeps the moment ${occurred_at} or refuses it, and shows no other`, async () => {
      const { status, body } = await earn(service, await createCustomer(service), { points: 1, occurred_at });
      if (status === 422) return expect(body.errors[0]).to.include({ pointer: '/occurred_at' });
      expect(status).to.equal(202);
      expect(Math.abs(Date.parse(body.occurred_at) - Date.parse(occurred_at))).to.be.below(2);
    });
  }

  it('shows what waits for each customer of a list, however much waits for another', async () => {
    const [busy, quiet] = [await createCustomer(service), await createCustomer(service)];
    await service.database.db.raw(
      `insert into loyalty_transactions
         (id, customer_id, idempotency_key, fingerprint, type, points, occurred_at, accepted_from)
       select gen_random_uuid(), ?, 'k' || n, '', 'earn', 1, now(), 'test' from generate_series(1, 2000) as n`,
      [busy],
    );
    await earn(service, quiet, { points: 5 });
    const { body } = await service.request('GET', '/customers?limit=2');
    const pending = body.items.map((item: { loyalty: { points_pending: number } }) => item.loyalty.points_pending);
    expect(pending).to.deep.equal([5, 2_000]);
  });

  it('says no such customer for one that is missing or can not be, and writes nothing', async () => {
    for (const id of [randomUUID(), 'abc']) {
      const { status, body } = await earn(service, id, { points: 1 });
      expect({ status, code: body.code }).to.deep.equal({ status: 404, code: 'customer-not-found' });
    }
  });
}

function waiting() {
  it('answers an earn with 200, what was applied, and the preference it honoured', async () => {
    const customer = await createCustomer(service);
    const { status, headers, body } = await buy(customer, 12_345);
    expect(status).to.equal(200);
    expect(headers.get('preference-applied')).to.equal('wait=5');
    expect(headers.get('location')).to.equal(`/customers/${customer}/loyalty/transactions/${body.id}`);
    expect(body).to.include({ status: 'applied', points: 123, balance_after: 123, sequence: 1, rejection_code: null });
    expect(Date.parse(body.applied_at)).to.be.at.least(Date.parse(body.accepted_at));
    expect(await loyaltyOf(customer)).to.deep.equal({
      ...{ points_available: 123, points_pending: 0, tier: 'bronze', total_spent_minor: 12_345, visits_count: 1 },
      last_visit_at: body.occurred_at,
    });
  });

  it('decides what was accepted before first, in the order of acceptance', async () => {
    const customer = await createCustomer(service);
    const pending: Response[] = [];
    for (const points of [10, 20, 30]) pending.push(await earn(service, customer, { points }));
    pending.push(await redeem(service, customer, 59));
    const { body } = await redeem(service, customer, 1, WAIT);
    expect(body).to.include({ status: 'applied', sequence: 5, balance_after: 0 });
    const decided = await Promise.all(
      pending.map(({ headers }) => service.request('GET', headers.get('location') as string)),
    );
    expect(decided.map((answer) => [answer.body.sequence, answer.body.balance_after])).to.deep.equal([
      [1, 10],
      [2, 30],
      [3, 60],
      [4, 1],
    ]);
  });

  it('sees A before B when A’s 202 was there before B was sent', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const customer = await createCustomer(service);
      await earn(service, customer, { points: 7 });
      const { body } = await redeem(service, customer, 7, WAIT);
      expect(body).to.include({ status: 'applied', sequence: 2, balance_after: 0 });
    }
  });

  const PREFERENCES: [prefer: string, status: number, applied: string | null][] = [
    ['wait=1', 200, 'wait=1'],
    ['wait=999', 200, 'wait=10'],
    ['respond-async, wait=3', 200, 'wait=3'],
    ['handling=lenient; x=y, WAIT = 2', 200, 'wait=2'],
    ['wait="4"', 200, 'wait=4'],
    ['wait=0', 202, null],
    ['wait', 202, null],
    ['wait=-1', 202, null],
    ['wait=soon', 202, null],
    ['wait=1.5', 202, null],
    ['await=5', 202, null],
    ['respond-async', 202, null],
    ['return=minimal', 202, null],
    [',;=', 202, null],
  ];
  for (const [prefer, status, applied] of PREFERENCES) {
    it(`answers ${status} to Prefer: ${prefer}`, async () => {
      const answer = await earn(service, await createCustomer(service), { points: 1 }, { Prefer: prefer });
      expect(answer.status).to.equal(status);
      expect(answer.headers.get('preference-applied')).to.equal(applied);
    });
  }
}

function rules() {
  // Thresholds: 500 / 2,000 / 5,000 / 10,000 spent, or 10 / 25 / 50 / 100 visits; ×1, 1.2, 1.5, 2, 2.5.
  const PURCHASES: [amount_minor: number, points: number, tier: string][] = [
    [500_00, 500, 'silver'],
    [100_00, 120, 'silver'],
    [1_400_00, 1_680, 'gold'],
    [99, 1, 'gold'],
    [2_999_01, 4_498, 'platinum'],
    [5_000_00, 10_000, 'diamond'],
    [1_00, 2, 'diamond'],
    [1, 0, 'diamond'],
  ];
  it('gives points by the tier held before the purchase, rounded down, and moves the tier after it', async () => {
    const customer = await createCustomer(service);
    let last_visit_at: string | undefined;
    for (const [amount_minor, points, tier] of PURCHASES) {
      const { body } = await buy(customer, amount_minor);
      last_visit_at = body.occurred_at;
      expect({ amount_minor, points: body.points, tier: (await loyaltyOf(customer)).tier }).to.deep.equal({
        amount_minor,
        points,
        tier,
      });
    }
    const spent = PURCHASES.reduce((sum, [amount]) => sum + amount, 0);
    const balance = PURCHASES.reduce((sum, [, points]) => sum + points, 0);
    expect(await loyaltyOf(customer)).to.deep.equal({
      ...{ points_available: balance, points_pending: 0, tier: 'diamond', total_spent_minor: spent, visits_count: 8 },
      last_visit_at,
    });
  });

  it('lifts to silver by the tenth visit as well', async () => {
    const customer = await createCustomer(service);
    for (let visit = 0; visit < 9; visit += 1) await earn(service, customer, { amount_minor: 1_00, currency: 'USD' });
    await buy(customer, 1_00);
    expect(await loyaltyOf(customer)).to.include({ tier: 'silver', visits_count: 10 });
    expect((await buy(customer, 10_00)).body.points).to.equal(12);
  });

  it('gives bonus points exactly, which are no visit, no spend and no step towards a tier', async () => {
    const customer = await createCustomer(service);
    const { body } = await earn(service, customer, { points: 1_000_000_000 }, WAIT);
    expect(body).to.include({ points: 1_000_000_000, amount_minor: null, currency: null });
    expect(await loyaltyOf(customer)).to.deep.equal({
      ...{ points_available: 1_000_000_000, points_pending: 0, tier: 'bronze', total_spent_minor: 0, visits_count: 0 },
      last_visit_at: null,
    });
  });

  it('redeems to the last point', async () => {
    const customer = await createCustomer(service);
    await earn(service, customer, { points: 50 });
    const { status, body } = await redeem(service, customer, 50, WAIT);
    expect(status).to.equal(200);
    expect(body).to.include({ type: 'redeem', status: 'applied', points: 50, balance_after: 0, sequence: 2 });
    expect(await loyaltyOf(customer)).to.include({ points_available: 0 });
  });
}

function refusals() {
  it('rejects what exceeds the balance as an outcome with a code, and goes on', async () => {
    const customer = await createCustomer(service);
    await earn(service, customer, { points: 10 });
    const refused = await redeem(service, customer, 11, WAIT);
    expect(refused.status).to.equal(200);
    expect(refused.body).to.include({
      ...{ status: 'rejected', rejection_code: 'insufficient-points', points: 11, balance_after: 10, sequence: 2 },
    });
    const next = await redeem(service, customer, 10, WAIT);
    expect(next.body).to.include({ status: 'applied', balance_after: 0, sequence: 3 });
  });

  it('rejects both earn and redeem while the customer is suspended, and takes them up again after', async () => {
    const customer = await createCustomer(service);
    const status = (value: string) => service.request('PUT', `/customers/${customer}`, { body: { status: value } });
    await earn(service, customer, { points: 10 }, WAIT);
    await status('suspended');
    for (const answer of [await buy(customer, 100_00), await redeem(service, customer, 1, WAIT)]) {
      expect(answer.status).to.equal(200);
      expect(answer.body).to.include({ status: 'rejected', rejection_code: 'customer-suspended', balance_after: 10 });
    }
    expect(await loyaltyOf(customer)).to.include({ points_available: 10, visits_count: 0, total_spent_minor: 0 });
    await status('active');
    expect((await redeem(service, customer, 1, WAIT)).body).to.include({ status: 'applied', balance_after: 9 });
  });

  it('lets an inactive customer, who is merely not coming, earn', async () => {
    const customer = await createCustomer(service, { status: 'inactive' });
    expect((await buy(customer, 1_00)).body).to.include({ status: 'applied', points: 1 });
  });
}
