// How often somebody may ask: by principal, by customer whose points move, by address that fails to authenticate; in one
// process and in several, with Redis and without it.

import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { networkOf } from '../../apps/api/src/middleware/address.ts';
import { type PrivateRedis, redisProgram, startRedis } from '../helpers/redis.ts';
import {
  backends,
  endProcess,
  type Response,
  type Service,
  startProcess,
  startService,
  tokenFor,
} from '../helpers/service.ts';
import { createCustomer, earn, redeem } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

const startWith = (limits: string, environment: Record<string, string> = {}) =>
  startService({ environment: { RATE_LIMITS: limits, ...environment } });

const get = (service: Service, role: 'service' | 'admin' | 'staff' | 'manager', sub?: string) =>
  service.request('GET', '/customers', { role, sub });

const repeat = async (times: number, ask: () => Promise<Response>): Promise<number[]> => {
  const statuses: number[] = [];
  for (let turn = 0; turn < times; turn += 1) statuses.push((await ask()).status);
  return statuses;
};

const policyOf = ({ headers }: Response) => headers.get('ratelimit-policy');

describe('rate limits', () => {
  describe('of a principal and a customer', counted);
  describe('of an address', failures);
  describe('by default', defaults);
  describe('of several processes', shared);
});

function counted() {
  let service: Service;
  before(async () => {
    service = await startWith('service=5/min,default=2/s,customer=3/min,movements=4/min');
  });
  after(() => service.stop());

  it('count down, and refuse with 429 and the time to wait', async () => {
    const answers: Response[] = [];
    for (let turn = 0; turn < 7; turn += 1) answers.push(await get(service, 'service', 'till-1'));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200, 429, 429]);
    for (const [turn, { headers }] of answers.entries()) {
      expect(headers.get('ratelimit-policy')).to.equal('"principal";q=5;w=60');
      const [, left, seconds] = /^"principal";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
      expect(Number(left)).to.equal(Math.max(0, 4 - turn));
      expect(Number(seconds)).to.be.within(50, 60);
    }
    const refused = answers[5] as Response;
    expect(refused.body).to.include({ code: 'rate-limited', status: 429 });
    expect(Number(refused.headers.get('retry-after'))).to.be.within(50, 60);
    expect(answers[4]?.headers.get('retry-after')).to.equal(null);
  });

  it('know subjects and roles apart', async () => {
    await repeat(6, () => get(service, 'service', 'till-2'));
    expect((await get(service, 'service', 'till-2')).status).to.equal(429);
    expect((await get(service, 'service', 'till-3')).status).to.equal(200);
    expect((await get(service, 'admin', 'till-2')).status).to.equal(200);
  });

  it('begin anew when the window ends', async () => {
    const ask = () => get(service, 'manager');
    await until(async () => (await ask()).status === 429, { what: 'a refusal' });
    await until(async () => (await ask()).status === 200, {
      what: 'the next window',
      every_ms: 100,
    });
  });

  it('count what the policy or the schema refuses as well', async () => {
    const ask = () => service.request('GET', '/customers?limit=x', { role: 'customer', sub: randomUUID() });
    expect((await ask()).headers.get('ratelimit')).to.match(/^"principal";r=2;/);
    const sub = randomUUID();
    expect(await repeat(4, () => service.request('GET', '/customers', { role: 'customer', sub }))).to.deep.equal([
      ...[403, 403, 403, 429],
    ]);
  });

  it('refuse the movements of one customer whoever asks for them, and write nothing', async () => {
    const [one, other] = [await createCustomer(service), await createCustomer(service)];
    const move = (customer: string, turn: number) =>
      service.request('POST', `/customers/${customer}/loyalty/${turn % 2 ? 'earn' : 'redeem'}`, {
        ...{ role: turn % 3 ? 'admin' : 'service', sub: `till-${turn}`, body: { points: 1 } },
        headers: { 'Idempotency-Key': `key-${turn}` },
      });
    const answers: Response[] = [];
    for (let turn = 0; turn < 6; turn += 1) answers.push(await move(one, turn));
    expect(answers.map(({ status }) => status)).to.deep.equal([202, 202, 202, 202, 429, 429]);
    expect(policyOf(answers[1] as Response)).to.equal('"principal";q=10000;w=1, "movements";q=4;w=60');
    expect(answers[1]?.headers.get('ratelimit')).to.match(/^"principal";r=\d+;t=1, "movements";r=2;t=\d+$/);
    expect(answers[4]?.body.detail).to.include('of this customer');
    const { body } = await service.request('GET', `/customers/${one}/loyalty/transactions`);
    expect(body.items).to.have.length(4);
    expect((await move(other, 1)).status).to.equal(202);
    expect((await service.request('GET', `/customers/${one}`)).status, 'reads are not movements').to.equal(200);
  });
}

function failures() {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

  it('refuse it after 20 failures a minute, but never a good token from there', async function () {
    if (outside === undefined) {
      console.log('LEFT OUT: failures by address, because this machine has no address but its loopback');
      this.skip();
    }
    const service = await startService({ environment: { HOST: outside } });
    try {
      const first = await service.request('GET', '/customers', { role: null });
      expect([first.status, policyOf(first)]).to.deep.equal([401, '"failures";q=20;w=60']);
      const spoofed = {
        authorization: 'Bearer a.b.c',
        headers: { 'X-Forwarded-For': '192.0.2.77', Forwarded: 'for=192.0.2.77' },
      };
      expect(await repeat(19, () => service.request('GET', '/customers', spoofed))).to.deep.equal(Array(19).fill(401));
      const refused = await service.request('GET', '/customers', spoofed);
      expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate-limited']);
      expect(Number(refused.headers.get('retry-after'))).to.be.within(50, 60);
      expect(refused.headers.get('www-authenticate'), 'no longer says whether the token was bad').to.equal(null);
      const good = await service.request('GET', '/customers');
      expect([good.status, policyOf(good)]).to.deep.equal([200, '"principal";q=10000;w=1']);
    } finally {
      await service.stop();
    }
  });

  const NETWORKS: [address: string | undefined, network: string | null][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['127.0.0.1', null],
    ['127.8.8.8', null],
    ['::ffff:127.0.0.1', null],
    ['::1', null],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['no address', null],
    ['', null],
    [undefined, null],
  ];
  for (const [address, network] of NETWORKS) {
    it(`count ${address} as ${network}`, () => expect(networkOf(address)).to.equal(network));
  }
}

