// The documentation page as a person meets it: in a real browser, under the content security policy it is served with.

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';
import { createCustomer } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

let service: Service;
let browser: Browser | undefined;
let page: Page;
const complaints: string[] = [];
const elsewhere: string[] = [];
const missing: string[] = [];

describe('the documentation page in Chromium', function () {
  this.timeout(120_000);

  before(async function () {
    browser = await openBrowser('the documentation page');
    if (browser === undefined) return this.skip();
    service = await startService();
    await createCustomer(service, { first_name: 'Grace', last_name: 'Hopper' });
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const absent = /^Failed to load resource/.test(message.text());
      if (absent) missing.push(new URL(message.location().url).pathname);
      else complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${service.url}/`) && !/^(data|blob):/.test(request.url()))
        elsewhere.push(request.url());
    });
    await page.goto(`${service.url}/docs`);
    await page.locator('.opblock').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await service?.stop();
  });

  it('shows every operation, with its summary', async () => {
    const document = (await service.request('GET', '/openapi.json', { role: null })).body;
    const expected = Object.entries(document.paths as Record<string, Record<string, { summary: string }>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, { summary }]) => [method.toUpperCase(), path, summary]),
    );
    const shown: string[][] = [];
    for (const row of await page.locator('.opblock').all()) {
      expect(await row.isVisible()).to.equal(true);
      const parts = ['method', 'path', 'description'].map((part) =>
        row.locator(`.opblock-summary-${part}`).textContent(),
      );
      shown.push((await Promise.all(parts)).map((text) => (text ?? '').replace(/\u200b/g, '').trim()));
    }
    expect(shown.sort()).to.deep.equal(expected.sort());
  });

  it('asks for a token, and then tries out GET /customers with it', async () => {
    await page.locator('button.authorize').first().click();
    const dialog = page.locator('.modal-ux');
    await dialog.locator('input').fill(tokenFor('staff'));
    await dialog.locator('button[type="submit"]').click();
    await dialog.locator('button.btn-done').click();

    const operation = page.locator('.opblock-get', {
      has: page.locator('[data-path="/customers"]'),
    });
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.try-out__btn').click();
    await operation.locator('button.execute').click();
    const answer = operation.locator('.live-responses-table tbody tr').first();
    await answer.waitFor();
    expect((await answer.locator('.response-col_status').textContent())?.trim()).to.match(/^200/);
    expect(await answer.locator('.response-col_description').textContent()).to.include('Hopper');
  });

  it('opens the operation that was clicked, and no other', async () => {
    expect(await page.locator('.opblock.is-open').count()).to.equal(1);
  });

  it('asks no other origin for anything', () => {
    expect(elsewhere).to.deep.equal([]);
  });

  it('asks for no file that is not there, not even an icon', () => {
    expect(missing).to.deep.equal([]);
  });

  it('works without anything that its policy forbids', async () => {
    expect(complaints).to.deep.equal([]);
    const inline = `document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))`;
    await page.evaluate(inline);
    await until(() => complaints.some((text) => /content security policy/i.test(text)), { what: 'a complaint' });
  });
});
