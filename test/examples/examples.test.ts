// The examples, run as their first lines say, on the real service.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runScript, SOURCE_FLAGS } from '../helpers/command.ts';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { freePort } from '../helpers/redis.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';
import { createCustomer } from '../helpers/shop.ts';
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { until } from '../helpers/until.ts';
import { hurry } from '../helpers/webhooks.ts';

describe('the examples', () => {
  let service: Service;
  let network: TcpProxy;
  let folder: string;
  let environment: Record<string, string>;
  before(async () => {
    service = await startService({ workers: 1 });
    network = await startProxy({ host: '127.0.0.1', port: Number(new URL(service.url).port) });
    folder = mkdtempSync(join(tmpdir(), 'customer-service-examples-'));
    const URL_OF_PROXY = `http://127.0.0.1:${network.port}`;
    environment = {
      ...{ URL: URL_OF_PROXY, TOKEN: tokenFor('service') },
      ...{ KEYS: join(folder, 'keys.json'), SALES: join(folder, 'sales') },
    };
  });
  after(async () => {
    await network.close();
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const till = (...args: string[]) => runScript('examples/till.ts', environment, ...args);
  const offlineTill = (...args: string[]) => runScript('examples/offline-till.ts', environment, ...args);

  it('have a till that counts an order once and gives vouchers', async () => {
    const first = await till('ada@example.com', 'order-1', '60.00');
    expect(first).to.include({ code: 0 });
    expect(first.output).to.include('You have 60 points.').and.not.include('voucher');
    const again = await till('ada@example.com', 'order-1', '60.00');
    expect(again.output).to.include('You have 60 points.');
    const second = await till('ada@example.com', 'order-2', '70.50');
    expect(second.output).to.include('You have 130 points.').and.include('Here is your voucher.');

    await network.cut();
    const away = await till('ada@example.com', 'order-3', '5.00');
    expect(away).to.include({ code: 75 });
    expect(away.output).to.include('The service is away');
    await network.mend();
    expect((await till('ada@example.com', 'order-3', '5.00')).output).to.include('You have 35 points.');
    const { body } = await service.request('GET', '/customers?email=ada@example.com');
    expect(body.items).to.have.length(1);
  });

  it('have a till that sells offline, is killed, and doubles nothing', async () => {
    const id = await createCustomer(service);
    await network.cut();
    for (const amount of ['10.00', '20.00', '30.00']) {
      expect((await offlineTill('sell', id, amount)).output).to.match(/offline: \d sales wait/);
    }
    await network.mend();

    // Accepted, and the till is killed before it hears of it.
    const { caught } = network.catch({ text: '/loyalty/transactions/batch', what: 'answer' });
    const script = fileURLToPath(new URL('../../examples/offline-till.ts', import.meta.url));
    const killed = spawn(process.execPath, [...SOURCE_FLAGS, script, 'send'], {
      env: { PATH: process.env.PATH, ...environment },
    });
    const ended = new Promise((resolve) => killed.once('exit', (_, signal) => resolve(signal)));
    const answer = await caught;
    killed.kill('SIGKILL');
    expect(await ended).to.equal('SIGKILL');
    answer?.cut();

    expect((await offlineTill('sell', id, '40.00')).output).to.include('1 accepted, 3 were in already, 0 refused');
    expect((await offlineTill('send')).output).to.equal('');
    expect(readdirSync(join(folder, 'sales'))).to.deep.equal([]);
    await drained(service);
    const { body } = await service.request('GET', `/customers/${id}/loyalty`);
    expect(body.points_available).to.equal(100);
    expect(await service.database.db('loyalty_transactions').where({ customer_id: id })).to.have.length(4);
    await balancesAgree(service);
  });

  it('have a till that keeps apart what is refused', async () => {
    const { code, output } = await offlineTill('sell', '00000000-0000-7000-8000-000000000000', '10.00');
    expect(code).to.equal(0);
    expect(output).to.include('0 accepted, 0 were in already, 1 refused').and.include('refused: ');
    expect(readdirSync(join(folder, 'sales'))).to.have.length(1);
    expect((await offlineTill('send')).output).to.equal('');
  });

  it('have a receiver of webhooks that is killed, misses nothing and keeps each once', async () => {
    const hooked = await startService({ workers: 1, environment: { WEBHOOKS_ALLOW_PRIVATE: '1' } });
    const port = await freePort();
    const inbox = join(folder, 'inbox');
    const url = `http://127.0.0.1:${port}/`;
    const { body: endpoint } = await hooked.request('POST', '/webhook-endpoints', { body: { url } });
    const script = fileURLToPath(new URL('../../examples/webhook-receiver.ts', import.meta.url));
    let output = '';
    const receive = async () => {
      const child = spawn(process.execPath, [...SOURCE_FLAGS, script], {
        env: { PATH: process.env.PATH, SECRET: endpoint.secret, PORT: String(port), INBOX: inbox },
      });
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
      const listening = output.split('Listening').length;
      await until(() => output.split('Listening').length > listening);
      return child;
    };
    const first = await receive();
    const customer = await createCustomer(hooked);
    await until(() => readdirSync(inbox).length === 1);
    first.kill('SIGKILL');
    await until(() => first.signalCode ?? undefined);
    await createCustomer(hooked);
    const { db } = hooked.database;
    await until(async () => (await db('webhook_deliveries').whereNotNull('last_error')).length === 1);
    const second = await receive();
    await hurry(db);
    await until(() => readdirSync(inbox).length === 2);
    await hooked.request('POST', `/webhook-endpoints/${endpoint.id}/replay`, {
      body: { since: '2026-01-01T00:00:00Z' },
    });
    await until(() => output.split('has come before').length === 3);
    const events = readdirSync(inbox).map((name) => JSON.parse(readFileSync(join(inbox, name), 'utf8')));
    expect(events).to.have.length(2);
    expect(events.map(({ customer_id }) => customer_id)).to.include(customer);

    const forged = await fetch(url, { method: 'POST', body: '{"type":"customer.created"}' });
    expect(forged.status).to.equal(400);
    expect(readdirSync(inbox)).to.have.length(2);
    second.kill('SIGKILL');
    await hooked.stop();
  });
});
