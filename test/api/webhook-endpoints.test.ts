// Endpoints over HTTP: made, read, changed, tried out, listed and deleted; where they may not lead; and their secrets,
// which are in one answer and nowhere else.

import { randomUUID } from 'node:crypto';
import { verifyWebhook } from '@customer-service/client';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { runOps } from '../helpers/ops.ts';
import {
  backends,
  endProcess,
  nextRedisUrl,
  type RequestOptions,
  SECRET,
  type Service,
  startService,
  tokenFor,
} from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { arrived, publish, type Receiver, startReceiver } from '../helpers/webhooks.ts';
import { type Captured, dumpQueue, dumpRedis, start } from './captured.ts';

const customer = '0197f0a4-5b6c-7d8e-9f00-112233445566';
const BASE = '/webhook-endpoints';

describe('webhook endpoints', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());
  afterEach(() => service.database.db('webhook_endpoints').delete());

  const ask = (method: string, path = '', body?: object, options: RequestOptions = {}) =>
    service.request(method, `${BASE}${path}`, { ...(body && { body }), ...options });
  const make = async (body: object = {}) =>
    (await ask('POST', '', { url: 'https://shop.example/hooks', ...body })).body;

  it('are made, read, changed and deleted', async () => {
    const made = await ask('POST', '', { url: 'https://shop.example/hooks?key=1', types: ['customer.created'] });
    expect(made.status).to.equal(201);
    const { secret, ...endpoint } = made.body;
    expect(secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made.headers.get('location')).to.equal(`${BASE}/${endpoint.id}`);
    expect(endpoint).to.include({ url: 'https://shop.example/hooks?key=1', status: 'enabled', disabled_reason: null });
    expect((await ask('GET', `/${endpoint.id}`)).body).to.deep.equal(endpoint);
    const change = { types: [], description: 'of the shop', status: 'disabled' };
    const changed = await ask('PATCH', `/${endpoint.id}`, change);
    expect(changed.body).to.deep.include({
      ...endpoint,
      ...change,
      disabled_reason: 'by_hand',
      updated_at: changed.body.updated_at,
    });
    expect((await ask('PATCH', `/${endpoint.id}`, { status: 'enabled' })).body).to.include({ disabled_reason: null });
    expect((await ask('DELETE', `/${endpoint.id}`)).status).to.equal(204);
    for (const [method, path] of [
      ...([
        ['GET', ''],
        ['PATCH', ''],
        ['DELETE', ''],
        ['POST', '/test'],
        ['POST', '/secret/rotate'],
      ] as const),
      ...([
        ['GET', '/deliveries'],
        ['POST', '/replay'],
      ] as const),
    ]) {
      const body = method === 'PATCH' ? {} : { event_ids: [customer] };
      const answer = await ask(method, `/${endpoint.id}${path}`, /PATCH|replay/.test(method + path) ? body : undefined);
      expect(`${answer.status} ${answer.body.code}`, method + path).to.equal('404 endpoint-not-found');
    }
  });

  it('are listed page by page, the newest first', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.unshift((await make()).id);
    const first = (await ask('GET', '?limit=3')).body;
    const second = (await ask('GET', `?limit=3&cursor=${first.next_cursor}`)).body;
    expect([...first.items, ...second.items].map(({ id }) => id)).to.deep.equal(ids);
    expect(second.next_cursor).to.equal(null);
    expect((await ask('GET', '?cursor=x')).body.code).to.equal('invalid-query');
  });

  it('lead to the public internet by https, when they are made and when they are changed', async () => {
    const { id } = await make();
    const refused = [
      ...['http://shop.example/', 'https://127.0.0.1/', 'https://localhost/', 'https://10.0.0.1/', 'https://[::1]/'],
      ...['https://169.254.169.254/latest/meta-data/', 'https://[::ffff:169.254.169.254]/', 'https://2130706433/'],
      ...['https://0177.0.0.1/', 'https://0x7f.1/', 'https://127.1/', 'https://[fd00::1]/', 'https://[fe80::1]/'],
      ...['https://metadata.google.internal/', 'https://shop.example:22/', 'https://user:pw@shop.example/'],
    ];
    for (const url of refused) {
      for (const answer of [await ask('POST', '', { url }), await ask('PATCH', `/${id}`, { url })]) {
        expect(answer.status, url).to.equal(422);
        expect(answer.body.errors[0], url).to.include({ pointer: '/url', code: 'url-refused' });
      }
    }
    expect((await ask('GET')).body.items).to.have.length(1);
    for (const url of ['ftp://shop.example/', 'shop.example', 'https://shop.example/\n', 7, null]) {
      expect((await ask('POST', '', { url })).status, String(url)).to.equal(422);
    }
    expect((await ask('POST', '', { url: 'https://shop.example/', types: ['customer.none'] })).status).to.equal(422);
  });

  it('say what was sent to them, of one status if that is asked for, page by page', async () => {
    const { id } = await make();
    const { db } = service.database;
    const ids = await publish(db, customer, { count: 5 });
    await db('webhook_deliveries').whereIn('event_id', ids.slice(0, 2)).update({
      status: 'failed',
      next_attempt_at: null,
      last_error: 'ECONNREFUSED',
      attempts: 14,
      last_duration_ms: 3,
    });
    const read = async (query: string) => (await ask('GET', `/${id}/deliveries?${query}`)).body;
    const idsIn = ({ items }: { items: { event_id: string }[] }) => items.map(({ event_id }) => event_id);
    const first = await read('limit=3');
    expect(idsIn(first)).to.deep.equal(ids.slice(2).reverse());
    expect(first.items[0]).to.include({
      type: 'customer.updated',
      customer_id: customer,
      status: 'pending',
      attempts: 0,
    });
    expect(idsIn(await read(`limit=3&cursor=${first.next_cursor}`))).to.deep.equal(ids.slice(0, 2).reverse());
    const failed = await read('status=failed');
    expect(idsIn(failed)).to.deep.equal(ids.slice(0, 2).reverse());
    expect(failed.items[0]).to.include({ attempts: 14, last_error: 'ECONNREFUSED', next_attempt_at: null });
    const other = await ask('GET', `/${id}/deliveries?status=failed&cursor=${first.next_cursor}`);
    expect(other.body.code).to.equal('invalid-query');
  });

  it('get events again that are named, or of a time, and nothing that says both', async () => {
    const { id } = await make();
    const ids = await publish(service.database.db, customer, { count: 3 });
    const replay = (body: object) => ask('POST', `/${id}/replay`, body);
    const named = await replay({ event_ids: ids.slice(0, 2) });
    expect(named.status).to.equal(202);
    expect(named.body).to.deep.equal({ deliveries: 2, next_after: null });
    const since = new Date(Date.now() - 60_000).toISOString();
    expect((await replay({ since, customer_id: customer })).body.deliveries).to.be.at.least(3);
    expect((await replay({ since, customer_id: randomUUID() })).body.deliveries).to.equal(0);
    for (const body of [
      {},
      { event_ids: ids, since },
      { event_ids: ids, until: since },
      { event_ids: [] },
      { until: since },
    ]) {
      expect((await replay(body)).status, JSON.stringify(body)).to.equal(422);
    }
  });
});

