// The sender against receivers on this machine: what it signs, and what it makes of answers that are slow, endless,
// redirected, cut or none.

import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { verifyWebhook } from '@customer-service/client';
import { createWebhookSender, newWebhookSecret, type Resolve, type WebhookSender } from '@customer-service/runtime';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { uuidOf } from '../store/fixtures.ts';

interface Received {
  headers: Record<string, string>;
  body: string;
}

const portOf = (server: TcpServer) => (server.address() as AddressInfo).port;
const listen = (server: TcpServer) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

describe('a webhook', () => {
  const secrets = [newWebhookSecret()];
  const body = JSON.stringify({ type: 'customer.created', text: 'Grüße, “Ada” 🎂' });
  let server: Server;
  let answer: RequestListener;
  let received: Received[];
  let sender: WebhookSender;
  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    });
    await listen(server);
    sender = createWebhookSender({ allow_private: true, version: '1.2.3', timeout_ms: 500 });
  });
  after(() => {
    sender.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    received = [];
    answer = (_request, response) => response.end('thank you');
  });

  const url = () => `http://127.0.0.1:${portOf(server)}/hooks?key=1`;
  const send = (more: object = {}) => sender.send({ url: url(), id: uuidOf(1), body, secrets, ...more });

  it('carries its id, its time and a signature that others can verify', async () => {
    expect(await send()).to.include({ status: 200, error: null, text: 'thank you' });
    const [{ headers, body: got }] = received as [Received];
    expect(got).to.equal(body);
    expect(headers).to.include({ 'webhook-id': uuidOf(1), 'content-type': 'application/json' });
    expect(headers['user-agent']).to.equal('customer-service/1.2.3');
    const [secret = ''] = secrets;
    expect(new Webhook(secret).verify(got, headers)).to.deep.equal(JSON.parse(body));
    const { id, sent_at, event } = await verifyWebhook({ body: got, headers, secret });
    expect({ id, event }).to.deep.equal({ id: uuidOf(1), event: JSON.parse(body) });
    expect(Math.abs(Date.now() - sent_at.getTime())).to.be.below(5_000);
  });

  it('is refused by both verifiers when it was changed, is old, or is of another secret', async () => {
    await send();
    const [{ headers, body: got }] = received as [Received];
    const [secret = ''] = secrets;
    const old = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 400) };
    const cases: [what: string, body: string, headers: Record<string, string>, secret: string][] = [
      ['a changed body', got.replace('Ada', 'Bob'), headers, secret],
      ['another id', got, { ...headers, 'webhook-id': uuidOf(2) }, secret],
      ['an older time', got, old, secret],
      ['another secret', got, headers, newWebhookSecret()],
      ['no signature', got, { ...headers, 'webhook-signature': 'v1,' }, secret],
    ];
    for (const [what, changed, changedHeaders, key] of cases) {
      expect(() => new Webhook(key).verify(changed, changedHeaders), what).to.throw();
      const ours = await verifyWebhook({ body: changed, headers: changedHeaders, secret: key }).then(
        () => 'taken',
        ({ name }) => name,
      );
      expect(ours, what).to.equal('WebhookVerificationError');
    }
  });

  it('has a signature for each secret while one is being changed', async () => {
    const both = [newWebhookSecret(), newWebhookSecret()];
    await send({ secrets: both });
    const [{ headers, body: got }] = received as [Received];
    for (const secret of both) {
      expect(new Webhook(secret).verify(got, headers)).to.deep.equal(JSON.parse(body));
      expect((await verifyWebhook({ body: got, headers, secret })).id).to.equal(uuidOf(1));
    }
  });

  it('follows no redirect', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      answer = (_request, response) => response.writeHead(status, { Location: `${url()}&followed` }).end();
      expect(await send()).to.include({ status, error: null });
    }
    expect(received).to.have.length(5);
  });

  it('hands on what the answer asks for', async () => {
    answer = (_request, response) => response.writeHead(503, { 'Retry-After': '120' }).end('busy');
    expect(await send()).to.include({ status: 503, retry_after: '120', text: 'busy' });
  });

  it('is given up when no answer begins in time', async () => {
    answer = () => {};
    const { status, error, duration_ms } = await send();
    expect({ status, error }).to.deep.equal({ status: null, error: 'timeout' });
    expect(duration_ms).to.be.within(450, 5_000);
  });

  it('takes the status for the answer when its body is endless, slow or cut', async () => {
    let sent = 0;
    answer = (request, response) => {
      response.writeHead(200);
      const more = () => {
        sent += 64 * 1_024;
        if (!response.destroyed) response.write('x'.repeat(64 * 1_024), () => setImmediate(more));
      };
      more();
      request.socket.once('error', () => {});
    };
    const endless = await send();
    expect(endless).to.include({ status: 200, error: null });
    expect(endless.text).to.equal('x'.repeat(1_024));
    expect(sent).to.be.below(32 * 1_024 * 1_024);
    answer = (_request, response) => response.writeHead(202).write('a');
    expect(await send()).to.include({ status: 202, text: 'a' });
    answer = (_request, response) => {
      response.writeHead(200, { 'Content-Length': '10' }).write('abc', () => response.destroy());
    };
    expect(await send()).to.include({ status: 200, text: 'abc' });
  });

  it('says by a code why there was no answer', async () => {
    answer = (request) => request.socket.destroy();
    expect(await send()).to.include({ status: null, error: 'ECONNRESET' });
    answer = (request) => request.socket.end('this is not HTTP\r\n\r\n');
    expect((await send()).error).to.match(/^HPE_/);
    const closed = createTcpServer();
    await listen(closed);
    const nobody = `http://127.0.0.1:${portOf(closed)}/`;
    await new Promise((resolve) => closed.close(resolve));
    expect(await send({ url: nobody })).to.include({ status: null, error: 'ECONNREFUSED' });
  });

  it('uses a connection again, and another one when that was closed meanwhile', async () => {
    const ports = new Set<number | undefined>();
    answer = (request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    };
    await send();
    await send();
    expect(ports.size).to.equal(1);
    // Read, and closed without an answer: as a receiver does that ends while the request is on its way.
    let closed = 0;
    answer = (request, response) => {
      const first = ports.has(request.socket.remotePort);
      if (first && closed++ === 0) request.socket.destroy();
      else response.end('again');
    };
    expect(await send()).to.include({ status: 200, text: 'again' });
    expect(closed).to.equal(1);
  });
});

describe('a webhook to a private address', () => {
  it('does not so much as connect', async () => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await listen(server);
    const port = portOf(server);
    const local: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const guarded = createWebhookSender({ allow_private: false, version: '1', resolve: local });
    const send = (url: string) => guarded.send({ url, id: uuidOf(1), body: '{}', secrets: [newWebhookSecret()] });
    const hosts = ['shop.example', '127.0.0.1', '2130706433', '0x7f.1', 'localhost', '[::ffff:127.0.0.1]', '[::1]'];
    for (const host of hosts) {
      expect(await send(`https://${host}:${port}/`), host).to.include({ status: null, error: 'address_refused' });
    }
    expect(await send(`http://shop.example:${port}/`)).to.include({ status: null, error: 'address_refused' });
    expect(connections).to.equal(0);
    guarded.close();
    // The same name, where it is allowed: the guard is what kept it from connecting.
    const open = createWebhookSender({ allow_private: true, version: '1' });
    const reached = await open.send({ url: `http://127.0.0.1:${port}/`, id: uuidOf(1), body: '{}', secrets: [] });
    expect(reached.error).to.equal('ECONNRESET');
    expect(connections).to.equal(1);
    open.close();
    server.close();
  });
});
