// Points moved from the console: filled in, read once more, confirmed; refusals and lost connections in words.

import { expect } from 'chai';
import type { Desk } from './desk.ts';
import { createCustomer } from './shop.ts';

export function movements(desk: () => Desk) {
  let grace: string;
  before(async () => {
    grace = await createCustomer(desk().service, { first_name: 'Grace', last_name: 'Murray', email: 'g@example.com' });
    await desk().signIn('admin');
    await desk().open(`customers/${grace}`, 'Grace Murray');
  });
  const dialog = () => desk().page.getByRole('dialog');
  const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();
  const has = (points: string) => desk().page.locator('[data-figure="points"]', { hasText: points }).waitFor();
  const told = (text: string | RegExp) => desk().page.locator('.notice.ok', { hasText: text }).waitFor();

  it('earn by a purchase, after a look at what it will do', async () => {
    const { page } = desk();
    await page.getByRole('button', { name: 'Earn points' }).click();
    await press('Review');
    await dialog().getByText('Give an amount, such as 12.50.').waitFor();
    await desk().lookForBarriers();
    await dialog().getByLabel('Amount').fill('1,234.50');
    await dialog().getByLabel('Order').fill('G-1');
    await press('Review');
    await dialog().getByText('Grace Murray earns 1,234 points.').waitFor();
    await dialog().getByText('Balance 0 → 1,234, tier Bronze → Silver').waitFor();
    await desk().lookForBarriers();
    await desk().picture('earn');
    await press('Book it');
    await told('1234 points for 1234.50 USD as bronze (×1)');
    expect(await dialog().count()).to.equal(0);
    await has('1,234');
  });

  it('redeem, and say beforehand when there are not enough', async () => {
    const { page } = desk();
    await page.getByRole('button', { name: 'Redeem points' }).click();
    await dialog().getByLabel('Points').fill('5000');
    await press('Review');
    await dialog().getByText('refused, because there are not enough points').waitFor();
    expect(await dialog().getByRole('button', { name: 'Redeem', exact: true }).count()).to.equal(0);
    await press('Back');
    await dialog().getByLabel('Points').fill('234');
    await press('Review');
    await press('Redeem');
    await told('234 points redeemed');
    await has('1,000');
  });

  it('adjust by hand, with a reason', async () => {
    await desk().page.getByRole('button', { name: 'Adjust …' }).click();
    await dialog().getByLabel('Direction').selectOption('debit');
    await dialog().getByLabel('Points').fill('50');
    await dialog().getByLabel('Reason').selectOption('correction');
    await press('Review');
    await dialog().getByText('Grace Murray loses 50 points.').waitFor();
    await press('Adjust');
    await told('50 points taken by hand (correction)');
    await has('950');
  });

  it('reverse a part of a purchase, and then the rest', async () => {
    const { page } = desk();
    const reverse = page.getByRole('button', { name: 'Reverse: 1234 points' });
    await reverse.click();
    await dialog().getByLabel('How much').selectOption('part');
    await dialog().getByLabel('Amount in USD').fill('1000');
    await press('Review');
    await dialog().getByText('1,000.00 USD of the purchase, with its points, is taken back.').waitFor();
    await desk().lookForBarriers();
    await desk().picture('reverse');
    await press('Reverse');
    await told('Taken back: ');
    await page
      .getByRole('cell', { name: '−1,000' })
      .or(page.getByRole('cell', { name: '−950' }))
      .first()
      .waitFor();
    await reverse.click();
    await press('Review');
    await press('Reverse');
    await page.getByText('To Silver: 500.00 more spent').waitFor();
  });

  it('are refused in words', async () => {
    const { page, service } = desk();
    await service.request('PATCH', `/customers/${grace}`, { body: { status: 'suspended' } });
    await page.getByRole('button', { name: 'Earn points' }).click();
    await dialog().getByLabel('For').selectOption('bonus');
    await dialog().getByLabel('Points').fill('9999999999');
    await press('Review');
    const alert = dialog().getByRole('alert');
    await alert.getByText('Points').first().waitFor();
    expect(await alert.getByRole('link').getAttribute('href')).to.equal('/problems/validation-failed');
    await dialog().getByLabel('Points').fill('5');
    await press('Review');
    await dialog().getByText('refused, because the customer is suspended').waitFor();
    await page.keyboard.press('Escape');
    expect(await dialog().count()).to.equal(0);
    await service.request('PATCH', `/customers/${grace}`, { body: { status: 'active' } });
  });

  it('are not doubled when the network goes in between and comes back', async () => {
    const { page, service } = desk();
    await page.getByRole('button', { name: 'Earn points' }).click();
    await dialog().getByLabel('For').selectOption('bonus');
    await dialog().getByLabel('Points').fill('77');
    await press('Review');
    // The answer is lost, not the request: the points are booked, and nobody at the desk knows.
    await page.route('**/loyalty/earn', async (route) => {
      await route.fetch();
      await route.abort('connectionreset');
    });
    await press('Book it');
    await dialog().getByText('No connection').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).to.equal('Book it again');
    await desk().lookForBarriers();
    await page.context().setOffline(true);
    await page.getByText('No network. What you see may be old').waitFor();
    await page.context().setOffline(false);
    await page.unroute('**/loyalty/earn');
    await press('Book it again');
    await told('77 points as a bonus');
    const { body } = await service.request('GET', `/customers/${grace}/loyalty/transactions?type=earn`);
    expect(body.items.filter((line: { points: number }) => line.points === 77)).to.have.length(1);
  });
}
