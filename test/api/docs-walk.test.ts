// A stranger with nothing but /docs open: creates a customer, earns, redeems and reads the history, all in the page.

import { expect } from 'chai';
import type { Browser, Locator, Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';

describe('with only /docs open', function () {
  this.timeout(180_000);
  let service: Service;
  let browser: Browser | undefined;
  let page: Page;

  before(async function () {
    browser = await openBrowser('the walk through the documentation page');
    if (browser === undefined) return this.skip();
    service = await startService({ workers: 1 });
    page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    page.setDefaultTimeout(60_000);
    await page.goto(`${service.url}/docs`);
    // With all sections open each letter that is typed draws fifty operations anew.
    await page.locator('.opblock').first().waitFor();
    for (const section of await page.locator('.opblock-tag').all()) await section.click();
    await page.locator('button.authorize').first().click();
    await page.locator('.modal-ux input').fill(tokenFor('admin'));
    await page.locator('.modal-ux button[type="submit"]').click();
    await page.locator('.modal-ux button.btn-done').click();
  });
  after(async () => {
    // Set SCREENSHOT to a file to see the page as it was left.
    if (process.env.SCREENSHOT) await page?.screenshot({ path: process.env.SCREENSHOT, fullPage: false });
    await browser?.close();
    await service?.stop();
  });

  /** Opens an operation, lets `fill` write its parts, sends it, and reads the status and the body shown. */
  async function tryOut(method: string, path: string, fill: (operation: Locator) => Promise<void>) {
    const operation = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) }).first();
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.try-out__btn').click();
    await fill(operation);
    await operation.locator('button.execute').click();
    const answer = operation.locator('.live-responses-table tbody tr').first();
    await answer.waitFor();
    const status = Number.parseInt((await answer.locator('.response-col_status').textContent()) ?? '', 10);
    const body = JSON.parse((await answer.locator('.highlight-code code').first().textContent()) ?? 'null');
    return { status, body };
  }

  const parameter = (operation: Locator, name: string) => operation.locator(`tr[data-param-name="${name}"] input`);

  it('a customer is created, earns, redeems, and its history shows both', async () => {
    const customers = page.locator('#operations-tag-customers');
    await customers.click();
    const created = await tryOut('post', '/customers', async (operation) => {
      // What the page suggests is a customer that the API takes as it stands.
      expect(await operation.locator('textarea').inputValue()).to.include('"first_name": "Ada"');
    });
    expect(created.status, JSON.stringify(created.body)).to.equal(201);
    const { id } = created.body;
    await customers.click();
    await page.locator('#operations-tag-loyalty').click();

    const move = (type: string, body: object) =>
      tryOut('post', `/customers/{customer_id}/loyalty/${type}`, async (operation) => {
        await parameter(operation, 'customer_id').fill(id);
        await parameter(operation, 'Idempotency-Key').fill(`${type}-1`);
        await parameter(operation, 'Prefer').fill('wait=5');
        await operation.locator('textarea').fill(JSON.stringify(body));
      });
    const earned = await move('earn', { amount_minor: 12_345, currency: 'USD' });
    expect(earned).to.deep.include({ status: 200 });
    expect(earned.body).to.include({ status: 'applied', points: 123 });
    const redeemed = await move('redeem', { points: 100 });
    expect(redeemed.body).to.include({ status: 'applied', balance_after: 23 });

    const history = await tryOut('get', '/customers/{customer_id}/loyalty/transactions', (operation) =>
      parameter(operation, 'customer_id').fill(id),
    );
    const lines = history.body.items.map((row: { type: string; points: number }) => `${row.type} ${row.points}`);
    expect(lines).to.deep.equal(['redeem 100', 'earn 123']);
  });
});
