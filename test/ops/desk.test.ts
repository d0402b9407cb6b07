// The pages at /ops, as those who look after the service use them: in a real browser, on either queue.

import { createLog, openQueueView, type QueueView } from '@customer-service/runtime';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.ts';
import { backends, type Service, startService, tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';

const PASSWORD = 'a password of the tests';
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };

for (const backend of backends) {
  describe(`the ops pages, the queue on ${backend}`, function () {
    this.timeout(120_000);
    let service: Service;
    let ops: string;
    let view: QueueView;
    let browser: Browser | undefined;
    let context: BrowserContext;
    let page: Page;
    const outside: string[] = [];
    const refused: string[] = [];
    const faults: Error[] = [];

    before(async function () {
      browser = await openBrowser('the ops pages');
      if (browser === undefined) return this.skip();
      service = await startService({ backend, workers: 1, environment: { OPS_PASSWORD: PASSWORD } });
      ops = service.ops_url;
      const { DATABASE_URL, REDIS_URL } = service.environment;
      view = await openQueueView(
        { direct_database_url: DATABASE_URL as string, redis_url: REDIS_URL ?? null },
        createLog('test', 'silent'),
      );
      context = await browser.newContext({ viewport: DESK });
      page = await context.newPage();
      page.setDefaultTimeout(60_000);
      page.on('request', (request) => new URL(request.url()).origin !== ops && outside.push(request.url()));
      page.on('pageerror', (error) => faults.push(error));
      page.on('console', (message) => /Content Security Policy/.test(message.text()) && refused.push(message.text()));
    });
    after(async () => {
      await browser?.close();
      await view?.close();
      await service?.stop();
    });

    async function signIn(fields: Record<string, string>): Promise<void> {
      await page.goto(`${ops}/ops`);
      for (const [name, value] of Object.entries(fields)) await page.locator(`[name="${name}"]`).fill(value);
      await page.getByRole('button', { name: 'Sign in' }).click();
    }

    const tile = async (name: string) =>
      Number((await page.locator(`[data-tile="${name}"] strong`).textContent())?.replace(/\D/g, ''));
    const shows = (text: string | RegExp) => page.locator('#verdict', { hasText: text }).waitFor();
    const newCustomer = async () => {
      const { body } = await service.request('POST', '/customers', {
        body: { first_name: 'Ada', last_name: 'Lovelace' },
      });
      return body.id as string;
    };
    const earn = (customer: string, key: string) =>
      service.request('POST', `/customers/${customer}/loyalty/earn`, {
        body: { amount_minor: 1_000, currency: 'USD' },
        headers: { 'Idempotency-Key': key },
      });
    const screenshot = async (name: string) => {
      const folder = process.env.SCREENSHOTS;
      if (folder) await page.screenshot({ path: `${folder}/${backend}-${name}.png`, fullPage: true });
    };

    it('lead to the sign-in, which refuses a wrong password', async () => {
      await signIn({ password: 'not the password' });
      await page.locator('#fault', { hasText: 'User or password is wrong.' }).waitFor();
      await screenshot('sign-in');
      expect(await context.cookies()).to.deep.equal([]);
    });

    it('let in whoever has the password, by a cookie that no script reads', async () => {
      await signIn({ password: PASSWORD });
      await shows('Points are flowing.');
      const [cookie, ...others] = await context.cookies();
      expect(others).to.deep.equal([]);
      expect(cookie).to.include({ name: 'ops_session', httpOnly: true, sameSite: 'Strict', path: '/ops' });
    });

    it('show figures that move while a till sells', async () => {
      const customer = await newCustomer();
      let selling = true;
      const till = (async () => {
        for (let sale = 1; selling; sale += 1) await earn(customer, `sale-${sale}`);
      })();
      try {
        const first = await until(async () => (await tile('Applied')) || undefined, { what: 'the first figure' });
        await until(async () => (await tile('Applied')) > first, { what: 'a larger one' });
      } finally {
        selling = false;
        await till;
      }
      expect(await tile('Accepted')).to.be.above(0);
      expect(await page.locator('#processes tbody tr').allTextContents()).to.have.length(2);
      expect(await page.locator('#processes').textContent()).to.match(/api .*worker /);
      expect(await page.locator('.chart canvas').count()).to.equal(2);
      await screenshot('overview');
    });

    it('release a customer from quarantine, who then gets its points', async () => {
      const customer = await newCustomer();
      const sql = `insert into loyalty_quarantine (customer_id, fault, failures, quarantined_at) values (?, 'RangeError', 3, now())`;
      await service.database.db.raw(sql, [customer]);
      await earn(customer, 'waits');
      await shows('quarantine');
      await page
        .locator('#quarantine', { hasText: customer.slice(0, 8) })
        .getByRole('button', { name: 'Release' })
        .click();
      await page.locator('#quarantine', { hasText: 'Nobody.' }).waitFor();
      await until(async () => {
        const { body } = await service.request('GET', `/customers/${customer}/loyalty`);
        return body.points_balance === 10;
      });
    });

    it('retry a failed job', async () => {
      const job = await view.queue.add('earn', { transactions: 'none' });
      const failure = page.locator('#failed', { hasText: 'not a ring' });
      await failure.waitFor();
      await screenshot('failed');
      const finished = (await view.queue.getJob(job.id as string))?.finishedOn as number;
      await failure.getByRole('button', { name: 'Retry' }).click();
      await until(async () => ((await view.queue.getJob(job.id as string))?.finishedOn ?? 0) > finished);
    });

    it('reconcile on request', async () => {
      await page.getByRole('button', { name: 'Reconcile now' }).click();
      await until(async () => {
        const asked = await service.database.db('reconciliations').where({ asked_by: 'ops:ops', differences: 0 });
        return asked.length === 1;
      });
      await page.locator('#background', { hasText: '0 differences' }).waitFor();
      const rest = page.locator('#background li', { hasText: /^(Settling|Folding) .*up to date$/ });
      await until(async () => (await rest.count()) === 2, { what: 'settling and folding that are up to date' });
    });

    it('open the queue itself, with its jobs and their buttons', async () => {
      await page.goto(`${ops}/ops/queues/queue/loyalty?status=failed`);
      await page.getByText('not a ring').first().waitFor();
      await screenshot('queue');
      expect(await page.getByRole('button', { name: /retry/i }).count()).to.be.greaterThan(0);
    });

    it('fit a phone, and the dark', async () => {
      await page.setViewportSize(PHONE);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.goto(`${ops}/ops`);
      await shows(/./);
      await page.locator('#processes tbody tr').first().waitFor();
      await screenshot('phone');
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(width).to.equal(PHONE.width);
      await page.setViewportSize(DESK);
      await screenshot('dark');
    });

    it('show a manager everything, and let a manager change nothing', async () => {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.locator('#login').waitFor();
      await signIn({ token: tokenFor('manager') });
      await page.locator('#processes tbody tr').first().waitFor();
      expect(await page.getByRole('button', { name: 'Reconcile now' }).count()).to.equal(0);
      const changes = ['/ops/reconcile', '/ops/failed/1/retry', '/ops/queues/api/queues/pause'];
      for (const path of changes) {
        const { status } = await sendAs(page, path);
        expect({ path, status }).to.deep.equal({ path, status: 403 });
      }
    });

    it('ask nobody outside, and break no rule of their own', () => {
      expect(outside).to.deep.equal([]);
      expect(faults).to.deep.equal([]);
      // Bull Board's word "Loading" has a style element of its own, which only moves three dots.
      expect(refused.filter((text) => !/inline style/.test(text))).to.deep.equal([]);
    });
  });
}

const sendAs = (page: Page, path: string) =>
  page.evaluate(async (to) => ({ status: (await fetch(to, { method: 'POST' })).status }), path);
