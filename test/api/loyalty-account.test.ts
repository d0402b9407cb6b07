// What can be read of an account besides its balance, and what an event would do: expirations, tiers, another moment,
// dry runs.

import { createHash, randomUUID } from 'node:crypto';
import { PROGRAMME } from '@customer-service/domain';
import { expect } from 'chai';
import { balancesAgree } from '../helpers/ledger.ts';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, passTime, post, redeem } from '../helpers/shop.ts';

const WAIT = { Prefer: 'wait=5' };
let service: Service;
let customer: string;

/** Points last 30 days; chairs count twice. */
const RULES = {
  ...PROGRAMME,
  earn: { ...PROGRAMME.earn, multipliers: [{ category: 'chairs', product: null, multiplier_bp: 20_000 }] },
  expiry: { policy: 'rolling_days', days: 30 },
};

describe('a loyalty account', () => {
  before(async () => {
    service = await startService({ workers: 0 });
    const { version: _version, effective_from: _from, ...rules } = RULES;
    await service.database.db('loyalty_programmes').insert({
      ...{ version: 2, effective_from: '2020-01-01T00:00:00Z', created_by: 'admin:test' },
      rules: JSON.stringify(rules),
    });
  });
  after(async () => {
    await balancesAgree(service);
    await service.stop();
  });
  beforeEach(async () => {
    customer = await createCustomer(service);
  });

  describe('by what lapses', expiring);
  describe('by its tiers', tiers);
  describe('at another moment', moments);
  describe('in a dry run', dryRuns);
  describe('by what was bought', items);
});

