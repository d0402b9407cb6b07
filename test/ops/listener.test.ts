// The listeners of those who run the service: probes and metrics of API and worker, away from what is public.

import type { ChildProcess } from 'node:child_process';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { endProcess, forkProcess, nextRedisUrl, SECRET, startProcess, tokenFor } from '../helpers/service.ts';
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { until } from '../helpers/until.ts';

const PATHS = ['/metrics', '/health/live', '/health/ready', '/ops', '/ops/', '/ops/queues', '/ops/login', '/OPS'];

interface Watched {
  child: ChildProcess;
  url: string;
  ops_url: string;
}

let database: TestDatabase;
let network: TcpProxy;
let queueNetwork: TcpProxy | undefined;
let api: Watched;
let worker: Watched;

describe('the ops listeners', () => {
  before(async () => {
    database = await createDatabase();
    network = await startProxy(addressOf(database.url));
    const redis = process.env.TEST_REDIS_URL;
    if (redis) queueNetwork = await startProxy(addressOf(redis));
    const environment = {
      ...{ DATABASE_URL: through(network, database.url), JWT_SECRET: SECRET, PORT: '0', LOG_LEVEL: 'silent' },
      ...{ WORKER_OPS_PORT: '0', ...(redis && queueNetwork && { REDIS_URL: through(queueNetwork, nextRedisUrl()) }) },
    };
    [api, worker] = (await Promise.all([startProcess('api', environment), startProcess('worker', environment)])) as [
      Watched,
      Watched,
    ];
  });
  after(async () => {
    await Promise.all([endProcess(api.child), endProcess(worker.child)]);
    await Promise.all([network.cut(), queueNetwork?.cut()]);
    await database.drop();
  });

  for (const [name, watched] of [
    ['API', () => api],
    ['worker', () => worker],
  ] as const) {
    describe(`of the ${name}`, () => answers(watched));
  }

  it('are nowhere on the public port, whoever asks', async () => {
    for (const path of PATHS) {
      for (const headers of [undefined, { Authorization: `Bearer ${tokenFor('ops')}` }]) {
        for (const method of ['GET', 'POST']) {
          const { status } = await fetch(`${api.url}${path}`, { method, ...(headers && { headers }) });
          expect({ path, method, status }).to.deep.equal({ path, method, status: 404 });
        }
      }
    }
  });

  it('listen on loopback unless told otherwise', () => {
    for (const { ops_url } of [api, worker]) expect(ops_url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('leave the worker without one when nobody asked for it', async () => {
    const environment = { DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
    const { child, ops_url } = await startProcess('worker', environment);
    expect(ops_url).to.equal(undefined);
    expect(await endProcess(child)).to.equal(0);
  });

  it('say what to do about a port that is taken', async () => {
    const taken = new URL(api.ops_url).port;
    const environment = { DATABASE_URL: database.url, JWT_SECRET: SECRET, PORT: '0', LOG_LEVEL: 'fatal' };
    expect(await lastWords('api', { ...environment, OPS_PORT: taken })).to.match(/taken: set OPS_PORT to another one/);
    expect(await lastWords('worker', { ...environment, WORKER_OPS_PORT: taken })).to.match(/set WORKER_OPS_PORT/);
  });
});

const ask = async ({ ops_url }: Watched, path: string) => {
  const answer = await fetch(`${ops_url}${path}`);
  const text = await answer.text();
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    body: text.startsWith('{') ? JSON.parse(text) : text,
  };
};

function answers(watched: () => Watched) {
  const ready = () => ask(watched(), '/health/ready');
  const becomes = (status: string) =>
    until(
      async () => {
        const answer = await ready();
        return answer.body.status === status && answer;
      },
      { what: `readiness to be ${status}`, timeout_ms: 30_000 },
    );

  it('has metrics in the format of Prometheus', async () => {
    const { status, type, body } = await ask(watched(), '/metrics');
    expect(status).to.equal(200);
    expect(type).to.match(/^text\/plain; version=0\.0\.4/);
    expect(body).to.match(/^customer_service_build_info\{.*version="\d/m);
  });

  it('has nothing else', async () => {
    for (const path of ['/', '/health', '/customers', '/metrics/', '/health/live/x']) {
      expect((await ask(watched(), path)).status, path).to.equal(404);
    }
  });

  it('is ready once everything is there', async () => {
    const { status, body } = await becomes('ok');
    expect(status).to.equal(200);
    expect(body.dependencies).to.deep.equal({
      database: { status: 'up' },
      queue: { status: 'up', backend: queueNetwork ? 'redis' : 'postgresql' },
    });
  });

  it('is degraded and ready without the queue', async function () {
    if (queueNetwork === undefined) {
      console.log('LEFT OUT: readiness without Redis, because there is no Redis to take away');
      return this.skip();
    }
    await queueNetwork.cut();
    expect((await becomes('degraded')).status).to.equal(200);
    await queueNetwork.mend();
    await becomes('ok');
  });

  it('lives and is not ready without the database, and its metrics can be read', async () => {
    await network.cut();
    expect((await becomes('down')).status).to.equal(503);
    expect(await ask(watched(), '/health/live')).to.deep.include({ status: 200, body: { status: 'ok' } });
    expect((await ask(watched(), '/metrics')).status).to.equal(200);
    await network.mend();
    await becomes('ok');
  });
}

function lastWords(name: 'api' | 'worker', environment: Record<string, string>): Promise<string> {
  const child = forkProcess(name, environment, { silent: true });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (words += chunk));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve(code === 0 ? 'ended well' : words));
  });
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

function through(proxy: TcpProxy, url: string): string {
  const changed = new URL(url);
  changed.host = `127.0.0.1:${proxy.port}`;
  return changed.href;
}
