// Every alert is raised here by a real fault, in a real Prometheus that scrapes the service, and is over when the fault is.
// The waiting times of the rules are left out or made short; promtool tests those.

import { readFileSync } from 'node:fs';
import { openQueueDesk, type QueueDesk } from '@customer-service/runtime';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { runOps } from '../helpers/ops.ts';
import { redisProgram } from '../helpers/redis.ts';
import { backends, endProcess, nextRedisUrl, SECRET, startProcess, tokenFor } from '../helpers/service.ts';
import { startProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { until } from '../helpers/until.ts';
import { FOLDER, hasPrometheus, type Prometheus, startPrometheus } from '../ops/prometheus.ts';
import { accept, addCustomer, aTransaction } from '../store/fixtures.ts';

/** At once, over a window that is soon over too; the day in which a round should end is longer than any rest, and so are the
 * minutes in which events are published. */
const RULES = readFileSync(`${FOLDER}rules.yml`, 'utf8')
  .replace(/^ +for: .*\n/gm, '')
  .replaceAll('[5m]', '[6s]')
  .replace('> 86400', '> 15')
  .replace('> 300', '> 15');

type Started = Awaited<ReturnType<typeof startProcess>>;

describe('the alerts, by real faults', function () {
  this.timeout(180_000);
  let database: TestDatabase;
  let toDatabase: TcpProxy;
  let toRedis: TcpProxy;
  let environment: Record<string, string>;
  let redis_url: string;
  let api: Started;
  let worker: Started;
  let prometheus: Prometheus;
  let customer: string;

  before(async function () {
    if (!backends.includes('redis') || redisProgram() === undefined) {
      console.log('LEFT OUT: alerts by real faults, because there is no redis-server to take away');
      return this.skip();
    }
    if (!hasPrometheus('alerts by real faults')) return this.skip();
    database = await createDatabase();
    redis_url = nextRedisUrl();
    toDatabase = await startProxy(addressOf(database.url));
    toRedis = await startProxy(addressOf(redis_url));
    environment = {
      ...{ DATABASE_URL: through(toDatabase, database.url), REDIS_URL: through(toRedis, redis_url) },
      ...{ JWT_SECRET: SECRET, PORT: '0', LOG_LEVEL: 'silent', WORKER_OPS_PORT: '0' },
    };
    [api, worker] = await Promise.all([startProcess('api', environment), startProcess('worker', environment)]);
    const hostOf = ({ ops_url }: Started) => new URL(ops_url as string).host;
    // Those that are started anew take the ports of those before.
    Object.assign(environment, { OPS_PORT: hostOf(api).split(':')[1], WORKER_OPS_PORT: hostOf(worker).split(':')[1] });
    prometheus = await startPrometheus({ api: [hostOf(api)], worker: [hostOf(worker)] }, RULES);
    customer = await addCustomer(database.db);
    await firing([]);
  });
  after(async () => {
    if (database === undefined) return;
    await prometheus?.stop();
    await Promise.all([api, worker].map((each) => each && endProcess(each.child)));
    await Promise.all([toDatabase.close(), toRedis.close()]);
    await database.drop();
  });

  /** Waits until exactly these are firing, or at least these. */
  const firing = (names: string[], { others = false } = {}) => {
    let last: string[] = [];
    return until(
      async () => {
        last = await prometheus.firing();
        return names.every((name) => last.includes(name)) && (others || new Set(last).size === names.length);
      },
      { timeout_ms: 90_000, every_ms: 200 },
    ).catch(() => expect(last).to.have.members(names));
  };
  const ops = (...args: string[]) => runOps({ DATABASE_URL: database.url, REDIS_URL: redis_url }, ...args);
  const post = () =>
    fetch(`${api.url}/customers/${customer}/loyalty/earn`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${tokenFor('service')}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': crypto.randomUUID(),
      },
      body: JSON.stringify({ points: 1 }),
    });
  const readAudit = () => fetch(`${api.url}/audit`, { headers: { Authorization: `Bearer ${tokenFor('admin')}` } });
  /** Asks all the time while it waits; nobody looks at the answers. */
  const asking = async (ask: () => Promise<unknown>, every_ms: number, wait: () => Promise<unknown>) => {
    const timer = setInterval(() => void ask().catch(() => {}), every_ms);
    await wait().finally(() => clearInterval(timer));
  };
  /** As a migration by hand does that somebody leaves open: nobody reads those tables or writes to them until it ends. */
  const lockTables = async (names: string) => {
    const held = await database.db.transaction();
    await held.raw('set local idle_in_transaction_session_timeout = 0');
    await held.raw(`lock table ${names}`);
    return () => held.rollback();
  };
  const withDesk = async (work: (desk: QueueDesk) => Promise<void>) => {
    const desk = await openQueueDesk({ redis_url, direct_database_url: database.url });
    await work(desk).finally(desk.close);
  };

  it('a worker that is gone: WorkerMissing and TransactionsWaitTooLong, until there is one', async () => {
    worker.child.kill('SIGKILL');
    expect((await post()).status).to.equal(202);
    await firing(['WorkerMissing', 'TransactionsWaitTooLong']);
    worker = await startProcess('worker', environment);
    await firing([]);
  });

  it('an API that is gone: ApiMissing', async () => {
    api.child.kill('SIGKILL');
    await firing(['ApiMissing']);
    api = await startProcess('api', environment);
    await firing([]);
  });

  it('Redis that is away: QueueDown, and the sweep decides; SweepDoesTheWork', async () => {
    await toRedis.cut();
    await firing(['QueueDown'], { others: true });
    await asking(post, 200, () => firing(['QueueDown', 'SweepDoesTheWork'], { others: true }));
    await toRedis.mend();
    await firing([]);
  });

  it('PostgreSQL that is away: DatabaseDown and ErrorRateHigh', async () => {
    await toDatabase.cut();
    await asking(post, 200, () => firing(['DatabaseDown', 'ErrorRateHigh'], { others: true }));
    await toDatabase.mend();
    await firing([]);
  });

  it('a job that failed: QueueJobsFailed, until it is discarded', async () => {
    await withDesk((desk) => desk.ring([{ type: 'earn', ring: { id: 'nobody', customer_id: 'no id' } }]));
    await firing(['QueueJobsFailed']);
    expect((await ops('retry', '--discard')).code).to.equal(0);
    await firing([]);
  });

  it('an account that somebody changed: LedgerMismatch, until it is as it was', async () => {
    const shift = (by: number) =>
      database
        .db('loyalty_accounts')
        .where({ customer_id: customer })
        .increment({ points_balance: by, lifetime_points_earned: by });
    await shift(1);
    await firing(['LedgerMismatch']);
    expect((await ops('reconcile')).code).to.equal(1);
    await shift(-1);
    await firing([]);
  });

  // Two faults that take their time and have nothing to do with each other.
  it('tables that somebody holds: ConnectionsExhausted, ReconcileStale, EventsNotPublished; a customer nobody can serve: CustomersInQuarantine', async () => {
    const spoilt = await addCustomer(database.db);
    const setState = (state: string) =>
      database.db('loyalty_accounts').where({ customer_id: spoilt }).update({ state });
    const unlock = await lockTables('audit_log, loyalty_tier_changes, events');
    try {
      await setState('{"lots": 5}');
      await accept(database.db, aTransaction(spoilt));
      expect((await post()).status).to.equal(202);
      const these = ['ConnectionsExhausted', 'ReconcileStale', 'EventsNotPublished', 'CustomersInQuarantine'];
      await asking(readAudit, 50, () => firing(these, { others: true }));
      await setState('{}');
    } finally {
      await unlock();
    }
    expect((await ops('quarantine', 'release', spoilt, '--reason', 'mended')).code).to.equal(0);
    await firing([]);
  });
});

function addressOf(url: string): { host: string; port: number } {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}

function through(proxy: TcpProxy, url: string): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}
