// Signing in at the organisation: a real browser, a real service and a real OpenID provider, and what is refused.

import { insertCustomer } from '@customer-service/store';
import { expect } from 'chai';
import { a_profile, an_actor, uuidOf } from '../store/fixtures.ts';
import { type Desk, openDesk } from './desk.ts';
import { type Organisation, startOrganisation } from './provider.ts';

/** The provider's pages would like to have some, and do without. */
const FONTS = 'https://fonts.googleapis.com';

describe('signing in to the console with the organisation', function () {
  this.timeout(60_000);
  let organisation: Organisation;
  let desk: Desk;

  before(async function () {
    organisation = await startOrganisation();
    const opened = await openDesk({ environment: organisation.environment }, [organisation.issuer, FONTS]);
    if (opened === undefined) return this.skip();
    desk = opened;
    await desk.page.context().route(`${FONTS}/**`, (route) => route.abort());
    organisation.open(`${desk.service.url}/console`, 'manager');
    await insertCustomer(desk.service.database.db, { id: uuidOf(7), profile: a_profile, actor: an_actor });
  });
  after(async () => {
    await desk?.close();
    await organisation.stop();
  });

  const button = () => desk.page.getByRole('button', { name: 'Sign in with your organisation' });
  const refusal = (text: string | RegExp) => desk.page.getByRole('alert').filter({ hasText: text }).waitFor();

  /** As a person does at the provider's own pages. */
  async function signInThere(name: string): Promise<void> {
    const { page } = desk;
    await page.locator('input[name=login]').fill(name);
    await page.locator('input[name=password]').fill('whatever');
    await page.locator('button[type=submit]').click();
    await page.locator('button[type=submit]').click();
  }

  it('leads there and back, to the place one wanted, with a token that the API verifies', async () => {
    await desk.newTab();
    const { page } = desk;
    await page.evaluate(`location.hash = '#/customers'`);
    await button().waitFor();
    await desk.lookForBarriers();
    await desk.picture('organisation');
    await button().click();
    await signInThere('grace');
    await page.getByRole('searchbox').fill('lovel');
    await page.getByRole('link', { name: /Lovelace/ }).waitFor();
    await page.getByText('grace').waitFor();
    expect(page.url()).to.equal(`${desk.service.url}/console#/customers`);
    expect(await page.evaluate('Object.keys(sessionStorage).join()')).to.equal('customer-service.token');
    await page.reload();
    await page.getByRole('searchbox').waitFor();
    await page.goBack();
    expect(page.url(), 'no code in what one goes back to').not.to.include('code=');
  });

  /** Leaves for the provider, which knows nobody and therefore asks who it is. */
  const begin = async () => {
    await desk.newTab();
    await desk.page.context().clearCookies();
    const asked = desk.page.waitForRequest((request) => request.url().startsWith(`${organisation.issuer}/auth?`));
    await button().click();
    const { searchParams } = new URL((await asked).url());
    await desk.page.locator('input[name=login]').waitFor();
    return searchParams;
  };

  it('asks for a code with PKCE, a state and a nonce, and tells no secret', async () => {
    const asked = await begin();
    expect(asked.get('code_challenge_method')).to.equal('S256');
    for (const name of ['code_challenge', 'state', 'nonce']) expect(asked.get(name), name).to.have.length.above(30);
    expect([...asked.keys()].sort()).to.deep.equal([
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'nonce',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
    ]);
  });

  it('refuses an answer with another state, in words, and takes it out of the address', async () => {
    await begin();
    const iss = encodeURIComponent(organisation.issuer);
    await desk.page.goto(`${desk.service.url}/console?code=stolen&state=another&iss=${iss}`);
    await refusal('What came back is not the answer to what was asked: unexpected "state"');
    expect(desk.page.url()).to.equal(`${desk.service.url}/console`);
    await button().waitFor();
    await desk.lookForBarriers();
    expect(await desk.page.evaluate('sessionStorage.length')).to.equal(0);
  });

  it('refuses an answer that nobody here asked for', async () => {
    await desk.newTab();
    await desk.page.goto(`${desk.service.url}/console?code=stolen&state=another`);
    await refusal('This sign-in was not begun in this tab.');
  });

  it('refuses a code that the provider never gave', async () => {
    const state = (await begin()).get('state');
    const iss = encodeURIComponent(organisation.issuer);
    await desk.page.goto(`${desk.service.url}/console?code=made-up&state=${state}&iss=${iss}`);
    await refusal('Your organisation says: grant request is invalid');
  });

  it('says what the organisation refused', async () => {
    const state = (await begin()).get('state');
    const told = `error=access_denied&error_description=You+are+on+leave&iss=${encodeURIComponent(organisation.issuer)}`;
    await desk.page.goto(`${desk.service.url}/console?${told}&state=${state}`);
    await refusal('Your organisation says: You are on leave');
  });

  it('says when the token is over, and leads there again', async () => {
    organisation.open(`${desk.service.url}/console`, 'staff', 1);
    await desk.newTab();
    await button().click();
    await signInThere('ada');
    const { page } = desk;
    await page.getByRole('searchbox').waitFor();
    // The service allows for clocks that are 5 s apart; with every letter it is asked again.
    const over = page.getByRole('status').filter({ hasText: 'The token is over' });
    for (let turn = 0; !(await over.isVisible()); turn += 1) {
      await page
        .getByRole('searchbox')
        .fill(`lovel${'a'.repeat(turn % 5)}`, { timeout: 1_000 })
        .catch(() => {});
      await over.waitFor({ timeout: 500 }).catch(() => {});
    }
    organisation.open(`${desk.service.url}/console`, 'staff');
    await button().click();
    await signInThere('ada');
    await page.getByRole('searchbox').waitFor();
  });

  it('is part of the one service that may be asked besides, and nothing went wrong', async () => {
    const { headers } = await desk.service.request('GET', '/console', { role: null });
    expect(headers.get('content-security-policy')).to.include(`; connect-src 'self' ${organisation.issuer}`);
    expect(desk.faults).to.deep.equal([]);
  });
});
