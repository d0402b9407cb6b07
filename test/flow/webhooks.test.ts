// Webhooks as they are deployed, worker and queue and all: whatever happens on the way, each event comes, and by its id
// whoever receives it can tell what has come before.

import { spawnSync } from 'node:child_process';
import { verifyWebhook } from '@customer-service/client';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { type PrivateRedis, redisProgram, startRedis } from '../helpers/redis.ts';
import { backends, endProcess, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import { arrived, hurry, publish, type Receiver, startReceiver } from '../helpers/webhooks.ts';

const environment = { WEBHOOKS_ALLOW_PRIVATE: '1', LOG_LEVEL: 'fatal' };

interface Endpoint {
  id: string;
  secret: string;
}

async function addEndpoint(service: Service, url: string, types: string[] = []): Promise<Endpoint> {
  const { status, body } = await service.request('POST', '/webhook-endpoints', { body: { url, types } });
  expect(status).to.equal(201);
  return body;
}

const logOf = async (service: Service, { id }: Endpoint, query = '') =>
  (await service.request('GET', `/webhook-endpoints/${id}/deliveries?limit=200${query}`)).body.items;

/** Resolves once nothing is left to be sent to it. */
const settled = (service: Service, endpoint: Endpoint) =>
  until(async () => (await logOf(service, endpoint, '&status=pending')).length === 0, { what: 'all to be recorded' });

for (const backend of backends) {
  describe(`webhooks, the queue on ${backend}`, () => {
    let service: Service;
    let receiver: Receiver;
    before(async () => {
      service = await startService({ backend, workers: 1, environment });
    });
    after(() => service.stop());
    beforeEach(async () => {
      receiver = await startReceiver();
    });
    afterEach(async () => {
      await service.database.db('webhook_endpoints').delete();
      await receiver.stop();
    });

    it('tell of a purchase what the API answers, signed, soon and by a ring', async () => {
      const { secret } = await addEndpoint(service, receiver.url, ['customer.created', 'loyalty.transaction.applied']);
      const customer = await createCustomer(service);
      const { body } = await earn(service, customer, { points: 50 }, { Prefer: 'wait=5' });
      await arrived(receiver, 2);
      const events = [];
      for (const { headers, body: got } of receiver.received) {
        const { event } = await verifyWebhook({ headers, body: got, secret });
        expect(new Webhook(secret).verify(got, headers as Record<string, string>)).to.deep.equal(event);
        events.push(event as { type: string; sequence: number; data: unknown });
      }
      events.sort((a, b) => a.sequence - b.sequence);
      expect(events.map(({ type, sequence }) => [type, sequence])).to.deep.equal([
        ['customer.created', 1],
        ['loyalty.transaction.applied', 2],
      ]);
      expect(events[1]?.data).to.deep.equal(body);
      const feed = await service.request('GET', `/events?customer_id=${customer}`);
      expect(feed.body.items).to.deep.equal(events);
      const rung = async () => {
        const metrics = await (await fetch(`${service.ops_url}/metrics`)).text();
        return /queue_jobs\{queue="webhooks",state="completed"\} [1-9]/.test(metrics);
      };
      await until(rung, { what: 'a ring that was answered' });
    });

    it('come back when a receiver does: none is lost, and by their ids none is doubled', async () => {
      const endpoint = await addEndpoint(service, receiver.url);
      const customer = await createCustomer(service);
      const { db } = service.database;
      await publish(db, customer, { count: 30 });
      await arrived(receiver, 10);
      await receiver.stop();
      await publish(db, customer, { count: 30 });
      await until(async () => (await logOf(service, endpoint)).some((row: { last_error: string }) => row.last_error), {
        what: 'a refused connection',
      });
      await receiver.restart();
      // They would come by themselves within seconds: no test waits for that.
      await until(
        async () => {
          await hurry(db, { last_error: 'ECONNREFUSED' });
          await hurry(db, { last_error: 'ECONNRESET' });
          return receiver.ids().length >= 61;
        },
        { every_ms: 200, what: 'all webhooks' },
      );
      await settled(service, endpoint);
      const all = await db('events').select<{ id: string }[]>('id').where({ customer_id: customer });
      expect(receiver.ids()).to.have.members(all.map(({ id }) => id));
      const log = await logOf(service, endpoint);
      expect(log.map(({ status }: { status: string }) => status)).to.deep.equal(Array(61).fill('delivered'));
    });

    it('are sent again under the same id when the worker dies between the answer and its record', async () => {
      const endpoint = await addEndpoint(service, receiver.url);
      const { db } = service.database;
      let answered = 0;
      receiver.answer = (_request, response) => void response.end('ok', () => (answered += 1));
      // A record takes for ever, a claim does not.
      await db.raw(`create function hold_up() returns trigger language plpgsql as
        $$ begin perform pg_sleep(60); return new; end $$`);
      await db.raw(`create trigger hold_up before update on webhook_deliveries for each row
        when (new.last_duration_ms is not null) execute function hold_up()`);
      const [id] = await publish(db, '0197f0a4-5b6c-7d8e-9f00-112233445566');
      await until(() => answered === 1);
      const [worker] = service.workers;
      worker?.kill('SIGKILL');
      await until(() => worker?.signalCode ?? undefined);
      // The server would notice only later that nobody is there, and finish the statement.
      const dead = "from pg_stat_activity where datname = current_database() and application_name = 'worker'";
      await db.raw(`select pg_terminate_backend(pid) ${dead}`);
      await until(async () => (await db.raw(`select ${dead}`)).rows.length === 0);
      await db.raw('drop trigger hold_up on webhook_deliveries');
      expect((await logOf(service, endpoint))[0]).to.include({ status: 'pending', attempts: 1, last_status: null });

      await hurry(db);
      await service.startWorker();
      await settled(service, endpoint);
      expect(receiver.received.map((each) => each.id)).to.deep.equal([id, id]);
      expect((await logOf(service, endpoint))[0]).to.include({ status: 'delivered', attempts: 2, last_status: 200 });
    });

    it('do not wait for an endpoint that is slow', async () => {
      const slow = await startReceiver();
      slow.answer = () => {};
      try {
        const hanging = await addEndpoint(service, slow.url);
        const endpoint = await addEndpoint(service, receiver.url);
        await publish(service.database.db, '0197f0a4-5b6c-7d8e-9f00-112233445566', { count: 100 });
        await arrived(receiver, 100);
        await settled(service, endpoint);
        expect(slow.received).to.have.length(10);
        expect(slow.open()).to.equal(10);
        expect(await logOf(service, hanging, '&status=pending')).to.have.length(100);
      } finally {
        await slow.stop();
      }
    });
  });
}

describe('webhooks', () => {
  let service: Service;
  let receiver: Receiver;
  const customer = '0197f0a4-5b6c-7d8e-9f00-112233445566';
  before(async () => {
    service = await startService({ workers: 1, environment });
  });
  after(() => service.stop());
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await service.database.db('webhook_endpoints').delete();
    await receiver.stop();
  });
  const publishOne = async () => (await publish(service.database.db, customer))[0] as string;

  it('end with a 410, until somebody enables the endpoint again, and then what waited comes', async () => {
    const endpoint = await addEndpoint(service, receiver.url);
    receiver.answer = (_request, response) => response.writeHead(410).end();
    const first = await publishOne();
    const path = `/webhook-endpoints/${endpoint.id}`;
    const read = async () => (await service.request('GET', path)).body;
    await until(async () => (await read()).status === 'disabled');
    expect(await read()).to.include({ disabled_reason: 'gone' });
    const { body: audit } = await service.request('GET', '/audit?action=webhook_endpoint.disabled');
    expect(audit.items[0].changes.endpoint_id.after).to.equal(endpoint.id);
    const second = await publishOne();
    expect(receiver.ids()).to.deep.equal([first]);
    receiver.answer = (_request, response) => response.writeHead(204).end();
    await service.request('PATCH', path, { body: { status: 'enabled' } });
    await arrived(receiver, 2);
    expect(receiver.ids()).to.have.members([first, second]);
    await settled(service, endpoint);
  });

  it('wait as long as Retry-After says, and follow no redirect', async () => {
    const elsewhere = await startReceiver();
    const endpoint = await addEndpoint(service, receiver.url);
    const next = async () => {
      const { rows } = await service.database.db.raw(
        `select last_status, extract(epoch from next_attempt_at - clock_timestamp())::float8 as left
           from webhook_deliveries where endpoint_id = ? and last_status is not null order by event_id desc limit 1`,
        [endpoint.id],
      );
      return rows[0] as { last_status: number; left: number } | undefined;
    };
    receiver.answer = (_request, response) => response.writeHead(429, { 'Retry-After': '600' }).end();
    await publishOne();
    const asked = await until(next);
    expect(asked.last_status).to.equal(429);
    expect(asked.left).to.be.within(590, 721);
    receiver.answer = (_request, response) => response.writeHead(302, { Location: elsewhere.url }).end();
    const began = performance.now();
    await publishOne();
    const redirected = await until(async () => [await next()].find((found) => found?.last_status === 302));
    expect(redirected.left).to.be.below(6.1);
    expect(redirected.left + (performance.now() - began) / 1_000).to.be.above(3.9);
    expect(elsewhere.received).to.deep.equal([]);
    await elsewhere.stop();
  });

  it('are signed by both secrets while one is being changed, and then by the new one', async () => {
    const { id, secret } = await addEndpoint(service, receiver.url);
    const { body } = await service.request('POST', `/webhook-endpoints/${id}/secret/rotate`);
    expect(Date.parse(body.previous_secret_until) - Date.now()).to.be.within(86_390_000, 86_400_000);
    await publishOne();
    await arrived(receiver, 1);
    const verify = (key: string, index: number) => {
      const { headers, body: got } = receiver.received[index] as Receiver['received'][number];
      return verifyWebhook({ headers, body: got, secret: key }).then(
        () => 'right',
        () => 'wrong',
      );
    };
    expect([await verify(secret, 0), await verify(body.secret, 0)]).to.deep.equal(['right', 'right']);
    await service.database.db('webhook_secrets').update({ previous_until: new Date(Date.now() - 1_000) });
    await publishOne();
    await arrived(receiver, 2);
    expect([await verify(secret, 1), await verify(body.secret, 1)]).to.deep.equal(['wrong', 'right']);
  });

  it('are sent by https to those alone whose certificate is good', async function () {
    const made = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '-', '-out', '-', '-days', '1'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ]);
    if (made.status !== 0) {
      console.log('    LEFT OUT: a certificate of an unknown authority, because there is no openssl');
      return this.skip();
    }
    const { createServer } = await import('node:https');
    const pem = made.stdout.toString();
    let requests = 0;
    const server = createServer({ key: pem, cert: pem }, (_request, response) => {
      requests += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { id } = await addEndpoint(service, `https://127.0.0.1:${port}/`);
    const { body } = await service.request('POST', `/webhook-endpoints/${id}/test`);
    expect(body).to.include({ delivered: false, last_status: null, last_error: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(requests).to.equal(0);
    server.close();
  });

  it('go nowhere private where that is not allowed', async () => {
    const endpoint = await addEndpoint(service, receiver.url);
    await endProcess(service.workers[0] as never);
    await service.startWorker({ WEBHOOKS_ALLOW_PRIVATE: '' });
    await publishOne();
    const [row] = await until(async () => {
      const log = await logOf(service, endpoint);
      return log[0]?.attempts === 1 && log[0].last_error !== null && log;
    });
    expect(row).to.include({ last_error: 'address_refused', status: 'pending', attempts: 1 });
    expect(receiver.received).to.deep.equal([]);
  });
});

// global.ts prints that flows on Redis are left out.
const program = redisProgram();
if (program !== undefined) {
  describe('webhooks, with Redis away', () => {
    let redis: PrivateRedis;
    let service: Service;
    let receiver: Receiver;
    before(async () => {
      redis = await startRedis(program);
      service = await startService({ workers: 1, environment: { ...environment, REDIS_URL: redis.url } });
      receiver = await startReceiver();
    });
    after(async () => {
      await service.stop();
      await receiver.stop();
    });

    it('come all the same', async () => {
      const endpoint = await addEndpoint(service, receiver.url);
      await redis.stop();
      const customer = await createCustomer(service);
      const [id] = await publish(service.database.db, customer);
      await arrived(receiver, 2);
      expect(receiver.ids()).to.include(id);
      await settled(service, endpoint);
    });
  });
}
