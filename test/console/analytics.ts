// The numbers: figures and charts, each chart with its table, and the times one can look at.

import { expect } from 'chai';
import { until } from '../helpers/until.ts';
import type { Desk } from './desk.ts';
import { createCustomer, move } from './shop.ts';

export function analytics(desk: () => Desk) {
  const chart = (name: string | RegExp) => desk().page.getByRole('figure', { name });
  before(async () => {
    const { service } = desk();
    const id = await createCustomer(service, { first_name: 'Rosalind', last_name: 'Franklin' });
    for (const [index, amount_minor] of [41_000, 52_500, 33_000, 61_000].entries()) {
      const occurred_at = new Date(Date.now() - (index * 40 + 3) * 86_400_000).toISOString();
      await move(service, id, ['earn', { amount_minor, currency: 'EUR', occurred_at }]);
    }
    await desk().signIn('manager');
    await desk().page.getByRole('link', { name: 'Analytics' }).click();
    await chart('Points outstanding').waitFor();
  });

  it('show what the service counts', async () => {
    const { page, service } = desk();
    const { body } = await service.request('GET', '/customers/analytics/summary');
    const text = await page.locator('.figures').textContent();
    expect(text).to.include(`Customers${body.customers.total}`);
    expect(text).to.include(`Points outstanding${body.points.outstanding.toLocaleString('en-GB')}`);
    expect(
      await chart(/^Spent$/)
        .locator('rect')
        .count(),
    ).to.be.within(12, 13);
    await chart('Customers by tier').getByText('The numbers').click();
    const tiers = await chart('Customers by tier').getByRole('row').allTextContents();
    expect(tiers).to.include(`Bronze${body.customers.by_tier.bronze}`);
    await desk().lookForBarriers();
    await desk().picture('analytics');
  });

  it('show who came back, in numbers', async () => {
    const { page, service } = desk();
    const { body } = await service.request('GET', '/customers/analytics/cohorts');
    const rows = chart('Who came back').getByRole('row');
    expect(await rows.count()).to.equal(13);
    const columns = await chart('Who came back').getByRole('columnheader').allTextContents();
    expect(columns.slice(0, 4)).to.deep.equal(['Joined', 'Customers', 'Bought that month', 'Bought +1 months']);
    const { month, customers, bought } = body.cohorts.find((each: { bought: number[] }) => each.bought[0]);
    const told = bought.map((count: number) => `${Math.round((100 * count) / customers)}%${count}`);
    const row = rows.filter({ has: page.getByRole('rowheader', { name: month }) });
    // The months that are still to come are one empty cell.
    const cells = await row.getByRole('cell').allTextContents();
    expect(cells.slice(0, 1 + bought.length)).to.deep.equal([String(customers), ...told]);
    expect(told.join()).to.match(/[1-9]/);
  });

  it('are of the time that one chooses', async () => {
    const { page } = desk();
    await page.getByRole('button', { name: '30 days' }).click();
    await page.getByText('in this time').first().waitFor();
    await until(
      async () =>
        (await chart(/^Spent$/)
          .locator('rect')
          .count()) === 30,
    );
    const to = await page.getByLabel('To', { exact: true }).inputValue();
    expect(to).to.equal(new Date().toISOString().slice(0, 10));
    await page.getByLabel('From').fill('2020-01-01');
    await page.getByText('Two years are the most.').waitFor();
    await desk().lookForBarriers();
  });
}
