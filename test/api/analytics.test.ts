// Analytics day by day over HTTP: what is counted, on which day and under which tier, and which questions are refused.

import { expect } from 'chai';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';

describe('analytics day by day', () => {
  let service: Service;
  const today = () => new Date().toISOString().slice(0, 10);

  before(async () => {
    service = await startService({ workers: 0 });
    const [ada, grace] = [await createCustomer(service), await createCustomer(service)];
    const wait = { Prefer: 'wait=5' };
    const take = (customer: string, points: number) => redeem(service, customer, points, wait);
    const buy = (customer: string, amount_minor: number, occurred_at: string) =>
      earn(service, customer, { amount_minor, currency: 'USD', occurred_at }, wait);
    await buy(ada, 60_000, '2026-03-01T00:00:00Z'); // 600 points, silver
    await buy(ada, 10_000, '2026-03-01T23:59:59.999Z'); // 120 points
    await buy(grace, 1_000, '2026-03-01T12:00:00Z'); // 10 points, bronze
    await buy(grace, 500, '2026-03-04T01:00:00+02:00'); // 5 points, on the third by UTC
    await earn(service, grace, { points: 7, occurred_at: '2026-03-04T12:00:00Z' }, wait);
    await take(ada, 20); // today
    await take(grace, 9_999); // rejected
  });
  after(() => service.stop());

  const ask = (query: string) => service.request('GET', `/customers/analytics/daily?${query}`);
  const PERIOD = 'date_from=2026-03-01&date_to=2026-03-04';

  const none = { bronze: 0, silver: 0, gold: 0, platinum: 0, diamond: 0 };
  const expected: [string, number[], Record<string, number[]>][] = [
    ['points_earned', [730, 0, 5, 7], { silver: [720, 0, 0, 0], bronze: [10, 0, 5, 7] }],
    ['points_redeemed', [0, 0, 0, 0], {}],
    ['points_expired', [0, 0, 0, 0], {}],
    ['spend', [71_000, 0, 500, 0], { silver: [70_000, 0, 0, 0], bronze: [1_000, 0, 500, 0] }],
    ['visits', [3, 0, 1, 0], { silver: [2, 0, 0, 0], bronze: [1, 0, 1, 0] }],
    ['active_customers', [2, 0, 1, 1], { silver: [1, 0, 0, 0], bronze: [1, 0, 1, 1] }],
    ['new_customers', [0, 0, 0, 0], {}],
  ];
  for (const [metric, values, tiers] of expected) {
    it(`counts ${metric}, the days without any too`, async () => {
      const { status, body } = await ask(`metric=${metric}&${PERIOD}`);
      const dates = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04'];
      expect(status).to.equal(200);
      expect(body).to.include({ metric, date_from: '2026-03-01', date_to: '2026-03-04' });
      expect(body.days).to.deep.equal(dates.map((date, index) => ({ date, value: values[index] })));
      expect(Math.abs(Date.now() - Date.parse(body.as_of))).to.be.below(60_000);

      const { body: broken_down } = await ask(`metric=${metric}&${PERIOD}&by=tier`);
      const by_tier = dates.map((_, index) => ({
        ...none,
        ...Object.fromEntries(Object.entries(tiers).map(([tier, counts]) => [tier, counts[index]])),
      }));
      expect(broken_down.days).to.deep.equal(
        dates.map((date, index) => ({ date, value: values[index], by_tier: by_tier[index] })),
      );
    });
  }

  const now: [string, object][] = [
    ['new_customers', { ...none, bronze: 2 }],
    ['points_redeemed', { ...none, silver: 20 }],
    ['active_customers', { ...none, silver: 1 }],
  ];
  for (const [metric, by_tier] of now) {
    it(`has the ${metric} of today in the last thirty days when no day is named`, async () => {
      const { body } = await ask(`metric=${metric}&by=tier`);
      expect(body.days).to.have.length(30);
      expect(body).to.include({ date_from: body.days[0].date, date_to: body.days[29].date });
      // The last two, in case midnight went by.
      const [before, last] = body.days.slice(28);
      expect([before.by_tier, last.by_tier]).to.have.deep.members([by_tier, none]);
    });
  }

  const spans: [string, number, string][] = [
    ['date_to=2026-03-04', 30, '2026-02-03'],
    ['date_from=2024-03-05&date_to=2026-03-05', 731, '2024-03-05'],
    ['date_from=2999-12-31', 1, '2999-12-31'],
    ['date_to=1000-01-01', 30, '0999-12-03'],
  ];
  for (const [query, length, first] of spans) {
    it(`answers ${query} with ${length} day(s)`, async () => {
      const { body } = await ask(`metric=visits&${query}`);
      expect(body.days).to.have.length(length);
      expect(body.days[0].date).to.equal(first);
    });
  }

  it('reaches until today from the day that is named', async () => {
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    const { body } = await ask(`metric=visits&date_from=${yesterday}`);
    expect(body.date_to).to.equal(today());
    expect(body.days).to.have.length(2);
  });

  const refused: [string, string, string][] = [
    ['', 'metric', 'required'],
    ['metric=love', 'metric', 'not-allowed'],
    ['metric=visits&by=city', 'by', 'not-allowed'],
    ['metric=visits&date_from=2026-02-30', 'date_from', 'string-isodate'],
    ['metric=visits&date_to=yesterday', 'date_to', 'string-pattern-name'],
    ['metric=visits&date_from=2026-03-02&date_to=2026-03-01', 'date_to', 'before-date-from'],
    ['metric=visits&date_from=2024-03-04&date_to=2026-03-05', 'date_from', 'too-many-days'],
    ['metric=visits&date_from=2001-01-01', 'date_from', 'too-many-days'],
    ['metric=visits&tier=gold', 'tier', 'unknown-field'],
  ];
  for (const [query, parameter, code] of refused) {
    it(`refuses ${query || 'no metric'}`, async () => {
      const { status, body } = await ask(query);
      expect(status).to.equal(400);
      expect(body.code).to.equal('invalid-query');
      expect(body.errors[0]).to.include({ parameter, code });
    });
  }
});