describe('the test of a webhook endpoint', () => {
  let service: Service;
  let receiver: Receiver;
  before(async () => {
    service = await startService({ environment: { WEBHOOKS_ALLOW_PRIVATE: '1' } });
    receiver = await startReceiver();
  });
  after(async () => {
    await service.stop();
    await receiver.stop();
  });

  it('sends a signed event now, and tells what came back', async () => {
    const { body: made } = await service.request('POST', BASE, { body: { url: receiver.url } });
    receiver.answer = (_request, response) => response.writeHead(418).end('no\u0000coffee');
    const refused = await service.request('POST', `${BASE}/${made.id}/test`);
    expect(refused.status).to.equal(200);
    expect(refused.body).to.include({ delivered: false, last_status: 418, last_error: null, answer: 'no\u0000coffee' });
    await service.request('PATCH', `${BASE}/${made.id}`, { body: { status: 'disabled' } });
    receiver.answer = (_request, response) => response.end('thanks');
    const { body } = await service.request('POST', `${BASE}/${made.id}/test`);
    expect(body).to.include({ delivered: true, last_status: 200, answer: 'thanks' });
    const last = receiver.received.at(-1) as Receiver['received'][number];
    const { id, event } = await verifyWebhook({ headers: last.headers, body: last.body, secret: made.secret });
    expect(id).to.equal(body.webhook_id);
    expect(event).to.include({ id, type: 'webhook.test', customer_id: null });
    await receiver.stop();
    const nobody = await service.request('POST', `${BASE}/${made.id}/test`);
    expect(nobody.body).to.include({ delivered: false, last_status: null, last_error: 'ECONNREFUSED', answer: '' });
  });
});

