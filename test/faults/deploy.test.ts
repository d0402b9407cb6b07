// Deployments: processes that end and start under load, other versions beside this one, clocks that disagree, and the
// queue in PostgreSQL from its start on. Rows F29 to F31, F45 and F46 of the table in docs/reliability.md.

import { type AddressInfo, createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { assertReady, migrate } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase } from '../helpers/database.ts';
import { balancesAgree } from '../helpers/ledger.ts';
import { freePort } from '../helpers/redis.ts';
import { SECRET, startProcess, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem, settled } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import {
  attempt,
  doorbellRings,
  insist,
  isRetryable,
  keepsItsPromises,
  measured,
  openShop,
  restarted,
  ring,
  sellMany,
  shareServers,
  useBench,
} from './bench.ts';
import type { Member } from './rig/supervisor.ts';

shareServers();

/** Of an API and of a worker, each; RESTARTS=10 for a release. */
const RESTARTS = Number(process.env.RESTARTS || 2);

describe('deployments', () => {
  const bench = useBench();
  afterEach(() => keepsItsPromises(bench));

  it(`F30: ${2 * RESTARTS} processes are asked to end under load: nobody hears more than "come again"`, async function () {
    this.timeout(180_000 * RESTARTS);
    const cut: string[] = [];
    let selling = true;
    let sold = 0;
    const till = async () => {
      while (selling) {
        const receipt = ring(bench);
        for (let promised = false; !promised; ) {
          const answer = await attempt(bench, receipt).catch((error) => error as Error & { cause?: { code?: string } });
          if (answer instanceof Error) {
            // Whom a process that has ended refuses, a load balancer sends to the next one: nothing was sent.
            if (answer.cause?.code !== 'ECONNREFUSED') cut.push(`${answer.cause?.code ?? answer.message}`);
          } else if (answer.status >= 300) isRetryable(answer);
          else promised = true;
          if (!promised) await pause(10);
        }
        sold += 1;
        await pause(20);
      }
    };
    const tills = Promise.all(Array.from({ length: 4 }, till));
    for (let round = 0; round < RESTARTS; round += 1) {
      const members = [bench.rig.apis[round % 2], bench.rig.workers[round % 2]] as Member[];
      const starts = members.map((member) => member.starts());
      const before = sold;
      await until(() => sold > before + 10, { what: 'some sales', timeout_ms: 30_000 });
      for (const member of members) member.signal('SIGTERM');
      await Promise.all(members.map((member, index) => restarted(member, starts[index] as number)));
    }
    selling = false;
    await tills;
    measured('F30', { sold });
    expect(cut).to.deep.equal([]);
  });

  it('F31: the schema of the next version comes while this one serves, and this one starts on it', async () => {
    const { db, apis, workers } = bench.rig;
    const shop = openShop(bench);
    await until(() => shop.promised() > 10, { what: 'some sales', timeout_ms: 30_000 });
    // What an expanding migration may do: one table at a time, because whoever locks two in a running service may wait for
    // somebody who waits for it.
    for (const statement of [
      'alter table loyalty_transactions add column next_version text, add column with_default integer not null default 7',
      'alter table loyalty_accounts add column next_version jsonb',
      'alter table customers add column next_version text',
      'create table next_version (id bigint generated always as identity primary key, customer_id uuid)',
      'create index concurrently on loyalty_transactions (next_version) where next_version is not null',
      "insert into knex_migrations (name, batch, migration_time) values ('9999_next_version', 99, now())",
    ]) {
      await db.raw(statement);
    }
    const members = [apis[0], workers[0]] as Member[];
    const starts = members.map((member) => member.starts());
    for (const member of members) member.signal('SIGTERM');
    await Promise.all(members.map((member, index) => restarted(member, starts[index] as number)));
    await assertReady(db);
    expect(
      await migrate(bench.rig.database_url),
      'its migration step has nothing to do and no objection',
    ).to.deep.equal([]);
    const before = shop.promised();
    await until(() => shop.promised() > before + 10, { what: 'sales afterwards', timeout_ms: 30_000 });
    await shop.closed();
  });
});

