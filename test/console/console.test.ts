// The console as the people at the desk use it: a real browser, a real service, nothing pretended.

import { expect } from 'chai';
import { analytics } from './analytics.ts';
import { customers } from './customers.ts';
import { type Desk, openDesk } from './desk.ts';
import { movements } from './movements.ts';
import { programme } from './programme.ts';
import { records } from './records.ts';
import { roles } from './roles.ts';

describe('the console', function () {
  this.timeout(60_000);
  let desk: Desk;

  before(async function () {
    const opened = await openDesk();
    if (opened === undefined) return this.skip();
    desk = opened;
  });
  after(() => desk?.close());

  describe('at the sign-in', () => signIn(() => desk));
  describe('with customers', () => customers(() => desk));
  describe('with points', () => movements(() => desk));
  describe('with records', () => records(() => desk));
  describe('with the numbers', () => analytics(() => desk));
  describe('with roles', () => roles(() => desk));
  describe('with the programme', () => programme(() => desk));

  describe('after all of it', () => {
    it('has asked nobody outside, broken no rule of its own, and had no token in an address', () => {
      expect(desk.faults).to.deep.equal([]);
    });
  });
});

function signIn(desk: () => Desk) {
  it('refuses a token that is none, in words', async () => {
    await desk().newTab();
    const { page } = desk();
    await page.getByLabel('Token').fill('not.a.token');
    expect(await page.getByRole('button').allTextContents(), 'no organisation').to.deep.equal(['Sign in']);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'This token is not accepted' }).waitFor();
    await desk().lookForBarriers();
    await desk().picture('sign-in');
  });

  it('has no part for a role that may see no customer', async () => {
    await desk().signIn('ops');
    await desk().page.getByRole('alert').filter({ hasText: 'The role ops has no part in this console.' }).waitFor();
  });

  it('remembers who signed in for this tab, and forgets with "Sign out"', async () => {
    await desk().signIn('staff');
    const { page } = desk();
    const customers = page.getByRole('heading', { name: 'Customers', exact: true });
    await customers.waitFor();
    await page.reload();
    await customers.waitFor();
    expect(await page.evaluate('Object.keys(localStorage).length + document.cookie.length')).to.equal(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await page.evaluate('sessionStorage.length')).to.equal(0);
  });
}