for (const backend of backends) {
  describe(`the secrets of webhooks, the queue on ${backend}`, () => {
    let database: TestDatabase;
    let api: Captured;
    let worker: Captured;
    let receiver: Receiver;
    let redis_url: string | undefined;
    before(async () => {
      database = await createDatabase();
      receiver = await startReceiver();
      redis_url = backend === 'redis' ? nextRedisUrl() : undefined;
      const environment = {
        ...{
          DATABASE_URL: database.url,
          JWT_SECRET: SECRET,
          PORT: '0',
          LOG_LEVEL: 'trace',
          WEBHOOKS_ALLOW_PRIVATE: '1',
        },
        ...(redis_url && { REDIS_URL: redis_url }),
      };
      [api, worker] = await Promise.all([start('api', environment), start('worker', environment)]);
    });
    after(async () => {
      await Promise.all([endProcess(api.child), endProcess(worker.child)]);
      await receiver.stop();
      await database.drop();
    });

    it('are in the answer that makes them, and in no other, no log, no audit entry and no job', async () => {
      const answers: string[] = [];
      const ask = async (method: string, path: string, body?: object) => {
        const headers = { Authorization: `Bearer ${tokenFor('admin')}`, 'Content-Type': 'application/json' };
        const answer = await fetch(`${api.url}${path}`, {
          method,
          headers,
          ...(body && { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        return { text, body: text === '' ? undefined : JSON.parse(text) };
      };
      const told = async (...request: Parameters<typeof ask>) => void answers.push((await ask(...request)).text);
      const key = `key${randomUUID()}`;
      const made = (await ask('POST', BASE, { url: `${receiver.url}?key=${key}` })).body;
      const path = `${BASE}/${made.id}`;
      const rotated = (await ask('POST', `${path}/secret/rotate`)).body;
      // Published by the worker, which rings for it.
      const { id } = (await ask('POST', '/customers', { first_name: 'Ada', last_name: 'Lovelace' })).body;
      await arrived(receiver, 1);
      receiver.answer = (_request, response) => response.writeHead(500).end();
      await publish(database.db, customer);
      await until(() => /a webhook was not taken/.test(worker.output.join('')));
      await told('GET', BASE);
      await told('GET', path);
      await told('PATCH', path, { description: 'x' });
      await told('POST', `${path}/test`);
      await told('GET', `${path}/deliveries`);
      await told('POST', `${path}/replay`, { since: new Date(0).toISOString() });
      await told('POST', BASE, { url: 'https://127.0.0.1/#x' });
      await told('GET', '/audit');
      await told('GET', '/events');
      const status = await runOps({ DATABASE_URL: database.url }, 'status', '--json');
      answers.push(status.stdout);
      await told('DELETE', path);
      await told('GET', '/audit?action=webhook_endpoint.deleted');

      expect(made.secret).to.not.equal(rotated.secret);
      const queue = redis_url ? await dumpRedis(redis_url) : await dumpQueue(database.db);
      expect(queue, 'jobs are there to be searched').to.match(/deliveries/);
      const audit = JSON.stringify(await database.db('audit_log'));
      expect(audit).to.include('webhook_endpoint.secret_rotated');
      const places = {
        answers: answers.join(),
        queue,
        audit,
        api: api.output.join(''),
        worker: worker.output.join(''),
      };
      for (const [place, text] of Object.entries(places)) {
        for (const secret of [made.secret, rotated.secret])
          expect(text.includes(secret.slice('whsec_'.length)), place).to.equal(false);
        // What comes after the host is often a key as well; whoever may manage endpoints sees it.
        if (place !== 'answers') expect(text.includes(key), place).to.equal(false);
      }
      const { headers, body } = receiver.received[0] as Receiver['received'][number];
      expect((await verifyWebhook({ headers, body, secret: rotated.secret })).event).to.include({
        customer_id: id,
      });
    });
  });
}
