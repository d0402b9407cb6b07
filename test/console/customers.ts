// Finding a customer, and what the page of one shows.

import { expect } from 'chai';
import type { Desk } from './desk.ts';
import { ADA, createCustomer, move } from './shop.ts';

export function customers(desk: () => Desk) {
  let ada: string;
  before(async () => {
    const { service } = desk();
    const others = ['Grace Hopper', 'Adam Smith', 'Adele Goldberg', 'Katherine Johnson', 'Barbara Liskov'];
    for (const [index, name] of others.entries()) {
      const [first_name, last_name] = name.split(' ');
      const id = await createCustomer(service, { first_name, last_name, phone: `+4416329610${index}0` });
      await move(service, id, ['earn', { amount_minor: 10_000 * (index + 1), currency: 'EUR' }]);
    }
    ada = await createCustomer(service, ADA);
    await move(service, ada, ['earn', { amount_minor: 60_050, currency: 'USD', order_id: 'A-1' }]);
    await move(service, ada, ['redeem', { points: 200, order_id: 'A-2' }]);
    await desk().signIn('admin');
  });
  const names = () => desk().page.locator('tbody th a').allTextContents();
  const told = (text: string | RegExp) => desk().page.getByRole('status').filter({ hasText: text }).waitFor();

  it('shows the newest first, and searches as one types, slips forgiven', async () => {
    const { page } = desk();
    await told('6 customers');
    expect((await names())[0]).to.equal('Ada Lovelace');
    await desk().lookForBarriers();
    await desk().picture('customers');
    await page.keyboard.type('goldb');
    await told('1 customer');
    expect(await names()).to.deep.equal(['Adele Goldberg']);
    await page.getByLabel('Search').fill('lovelase');
    await told('1 customer');
    expect(await names()).to.deep.equal(['Ada Lovelace']);
    await page.getByLabel('Search').fill('nobody at all');
    await told('Nobody fits');
    await page.getByLabel('Search').fill('');
    await page.getByLabel('Tier').selectOption('silver');
    await told('2 customers');
    await page.getByLabel('Tier').selectOption('');
    await told('6 customers');
  });

  it('leads to the page of a customer, with all there is to know', async () => {
    const { page } = desk();
    await page.getByLabel('Search').fill('ada@example.com');
    await told('1 customer');
    await page.getByRole('link', { name: 'Ada Lovelace' }).click();
    await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor();
    const danger = page.getByRole('region', { name: 'Allergies and diet' });
    expect(await danger.textContent()).to.match(/Peanuts \(severe\), Milk \(mild\).*Vegetarian/);
    const profile = await page.getByRole('region', { name: 'Profile and preferences' }).textContent();
    for (const fact of ['ada@example.com', '10 Dec 1985', 'SW1Y 4JH London', 'Italian, Japanese', 'corner table'])
      expect(profile).to.include(fact);
    const region = (name: string, text: string) => page.getByRole('region', { name }).filter({ hasText: text });
    const account = await region('Account', 'Points to spend').textContent();
    expect(account).to.match(/Points to spend400.*Silver.*600\.50.*To Gold: 1,399\.50 more spent or 24 more visits/);
    expect(await region('when they lapse', 'Never').textContent()).to.include('Never400');
    await region('History', 'Order A-1').waitFor();
    const history = await page.getByRole('region', { name: 'History' }).locator('tbody tr').allTextContents();
    expect(history[0]).to.match(/200 points redeemed.*Order A-2.*−200400/);
    expect(history[1]).to.match(/600 points for 600\.50 USD as bronze \(×1\).*Order A-1.*\+600600/);
    await desk().lookForBarriers();
    await desk().picture('customer');
  });

  it('says so when there is no such customer, or no such page', async () => {
    const { page } = desk();
    await desk().open('customers/3f0b7a52-0000-4000-8000-000000000000', 'Customer');
    await page.getByRole('alert').filter({ hasText: 'There is no such customer.' }).first().waitFor();
    await desk().open('nowhere/at/all', 'There is nothing here');
    await desk().lookForBarriers();
  });
}
