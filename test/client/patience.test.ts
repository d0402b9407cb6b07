// When the client sends again and when it doesn't, before a server that says whatever a test wants: a service that is
// busy, a proxy in between, nobody.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type ClientOptions,
  createClient,
  NoAnswerError,
  RateLimitedError,
  UnavailableError,
} from '@customer-service/client';
import { expect } from 'chai';

interface Saying {
  status: number;
  code?: string;
  headers?: Record<string, string>;
  body?: string;
}

describe("the client's patience", () => {
  let server: Server;
  let url: string;
  let sayings: (Saying | 'nothing')[];
  let asked: IncomingMessage[];
  const customer_id = '0197f0a4-5b6c-7d8e-9f00-112233445566';
  const transaction = { id: 'a', status: 'pending' };
  const accepted: Saying = { status: 202, body: JSON.stringify(transaction) };

  before(async () => {
    server = createServer((request, response) => {
      asked.push(request);
      request.resume().on('end', () => say(response, sayings.shift() ?? accepted));
    });
    url = `${await listen(server)}/behind/a/path/`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    asked = [];
  });

  async function listen(one: Server): Promise<string> {
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
  }

  function say(response: ServerResponse, saying: Saying | 'nothing'): void {
    if (saying === 'nothing') return;
    const { status, code, headers = {}, body } = saying;
    const problem = {
      type: `/problems/${code}`,
      title: 'A title',
      status,
      detail: 'A sentence.',
      code,
      request_id: 'r',
    };
    response.writeHead(status, { ...(code && { 'content-type': 'application/problem+json' }), ...headers });
    response.end(body ?? JSON.stringify(problem));
  }

  const clientOf = (options: Partial<ClientOptions> = {}) => createClient({ url, token: 't', ...options });
  const earn = (client = clientOf(), signal?: AbortSignal) =>
    client.loyalty.earn(customer_id, { points: 1 }, signal && { signal });
  const faultOf = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (fault: unknown) => fault,
    );

  it('waits as long as Retry-After says, in seconds or as a date, and sends the same key', async () => {
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2_000);
    sayings = [
      { status: 429, code: 'rate-limited', headers: { 'retry-after': '1' } },
      { status: 503, code: 'outcome-unknown', headers: { 'retry-after': date.toUTCString() } },
    ];
    const began = performance.now();
    expect(await earn()).to.deep.equal(transaction);
    expect(performance.now() - began).to.be.at.least(1_000);
    expect(Date.now()).to.be.at.least(date.getTime());
    expect(asked).to.have.length(3);
    expect(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size).to.equal(1);
    expect(asked[0]?.url).to.equal(`/behind/a/path/customers/${customer_id}/loyalty/earn`);
  });

  it('does not wait longer than a minute', async () => {
    sayings = [{ status: 429, code: 'rate-limited', headers: { 'retry-after': '61' } }];
    const error = await faultOf(earn());
    expect(error).to.be.instanceOf(RateLimitedError).and.to.include({ retry_after_ms: 61_000, code: 'rate-limited' });
    expect(asked).to.have.length(1);
  });

  it('asks for the token each time', async () => {
    sayings = [
      { status: 500, code: 'internal' },
      { status: 408, code: 'request-timeout' },
    ];
    let turn = 0;
    await earn(clientOf({ token: async () => `token-${++turn}` }));
    expect(asked.map(({ headers }) => headers.authorization)).to.deep.equal(
      [1, 2, 3].map((number) => `Bearer token-${number}`),
    );
  });

  it('ends after so many attempts, also with a proxy that answers in HTML or nobody', async () => {
    sayings = Array.from({ length: 3 }, () => ({ status: 502, body: '<h1>Bad gateway</h1>' }));
    const error = await faultOf(earn(clientOf({ attempts: 3 })));
    expect(error).to.be.instanceOf(UnavailableError);
    expect(error).to.include({ status: 502, code: 'unknown', detail: '<h1>Bad gateway</h1>', type: 'about:blank' });
    expect([asked.length, sayings.length]).to.deep.equal([3, 0]);
    const closed = createServer();
    const nowhere = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const nobody = await faultOf(earn(clientOf({ url: nowhere, attempts: 2 })));
    expect(nobody).to.be.instanceOf(NoAnswerError);
    expect((nobody as Error).message).to.include('ECONNREFUSED');
  });

  it('does not take the page of a network that wants a sign-in for an answer', async () => {
    const store = new Map<string, string>();
    sayings = [{ status: 200, body: '<h1>Welcome to the WiFi</h1>' }];
    const error = await faultOf(earn(clientOf({ attempts: 1, store })));
    expect(error).to.be.instanceOf(NoAnswerError);
    expect(store.size).to.equal(1);
    sayings = [{ status: 200, body: '<h1>Welcome to the WiFi</h1>' }];
    expect(await earn(clientOf({ store }))).to.deep.equal(transaction);
    expect(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size).to.equal(1);
    expect([asked.length, store.size]).to.deep.equal([3, 0]);
  });

  it('keeps a key that a second call has, whatever the first one hears', async () => {
    sayings = [{ status: 403, code: 'forbidden' }, 'nothing'];
    const client = clientOf({ attempts: 1, timeout_ms: 1_500 });
    await Promise.all([faultOf(earn(client)), faultOf(earn(client))]);
    await earn(client);
    expect(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size).to.equal(1);
    await earn(client);
    expect(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size).to.equal(2);
  });

  it('asks for nothing by an id that leads elsewhere', async () => {
    for (const id of ['', '.', '..']) expect(await faultOf(clientOf().customers.erase(id))).to.be.instanceOf(TypeError);
    expect(await clientOf().customers.get('../a b?c')).to.deep.equal(transaction);
    expect(asked.map(({ url: path }) => path?.split('/').at(-1))).to.deep.equal(['..%2Fa%20b%3Fc']);
  });

  it('takes silence for no answer', async () => {
    sayings = ['nothing', 'nothing'];
    const error = await faultOf(earn(clientOf({ attempts: 2, timeout_ms: 50 })));
    expect(error).to.be.instanceOf(NoAnswerError);
    expect(asked).to.have.length(2);
  });

  it('sends what might be doubled again only when the service says that nothing was written', async () => {
    const create = () => faultOf(clientOf().customers.create({ first_name: 'Ada', last_name: 'Lovelace' }));
    sayings = [
      { status: 503, code: 'overloaded' },
      { status: 503, code: 'storage-unavailable' },
    ];
    expect(await create())
      .to.be.instanceOf(UnavailableError)
      .and.to.include({ code: 'storage-unavailable' });
    expect(asked).to.have.length(2);
    for (const ask of [
      () => clientOf().customers.merge(customer_id, { from_customer_id: customer_id, reason: 'one person' }),
      () => clientOf().adjustments.approve(customer_id),
    ]) {
      asked = [];
      sayings = [{ status: 500, code: 'internal' }];
      expect(await faultOf(ask())).to.be.instanceOf(UnavailableError);
      expect(asked).to.have.length(1);
    }
  });

  it('asks for a page when somebody wants it, with the cursor and the filters', async () => {
    const page = (id: string, next_cursor: string | null): Saying => ({
      status: 200,
      body: JSON.stringify({ items: [{ id }], next_cursor }),
    });
    sayings = [page('a', 'next page'), page('b', null)];
    const list = clientOf().customers.list({ tag: 'très vip', tier: undefined });
    expect((await list.next()).value).to.deep.equal({ id: 'a' });
    expect(asked.map(({ url: path }) => path?.split('/').at(-1))).to.deep.equal(['customers?tag=tr%C3%A8s+vip']);
    expect([(await list.next()).value, (await list.next()).done]).to.deep.equal([{ id: 'b' }, true]);
    expect(asked[1]?.url?.endsWith('/customers?tag=tr%C3%A8s+vip&cursor=next+page')).to.equal(true);
    expect(asked).to.have.length(2);
  });

  it('ends when the caller gives up, while it waits and while it asks', async () => {
    const reason = new Error('the guest has gone');
    sayings = [{ status: 503, code: 'overloaded', headers: { 'retry-after': '50' } }, 'nothing'];
    for (let turn = 0; turn < 2; turn += 1) {
      const giveUp = new AbortController();
      const asking = asked.length;
      const fault = faultOf(earn(clientOf(), giveUp.signal));
      server.once('request', () => setImmediate(() => giveUp.abort(reason)));
      expect(await fault).to.equal(reason);
      expect(asked).to.have.length(asking + 1);
    }
  });
});