/** Moves what a process takes for the time. */
function clockAhead(ms: number): string {
  const code = `const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...given) { super(...(given.length === 0 ? [Real.now() + ${ms}] : given)); }
      static now() { return Real.now() + ${ms}; }
    };`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

describe('clocks that disagree', () => {
  it('F29: an hour behind in the API and an hour ahead in the worker change neither order nor balance', async () => {
    const service = await startService({ environment: { NODE_OPTIONS: clockAhead(-3_600_000) } });
    try {
      await service.startWorker({ NODE_OPTIONS: clockAhead(3_600_000) });
      const customer = await createCustomer(service);
      const locations: string[] = [];
      for (const points of [10, 20, 30]) {
        for (const answer of [await earn(service, customer, { points }), await redeem(service, customer, points)]) {
          expect(answer.status).to.equal(202);
          locations.push(answer.headers.get('location') as string);
        }
      }
      const lines = await Promise.all(locations.map((location) => settled(service, location, 30_000)));
      expect(lines.map(({ sequence, status }) => [sequence, status])).to.deep.equal(
        lines.map((_, index) => [index + 1, 'applied']),
      );
      // Moments are the database's.
      for (const { accepted_at } of lines) {
        expect(Math.abs(Date.parse(accepted_at) - Date.now())).to.be.below(600_000);
      }
      await balancesAgree(service);
    } finally {
      await service.stop();
    }
  });
});

describe('the queue in PostgreSQL', () => {
  const bench = useBench({ environment: { REDIS_URL: '' }, apis: 1, workers: 1 });
  afterEach(() => keepsItsPromises(bench));

  it('F46: its connections are ended, or gone on one side only: applied meanwhile, and rung for again', async () => {
    await doorbellRings(bench);
    await bench.rig.db.raw(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'queue loyalty'",
    );
    await sellMany(bench, 20);
    measured('F46', { ended_doorbell_back_ms: await doorbellRings(bench) });
    await bench.rig.workers[0]?.postgres.turn({ mode: 'half-open' });
    await sellMany(bench, 20);
    measured('F46', { half_open_doorbell_back_ms: await doorbellRings(bench) });
  });

  it('F45: starts while the database is away: ends, is started again, and works once it is back', async () => {
    const { servers, workers, apis } = bench.rig;
    const members = [workers[0], apis[0]] as Member[];
    const starts = members.map((member) => member.starts());
    await servers.postgres.end('fast');
    for (const member of members) member.signal('SIGKILL');
    const receipt = ring(bench);
    await until(() => members.every((member, index) => member.starts() > (starts[index] as number)), {
      what: 'a start without a database',
    });
    await servers.postgres.start();
    const began = performance.now();
    await Promise.all(members.map((member) => member.ready()));
    measured('F45', { ready_after_ms: performance.now() - began });
    await insist(bench, receipt);
    await doorbellRings(bench);
  });
});

describe('a queue whose own database connection does not answer', () => {
  let nobody: Server;
  before(async () => {
    nobody = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
  });
  after(() => nobody.close());

  it('F45: a process whose direct connection is refused, or taken and closed, ends with exit code 1: no zombie', async () => {
    const database = await createDatabase();
    try {
      const started = [await freePort(), (nobody.address() as AddressInfo).port].flatMap((port) => {
        const direct = new URL(database.url);
        direct.port = String(port);
        const environment = { DATABASE_URL: database.url, DIRECT_DATABASE_URL: direct.href, LOG_LEVEL: 'silent' };
        return [
          startProcess('worker', environment),
          startProcess('api', { ...environment, JWT_SECRET: SECRET, PORT: '0' }),
        ];
      });
      for (const outcome of await Promise.allSettled(started)) {
        expect(outcome.status).to.equal('rejected');
        expect(String((outcome as PromiseRejectedResult).reason)).to.contain('ended with code 1');
      }
    } finally {
      await database.drop();
    }
  });
});
