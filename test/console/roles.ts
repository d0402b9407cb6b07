// What somebody with a smaller role is shown, and what can be done with a keyboard alone.

import { expect } from 'chai';
import type { Desk } from './desk.ts';
import { createCustomer } from './shop.ts';

export function roles(desk: () => Desk) {
  const links = () => desk().page.getByRole('navigation').getByRole('link').allTextContents();
  let customer: string;
  before(async () => {
    customer = await createCustomer(desk().service, { first_name: 'Maria', last_name: 'Mitchell' });
  });

  it('decide which pages and buttons there are', async () => {
    await desk().signIn('staff');
    await desk().open(`customers/${customer}`, 'Maria Mitchell');
    const { page } = desk();
    await page.getByRole('button', { name: 'Redeem points' }).waitFor();
    expect(await links()).to.deep.equal(['Customers', 'Programme']);
    expect(await page.getByRole('button', { name: 'Adjust' }).count()).to.equal(0);
    await desk().open('analytics', 'There is nothing here');
    await desk().open('programme', 'Programme');
    await page.getByRole('region', { name: 'Tiers' }).waitFor();
    expect(await page.getByRole('button', { name: 'Write a new version' }).count()).to.equal(0);
    await desk().signIn('manager');
    await desk().page.getByRole('navigation').waitFor();
    expect(await links()).to.deep.equal(['Customers', 'Analytics', 'Programme', 'Duplicates', 'Approvals']);
  });

  it('let one do all of it with the keyboard', async () => {
    await desk().signIn('staff');
    const { page } = desk();
    const { keyboard } = page;
    const focusOn = (label: string) => page.getByLabel(label).and(page.locator(':focus')).waitFor();
    await focusOn('Search');
    await keyboard.type('mitchell');
    await page.getByText('1 customer', { exact: true }).waitFor();
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Maria Mitchell' }).waitFor();
    const focused = () => page.evaluate('document.activeElement.textContent') as Promise<string>;
    await page.getByRole('button', { name: 'Earn points' }).waitFor();
    expect(await focused()).to.equal('Maria Mitchell');
    await keyboard.press('Tab');
    expect(await focused()).to.equal('Earn points');
    await keyboard.press('Enter');
    await focusOn('Amount');
    await keyboard.type('25.50');
    await keyboard.press('Enter');
    await page.getByText('Maria Mitchell earns 25 points.').waitFor();
    expect(await focused()).to.equal('Book it');
    await keyboard.press('Enter');
    await page.locator('[data-figure="points"]', { hasText: '25' }).waitFor();
    expect(await focused(), 'where it was').to.equal('Earn points');
    await keyboard.press('/');
    await page.getByLabel('Search').waitFor();
    expect(await page.evaluate('document.activeElement.id')).to.equal('search');
  });

  it('end when the token does, and say so', async () => {
    const { page } = desk();
    await page.route('**/customers?*', (route) => route.continue({ headers: { authorization: 'Bearer a.b.c' } }));
    await page.getByLabel('Search').fill('anybody');
    await page.getByText('The token is over or no longer accepted.').waitFor();
    expect(await page.evaluate('sessionStorage.length')).to.equal(0);
  });
}
