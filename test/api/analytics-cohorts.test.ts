// Cohorts over HTTP, against real PostgreSQL: what a naive count of the rows says, who is in and who is out, and which
// questions are refused.

import { foldAnalytics } from '@customer-service/store';
import { expect } from 'chai';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, post } from '../helpers/shop.ts';

const MONTHS = ['2025-11', '2025-12', '2026-01', '2026-02', '2026-03', '2026-04'] as const;
const WAIT = { Prefer: 'wait=5' };
const random = (most: number) => Math.floor(Math.random() * most);
const dayIn = (month: string) => `${month}-${String(1 + random(28)).padStart(2, '0')}T12:00:00Z`;

describe('cohorts', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 0 });
  });
  after(() => service.stop());

  const ask = (query: string) => service.request('GET', `/customers/analytics/cohorts?${query}`);
  const buy = (id: string, occurred_at: string) =>
    earn(service, id, { amount_minor: 1_000, currency: 'USD', occurred_at }, WAIT);
  const fold = () => foldAnalytics(service.database.db);
  async function join(month: string): Promise<string> {
    const id = await createCustomer(service);
    await service.database
      .db('customers')
      .where({ id })
      .update({ created_at: dayIn(month) });
    return id;
  }
  async function cohort(month: string): Promise<{ customers: number; bought: number[] }> {
    const { body } = await ask('months=6&month_to=2026-04');
    const { customers, bought } = body.cohorts.find((each: { month: string }) => each.month === month);
    return { customers, bought };
  }

  it('are what a count of each customer after the other says, folded or not', async () => {
    const people = Array.from({ length: 25 }, () => ({
      created: random(MONTHS.length),
      bought: Array.from({ length: random(8) }, () => random(MONTHS.length)),
    }));
    for (const [index, { created, bought }] of people.entries()) {
      const id = await join(MONTHS[created] as string);
      for (const [turn, month] of bought.entries()) {
        await buy(id, dayIn(MONTHS[month] as string));
        if ((index + turn) % 3 === 0) await fold();
      }
    }
    const members = people.map(({ created, bought }) => ({ joined: Math.min(created, ...bought), bought }));
    const expected = MONTHS.map((month, index) => {
      const joined = members.filter((member) => member.joined === index);
      const boughtIn = (later: number) => joined.filter(({ bought }) => bought.includes(later)).length;
      return { month, customers: joined.length, bought: MONTHS.map((_, later) => boughtIn(later)).slice(index) };
    });
    const { status, body } = await ask('months=6&month_to=2026-04');
    expect(status).to.equal(200);
    expect(body).to.include({ months: 6, month_to: '2026-04' });
    expect(body.cohorts, JSON.stringify(people)).to.deep.equal(expected);
    expect(Math.abs(Date.now() - Date.parse(body.as_of))).to.be.below(60_000);
    await fold();
    expect((await ask('months=6&month_to=2026-04')).body.cohorts).to.deep.equal(expected);
  });

  it('count a month once, UTC, whatever was bought in it, and no points without a purchase', async () => {
    const before = await cohort('2026-03');
    const id = await join('2026-03');
    for (const at of ['2026-03-31T23:59:59.999Z', '2026-03-02T00:00:00Z', '2026-05-01T01:00:00+02:00'])
      await buy(id, at);
    await earn(service, await join('2026-03'), { points: 7, occurred_at: '2026-04-12T12:00:00Z' }, WAIT);
    const [first = 0, second = 0] = before.bought;
    expect(await cohort('2026-03')).to.deep.equal({ customers: before.customers + 2, bought: [first + 1, second + 1] });
  });

  it('have a purchase that was reversed, as the buyers of the summary have', async () => {
    const before = await cohort('2026-04');
    const id = await join('2026-04');
    const { body } = await buy(id, '2026-04-03T12:00:00Z');
    const path = `/customers/${id}/loyalty/transactions/${body.id}/reverse`;
    const { body: reversal } = await post(service, path, {}, { headers: WAIT });
    expect(reversal).to.include({ status: 'applied' });
    expect(await cohort('2026-04')).to.deep.equal({
      customers: before.customers + 1,
      bought: [(before.bought[0] as number) + 1],
    });
  });

  it('have merged customers once, with the purchases of both', async () => {
    const before = await cohort('2026-02');
    const [target, source] = [await join('2026-02'), await join('2026-03')];
    await buy(target, '2026-02-03T12:00:00Z');
    await buy(source, '2026-02-09T12:00:00Z'); // and so joined in February as well
    await buy(source, '2026-04-09T12:00:00Z');
    const { bought, customers } = await cohort('2026-02');
    expect(customers).to.equal(before.customers + 2);
    const body = { from_customer_id: source };
    expect((await service.request('POST', `/customers/${target}/merge`, { body, role: 'admin' })).status).to.equal(200);
    const [first = 0, second = 0, third = 0] = bought;
    expect(await cohort('2026-02')).to.deep.equal({ customers: customers - 1, bought: [first - 1, second, third] });
  });

  for (const folded of [false, true]) {
    it(`have nobody who was erased, ${folded ? 'folded' : 'not folded'} before`, async () => {
      const before = await cohort('2026-01');
      const id = await join('2026-02');
      for (const month of ['2026-01', '2026-02', '2026-04']) await buy(id, dayIn(month));
      if (folded) await fold();
      expect((await cohort('2026-01')).customers).to.equal(before.customers + 1);
      expect((await service.request('DELETE', `/customers/${id}`, { role: 'admin' })).status).to.equal(204);
      expect(await cohort('2026-01')).to.deep.equal(before);
    });
  }

  it('are of the last twelve months when nothing is asked for', async () => {
    await createCustomer(service);
    const { body } = await ask('');
    expect(body.cohorts.map(({ bought }: { bought: number[] }) => bought.length)).to.deep.equal(
      Array.from({ length: 12 }, (_, index) => 12 - index),
    );
    expect(body.month_to).to.equal(body.cohorts[11].month);
    expect(new Date().toISOString().slice(0, 7)).to.equal(body.month_to);
    expect(body.cohorts[11].customers).to.equal(1);
  });

  const refused: [string, string, string][] = [
    ['months=0', 'months', 'number-min'],
    ['months=25', 'months', 'number-max'],
    ['months=2.5', 'months', 'number-integer'],
    ['months=all', 'months', 'number-base'],
    ['month_to=2026-13', 'month_to', 'string-pattern-name'],
    ['month_to=2026-01-01', 'month_to', 'string-pattern-name'],
    ['tier=gold', 'tier', 'unknown-field'],
  ];
  for (const [query, parameter, code] of refused) {
    it(`refuse ${query}`, async () => {
      const { status, body } = await ask(query);
      expect(status).to.equal(400);
      expect(body.code).to.equal('invalid-query');
      expect(body.errors[0]).to.include({ parameter, code });
    });
  }
});