function defaults() {
  it('are far away, and said in every answer that is counted', async () => {
    const service = await startWith('failures=1/min');
    try {
      const customer = await createCustomer(service);
      expect(policyOf(await earn(service, customer, { points: 1 }))).to.equal(
        '"principal";q=10000;w=1, "movements";q=1000;w=10',
      );
      expect(policyOf(await get(service, 'staff'))).to.equal('"principal";q=1000;w=1');
      const own = await service.request('GET', `/customers/${customer}`, { role: 'customer', sub: customer });
      expect(policyOf(own)).to.equal('"principal";q=100;w=1');
      expect(policyOf(await service.request('GET', `/customers/${randomUUID()}`))).to.equal('"principal";q=10000;w=1');
      for (const path of ['/health', '/docs', '/problems/rate-limited', '/nowhere']) {
        expect(policyOf(await service.request('GET', path)), path).to.equal(null);
      }
      // Behind a proxy on this machine everybody would have its address.
      for (let turn = 0; turn < 3; turn += 1) {
        const local = await service.request('GET', '/customers', { authorization: 'Bearer a.b.c' });
        expect([local.status, policyOf(local)]).to.deep.equal([401, null]);
      }
    } finally {
      await service.stop();
    }
  });

  it('can be switched off', async () => {
    const service = await startWith('off');
    try {
      const customer = await createCustomer(service);
      const { headers, status } = await redeem(service, customer, 1);
      expect([status, headers.get('ratelimit'), headers.get('ratelimit-policy')]).to.deep.equal([202, null, null]);
    } finally {
      await service.stop();
    }
  });
}

function shared() {
  let redis: PrivateRedis;
  let service: Service;
  let second: { child: ChildProcess; url?: string };
  before(async function () {
    if (!backends.includes('redis')) return this.skip();
    const program = redisProgram();
    if (program === undefined) {
      console.log('LEFT OUT: limits of several processes, because there is no redis-server to start and to kill');
      return this.skip();
    }
    redis = await startRedis(program);
    service = await startWith('service=100/min,admin=20/min,default=30/s', { REDIS_URL: redis.url });
    second = await startProcess('api', service.environment);
    for (const url of [service.url, second.url as string]) await sharing(url);
  });
  after(async () => {
    if (service === undefined) return;
    redis.child.kill('SIGCONT');
    await Promise.all([endProcess(second.child), service.stop()]);
    await redis.stop();
  });

  /** Resolves when the process behind `url` has reached Redis: until then it counts alone. */
  async function sharing(url: string): Promise<void> {
    const ask = requestTo(url);
    const client = new Redis(redis.url);
    const reported = async () => (await client.keys('rate-limit:*')).length;
    const before = await reported();
    const askOften = async () => {
      const sub = randomUUID();
      for (let turn = 0; turn < 10; turn += 1) await ask('GET', '/customers', { role: 'service', sub });
      return (await reported()) > before;
    };
    await until(askOften, { what: 'a count in Redis' });
    client.disconnect();
  }

  /** @returns how many of `times` requests, to both processes in turn, were let through */
  async function passed(times: number, ask: (on: Service) => Promise<Response>): Promise<number> {
    const both = [service, { ...service, request: requestTo(second.url as string) }];
    const statuses: number[] = [];
    for (let turn = 0; turn < times; turn += 2)
      statuses.push(...(await Promise.all(both.map(async (on) => (await ask(on)).status))));
    expect(statuses.filter((status) => status !== 200 && status !== 429)).to.deep.equal([]);
    return statuses.filter((status) => status === 200).length;
  }

  it('hold for all of them together, to within a tenth a process', async () => {
    // Alone, each would let 100 through.
    expect(await passed(240, (on) => get(on, 'service', 'ada@example.com'))).to.be.within(90, 125);
  });

  it('tell Redis no subject', async () => {
    const client = new Redis(redis.url);
    const keys = await client.keys('*');
    client.disconnect();
    expect(keys.filter((key) => key.startsWith('rate-limit:principal:'))).to.have.length.above(0);
    expect(keys.join()).not.to.include('ada');
  });

  for (const [what, signal] of [
    ['frozen', 'SIGSTOP'],
    ['gone', 'SIGKILL'],
  ] as const) {
    it(`hold in each process alone while Redis is ${what}, and delay nobody`, async () => {
      redis.child.kill(signal);
      const started = performance.now();
      expect(await passed(60, (on) => get(on, 'admin', what))).to.equal(40);
      expect((performance.now() - started) / 60).to.be.below(200);
    });
  }
}

/** Requests to one of several processes. */
function requestTo(url: string): Service['request'] {
  return async (method, path, { role = 'admin', sub } = {}) => {
    const headers = { Authorization: `Bearer ${tokenFor(role ?? '', sub)}` };
    const { status, headers: answered } = await fetch(`${url}${path}`, { method, headers });
    return { status, headers: answered, body: null };
  };
}
