// The programme as data over HTTP: versions, what a change would do, what it does; and the proofs over all accounts.

import { PROGRAMME } from '@customer-service/domain';
import { expect } from 'chai';
import { balancesAgree } from '../helpers/ledger.ts';
import { type RequestOptions, type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, passTime, redeem } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

const WAIT = { Prefer: 'wait=10' };
const PATH = '/loyalty/programme';
const { version: _version, effective_from: _from, ...RULES } = PROGRAMME;
const purchase = { amount_minor: 60_000, currency: 'EUR' };
let service: Service;

const put = (changes: object, options: RequestOptions = {}, query = '') =>
  service.request('PUT', `${PATH}${query}`, { body: { ...RULES, ...changes }, ...options });
const pointersOf = ({ body }: Response) => body.errors.map((error: { pointer: string }) => error.pointer);
const balanceOf = async (customer: string) => (await service.request('GET', `/customers/${customer}/loyalty`)).body;

describe('the programme', () => {
  before(async () => {
    service = await startService({ workers: 1 });
  });
  after(async () => {
    await balancesAgree(service);
    await service.stop();
  });

  it('is version 1 until somebody writes another', async () => {
    const { status, headers, body } = await service.request('GET', PATH, { role: 'service' });
    expect(status).to.equal(200);
    expect(headers.get('etag')).to.equal('"1"');
    expect(body.current).to.deep.equal({ ...PROGRAMME });
    expect(body.versions).to.deep.equal([body.current]);
  });

  it('is for admins to write', async () => {
    for (const role of ['manager', 'staff', 'service', 'ops', 'customer'] as const) {
      expect((await put({}, { role })).status).to.equal(403);
    }
  });

  it('is refused when it makes no sense, with every fault named', async () => {
    const tiers = [
      { tier: 'silver', spend_threshold_minor: 0, visits_threshold: 5, points_threshold: null, multiplier_bp: 10_000 },
      { tier: 'bronze', spend_threshold_minor: 1, visits_threshold: 4, points_threshold: null, multiplier_bp: 10_000 },
    ];
    const campaign = { name: 'x', from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z', multiplier_bp: 20_000 };
    const answer = await put({ tiers, earn: { ...RULES.earn, campaigns: [campaign] } });
    expect([answer.status, answer.body.code]).to.deep.equal([422, 'validation-failed']);
    expect(pointersOf(answer)).to.have.members([
      ...['/tiers/0/tier', '/tiers/1/tier', '/tiers/1/visits_threshold', '/earn/campaigns/0/to'],
    ]);
    const past = await put({ effective_from: '2020-01-01T00:00:00Z' });
    expect([past.body.code, pointersOf(past)]).to.deep.equal(['value-refused', ['/effective_from']]);
    expect((await put({ expiry: { policy: 'rolling_days' } })).status).to.equal(422);
  });

  it('says beforehand how many customers would change their tier, and writes nothing', async () => {
    const customer = await createCustomer(service);
    await earn(service, customer, purchase, WAIT);
    const strict = RULES.tiers.map((rule) => ({
      ...rule,
      spend_threshold_minor: (rule.spend_threshold_minor ?? 0) * 2,
    }));
    const { status, body } = await put({ tiers: strict }, {}, '?dry_run=true');
    expect(status).to.equal(200);
    expect(body.moves).to.deep.equal([{ from_tier: 'silver', to_tier: 'bronze', customers: 1 }]);
    expect((await service.request('GET', PATH)).body.versions).to.have.length(1);
  });

  it('is changed by a new version, seen before it is overwritten', async () => {
    const double = { ...RULES.earn, rates: { EUR: { points: 2, per_minor: 100 } } };
    const written = await put({ earn: double }, { headers: { 'If-Match': '"1"' } });
    expect([written.status, written.body.version]).to.deep.equal([201, 2]);
    expect((await put({}, { headers: { 'If-Match': '"1"' } })).body.code).to.equal('programme-changed');
    expect((await put({}, { headers: { 'If-Match': 'one' } })).body.code).to.equal('invalid-header');

    const customer = await createCustomer(service);
    const { body } = await earn(service, customer, purchase, WAIT);
    expect(body).to.include({ points: 1_200, status: 'applied' });
    expect(body.explanation).to.include({ programme_version: 2, multiplier_bp: 10_000 });
    // Under the terms of the day it happened on.
    const before = await earn(service, customer, { ...purchase, occurred_at: '2026-01-01T00:00:00Z' }, WAIT);
    expect(before.body).to.include({ points: 720 });
    const { body: audited } = await service.request('GET', '/audit?action=programme.changed');
    expect(audited.items).to.have.length(1);
  });

  it('looks at everybody again when a version begins, whoever does nothing included', async () => {
    const customer = await createCustomer(service);
    await earn(service, customer, purchase, WAIT);
    expect((await balanceOf(customer)).tier).to.equal('silver');
    const strict = RULES.tiers.map((rule, index) => (index === 1 ? { ...rule, spend_threshold_minor: 70_000 } : rule));
    expect((await put({ tiers: strict })).status).to.equal(201);
    await passTime(service, '1 minute');
    await until(async () => (await balanceOf(customer)).tier === 'bronze', { what: 'the tier under the new version' });
    const { body } = await service.request('GET', `/customers/${customer}/loyalty/tiers`);
    expect(body.items[0]).to.include({ from_tier: 'silver', to_tier: 'bronze', reason: 'programme' });
  });

  it('lets points lapse by themselves, and writes it down', async () => {
    expect((await put({ expiry: { policy: 'rolling_days', days: 30 } })).status).to.equal(201);
    const customer = await createCustomer(service);
    await earn(service, customer, purchase, WAIT);
    const liable = (await service.request('GET', '/loyalty/liability', { role: 'manager' })).body;
    expect(liable.by_expiry_month.at(-1)).to.have.property('month', null);
    expect(liable.by_expiry_month[0].points).to.equal(600);

    await passTime(service, '32 days');
    expect(await balanceOf(customer)).to.include({ points_available: 0 });
    expect((await redeem(service, customer, 1, WAIT)).body.rejection_code).to.equal('insufficient-points');
    const history = `/customers/${customer}/loyalty/transactions?type=expire`;
    const { items } = await until(
      async () => {
        const { body } = await service.request('GET', history);
        return body.items.length === 1 && body;
      },
      { what: 'the line of the points that lapsed' },
    );
    expect(items[0]).to.include({ type: 'expire', status: 'applied', points: 600, balance_after: 0 });
  });

  it('is verified: every account is folded again, and what was tampered with is found', async () => {
    const ask = async () => (await service.request('GET', '/loyalty/verify?limit=1000', { role: 'ops' })).body;
    expect(await ask()).to.include({ differences_found: 0, next_cursor: null });
    const customer = await createCustomer(service);
    await earn(service, customer, purchase, WAIT);
    const set = (text: string) =>
      service.database.db.raw(
        `update loyalty_accounts set total_spent_minor = total_spent_minor ${text} where customer_id = ?`,
        [customer],
      );
    await set('+ 1');
    const { differences } = await ask();
    expect(differences).to.have.length(1);
    expect(differences[0]).to.include({ customer_id: customer, field: 'total_spent_minor' });
    await set('- 1');
    const page = (await service.request('GET', '/loyalty/verify?limit=1')).body;
    expect([page.accounts, typeof page.next_cursor]).to.deep.equal([1, 'string']);
  });

  it('has no test clock where none is allowed', async () => {
    expect((await service.request('GET', '/test-clock')).status).to.equal(404);
    const body = { now: '2030-01-01T00:00:00Z' };
    expect((await service.request('PUT', '/test-clock', { body })).status).to.equal(404);
  });
});