const get = (path: string, of = customer) => service.request('GET', `/customers/${of}/loyalty${path}`);
const buy = async (amount_minor: number, more: object = {}) =>
  (await earn(service, customer, { amount_minor, currency: 'USD', ...more }, WAIT)).body;
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const midnightIn = (days: number) =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)}T00:00:00.000Z`;

function expiring() {
  it('lists what lapses when, the soonest first, held and lapsed points left out', async () => {
    await earn(service, customer, { points: 10, occurred_at: daysAgo(40) }, WAIT);
    await earn(service, customer, { points: 20, occurred_at: daysAgo(20) }, WAIT);
    await earn(service, customer, { points: 30 }, WAIT);
    await earn(service, customer, { points: 40, occurred_at: '2019-06-01T00:00:00Z' }, WAIT);
    const { status, body } = await get('/expirations');
    expect(status).to.equal(200);
    expect(body.items).to.deep.equal([
      { expires_at: midnightIn(11), points: 20 },
      { expires_at: midnightIn(31), points: 30 },
      { expires_at: null, points: 40 },
    ]);
    await post(service, `/customers/${customer}/loyalty/holds`, { points: 25 });
    expect((await get('/expirations')).body.items).to.deep.equal([
      { expires_at: midnightIn(31), points: 25 },
      { expires_at: null, points: 40 },
    ]);
  });

  it('is empty without points, and not found without a customer', async () => {
    expect((await get('/expirations')).body.items).to.deep.equal([]);
    for (const id of [randomUUID(), 'abc']) {
      const { status, body } = await get('/expirations', id);
      expect([status, body.code]).to.deep.equal([404, 'customer-not-found']);
    }
  });
}

function tiers() {
  it('has every move, the newest first, in pages', async () => {
    const { id } = await buy(2_000_00);
    await post(service, `/customers/${customer}/loyalty/transactions/${id}/reverse`, {}, { headers: WAIT });
    await buy(500_00);
    const { body } = await get('/tiers');
    const moves = body.items.map((item: Record<string, string>) => [item.from_tier, item.to_tier, item.reason]);
    expect(moves).to.deep.equal([
      ['bronze', 'silver', 'activity'],
      ['gold', 'bronze', 'reversal'],
      ['bronze', 'gold', 'activity'],
    ]);
    expect(body.items.map((item: { sequence: number }) => item.sequence)).to.deep.equal([3, 2, 1]);
    const first = await get('/tiers?limit=2');
    const rest = await get(`/tiers?limit=2&cursor=${first.body.next_cursor}`);
    expect([...first.body.items, ...rest.body.items]).to.deep.equal(body.items);
    expect(rest.body.next_cursor).to.equal(null);
    const exported = (await service.request('GET', `/customers/${customer}/export`)).body.tier_changes;
    expect(exported).to.deep.equal([...body.items].reverse());
  });

  it('is empty at first, and not found without a customer', async () => {
    expect((await get('/tiers')).body).to.deep.equal({ items: [], next_cursor: null });
    expect((await get('/tiers', randomUUID())).body.code).to.equal('customer-not-found');
  });
}

function moments() {
  it('is what was booked then: nothing before the first transaction, and each line from its own moment', async () => {
    const start = new Date(Date.now() - 1_000).toISOString();
    const lines = [await buy(600_00), (await redeem(service, customer, 100, WAIT)).body, await buy(10_00)];
    expect((await get(`?as_of=${start}`)).body).to.deep.equal({
      ...{ points_balance: 0, sequence: 0, tier: 'bronze', as_of: start },
    });
    for (const { applied_at, balance_after, sequence } of lines) {
      const { body } = await get(`?as_of=${applied_at}`);
      expect(body).to.deep.equal({ points_balance: balance_after, sequence, tier: 'silver', as_of: applied_at });
    }
    const local = (lines[2].applied_at as string).replace('Z', '%2B00:00');
    expect((await get(`?as_of=${local}`)).body.as_of).to.equal(lines[2].applied_at);
  });

  it('is not told of the future, of nobody, or of what is no moment', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    for (const as_of of [soon, 'yesterday', '']) {
      const { status, body } = await get(`?as_of=${as_of}`);
      expect([status, body.code, body.errors[0].parameter]).to.deep.equal([400, 'invalid-query', 'as_of']);
    }
    for (const as_of of [soon, '2026-01-01T00:00:00Z']) {
      const { status, body } = await get(`?as_of=${as_of}`, randomUUID());
      expect([status, body.code]).to.deep.equal([404, 'customer-not-found']);
    }
  });
}

function dryRuns() {
  const tryOut = (type: 'earn' | 'redeem', body: object, of = customer) =>
    service.request('POST', `/customers/${of}/loyalty/${type}?dry_run=true`, { role: 'service', body });

  it('tells what an event would do after all that waits, and writes nothing', async () => {
    await earn(service, customer, { amount_minor: 450_00, currency: 'USD' });
    const { status, body, headers } = await tryOut('earn', { amount_minor: 100_00, currency: 'USD' });
    expect(status).to.equal(200);
    expect(headers.has('location')).to.equal(false);
    expect(body).to.include({ dry_run: true, type: 'earn', status: 'applied', points: 100, rejection_code: null });
    expect(body).to.include({ balance_before: 450, balance_after: 550, points_after: 550 });
    expect(body).to.include({ tier_before: 'bronze', tier_after: 'silver' });
    expect(body.explanation).to.include({ tier: 'bronze', multiplier_bp: 10_000, programme_version: 2 });
    const history = (await get('/transactions')).body.items;
    expect(history.map(({ status: state }: { status: string }) => state)).to.deep.equal(['pending']);
  });

  it('tells a refusal as an outcome, and agrees with what happens then', async () => {
    await earn(service, customer, { points: 50 }, WAIT);
    for (const points of [50, 51]) {
      const { body: would } = await tryOut('redeem', { points });
      const { body: done } = await redeem(service, points === 50 ? await twin() : customer, points, WAIT);
      for (const field of ['status', 'points', 'rejection_code', 'balance_before', 'balance_after', 'explanation']) {
        expect(would[field], field).to.deep.equal(done[field]);
      }
    }
  });

  /** Another customer in the same state. */
  const twin = async () => {
    const other = await createCustomer(service);
    await earn(service, other, { points: 50 }, WAIT);
    return other;
  };

  it('shows the lines that would follow: a refund that waits for this order', async () => {
    await post(service, `/customers/${customer}/loyalty/reversals`, { order_id: 'o-1', points: 4 }, { headers: WAIT });
    const { body } = await tryOut('earn', { amount_minor: 10_00, currency: 'USD', order_id: 'o-1' });
    expect(body).to.include({ points: 10, balance_after: 10, points_after: 6 });
    expect(body.lines).to.have.length(1);
    expect(body.lines[0]).to.include({ type: 'reverse_earn', status: 'applied', points: 4, balance_after: 6 });
  });

  it('is not the real thing when it is false, and checks all but the key', async () => {
    const real = await earn(service, customer, { points: 1 });
    expect(real.status).to.equal(202);
    const asked = await service.request('POST', `/customers/${customer}/loyalty/earn?dry_run=false`, {
      body: { points: 1 },
    });
    expect(asked.body.code).to.equal('idempotency-key-missing');
    expect((await tryOut('earn', { points: 0 })).status).to.equal(422);
    expect((await tryOut('earn', { points: 1 }, randomUUID())).body.code).to.equal('customer-not-found');
    const maybe = await service.request('POST', `/customers/${customer}/loyalty/earn?dry_run=maybe`, {
      body: { points: 1 },
    });
    expect([maybe.status, maybe.body.code]).to.deep.equal([400, 'invalid-query']);
  });

  it('sees what has lapsed by now', async () => {
    await earn(service, customer, { points: 50 }, WAIT);
    await passTime(service, '40 days');
    expect((await tryOut('redeem', { points: 1 })).body).to.include({ rejection_code: 'insufficient-points' });
    const { body, headers } = await service.request('GET', `/customers/${customer}`);
    expect(body.loyalty.points_available).to.equal(0);
    const changed = await service.request('PUT', `/customers/${customer}`, {
      body: { gender: 'x' },
      headers: { 'If-Match': headers.get('etag') as string },
    });
    expect(changed.status, 'what lapsed is no change of the profile').to.equal(200);
    await passTime(service, '-40 days');
  });
}

function items() {
  const order = { amount_minor: 100_00, currency: 'USD' };
  const chairs = { category: 'chairs', amount_minor: 40_00 };

  it('counts each item by its own multiplier, and the rest plainly', async () => {
    expect((await buy(100_00, { items: [chairs, { product: 'tea', amount_minor: 10_00 }] })).points).to.equal(140);
    expect((await buy(100_00, { items: [] })).points).to.equal(100);
  });

  it('refuses items that are more than the purchase, alone and in a batch, and items of a bonus', async () => {
    const body = { ...order, items: [chairs, { amount_minor: 60_01 }] };
    const refused = await earn(service, customer, body);
    expect([refused.status, refused.body.errors[0].pointer]).to.deep.equal([422, '/items']);
    const event = { ...body, type: 'earn', customer_id: customer, idempotency_key: 'b' };
    const batch = await service.request('POST', '/loyalty/transactions/batch', { body: { items: [event] } });
    expect(batch.body.items[0].problem.errors[0].pointer).to.equal('/items');
    expect((await earn(service, customer, { points: 1, items: [chairs] })).status).to.equal(422);
    const many = Array(101).fill({ amount_minor: 1 });
    expect((await earn(service, customer, { ...order, items: many })).body.errors[0].pointer).to.equal('/items');
  });

  it('knows the same items under a key in whatever form, and other ones', async () => {
    const send = (list: object[]) => earn(service, customer, { ...order, items: list }, { 'Idempotency-Key': 'k' });
    const { body } = await send([chairs]);
    const again = await send([{ amount_minor: 40_00, product: null, category: 'chairs' }]);
    expect([again.body.id, again.headers.get('idempotent-replayed')]).to.deep.equal([body.id, 'true']);
    for (const list of [[{ ...chairs, amount_minor: 1 }], [chairs, chairs], []])
      expect((await send(list)).status).to.equal(422);
  });

  it('leaves the fingerprints of requests without items as they always were, because keys never expire', async () => {
    const { body } = await earn(service, customer, {
      ...order,
      source: 'till-1',
      occurred_at: '2026-01-02T03:04:05+01:00',
    });
    const meant = [
      ['amount_minor', 10_000],
      ['currency', 'USD'],
      ['occurred_at', '2026-01-02T02:04:05.000Z'],
      ['source', 'till-1'],
    ];
    const [row] = await service.database.db('loyalty_transactions').where({ id: body.id }).select('fingerprint');
    const expected = createHash('sha256')
      .update(`earn\n${JSON.stringify(meant)}`)
      .digest('hex');
    expect(row.fingerprint.toString('hex')).to.equal(expected);
  });
}
