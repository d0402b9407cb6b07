// Faults of PostgreSQL: whoever can't be served hears so at once and when to come again, and what was accepted stays.
// Rows F18 to F26 of the table in docs/reliability.md.

import type { Database } from '@customer-service/store';
import { expect } from 'chai';
import pg from 'pg';
import { ageOf } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import {
  type Answer,
  ask,
  attempt,
  BOUND_MS,
  decided,
  isRetryable,
  keepsItsPromises,
  measured,
  openShop,
  ring,
  sell,
  sellMany,
  shareServers,
  useBench,
} from './bench.ts';

shareServers();

describe('faults of PostgreSQL', () => {
  const bench = useBench();
  afterEach(() => keepsItsPromises(bench));

  const postgres = () => bench.rig.servers.postgres;
  const slowest = (answers: readonly Answer[]) => Math.max(...answers.map(({ ms }) => ms));

  /** Sales and reads at the same time, each tried once. */
  function tryMany(count: number): Promise<Answer[]> {
    const tries = Array.from({ length: count }, (_, index) =>
      index % 3 === 0 ? ask(bench, `/customers/${bench.customers[index % 8]}`) : attempt(bench, ring(bench)),
    );
    return Promise.all(tries);
  }

  /** Refused, each with the time to come again; or, when the fault came late for it, served. */
  function refusedOrServed(answers: readonly Answer[]): void {
    for (const answer of answers) if (answer.status >= 300) isRetryable(answer);
    expect(answers.some(({ status }) => status === 503)).to.equal(true);
  }

  const serving = () => until(async () => (await attempt(bench, ring(bench))).status === 202, { timeout_ms: 30_000 });

  for (const [row, how] of [
    ['F18', 'fast'],
    ['F19', 'immediate'],
    ['F19', 'kill -9'],
  ] as const) {
    it(`${row}: is ended (${how}) under load: 503 and when to come again, and serves as soon as it is back`, async () => {
      const shop = openShop(bench);
      await until(() => shop.promised() > 20, { what: 'some sales', timeout_ms: 30_000 });
      await postgres().end(how);
      const answers = await tryMany(30);
      refusedOrServed(answers);
      expect(slowest(answers)).to.be.below(BOUND_MS);
      await postgres().start();
      const began = performance.now();
      await serving();
      measured(
        `${row} ${how}`,
        { slowest_refusal_ms: slowest(answers), serving_after_ms: performance.now() - began },
        { serving_after_ms: 3_000 },
      );
      await shop.closed();
    });
  }

  it('F20: has become a standby: no 500, and served again when it no longer is', async () => {
    const turn = async (on: boolean) => {
      await bench.rig.db.raw(`alter system set default_transaction_read_only = ${on}`);
      await bench.rig.db.raw('select pg_reload_conf()');
    };
    await turn(true);
    const refused = async () => (await attempt(bench, ring(bench))).status === 503;
    await until(refused, { what: 'the first refusal' });
    isRetryable(await attempt(bench, ring(bench)));
    await turn(false);
    await serving();
  });

  it('F21: is frozen: everybody has an answer within its time limits', async () => {
    postgres().signal('SIGSTOP');
    const answers = await tryMany(40);
    postgres().signal('SIGCONT');
    refusedOrServed(answers);
    measured('F21', { slowest_ms: slowest(answers) });
    expect(slowest(answers)).to.be.below(BOUND_MS);
    await serving();
  });

  for (const lock of ['no key update', 'update'] as const) {
    it(`F22: somebody holds an account (for ${lock}): its sales wait, and nobody else's`, async () => {
      const [held = '', ...others] = bench.customers;
      await bench.rig.db.transaction(async (tx: Database) => {
        await tx.raw('set local idle_in_transaction_session_timeout = 0');
        await tx.raw(`select from loyalty_accounts where customer_id = ? for ${lock}`, [held]);
        const own = ring(bench, { customer: held });
        const tried = await attempt(bench, own, 0);
        // Acceptance takes KEY SHARE, which waits for one of the two.
        if (lock === 'no key update') expect(tried.status).to.equal(202);
        else isRetryable(tried);
        const answers = await Promise.all(others.map((customer) => sell(bench, { customer })));
        measured(`F22 ${lock}`, { others_oldest_ms: Math.max(...(await decided(bench, answers)).map(ageOf)) });
        const waiting = await tx('loyalty_transactions').where({ customer_id: held, status: 'pending' });
        expect(waiting).to.have.length(lock === 'update' ? 0 : 1);
      });
    });
  }

  it('F23: says that its disk is full: 503, and healed without a restart', async () => {
    await bench.rig.db.raw(`
      create function disk_full() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
      create trigger disk_full before insert on loyalty_transactions execute function disk_full()`);
    const answers = await Promise.all(Array.from({ length: 10 }, () => attempt(bench, ring(bench))));
    for (const answer of answers) isRetryable(answer);
    await bench.rig.db.raw('drop function disk_full cascade');
    await serving();
  });

  it('F23: has no room left on its disk: nothing that was accepted is lost', async function () {
    const { no_small_disk } = postgres();
    if (no_small_disk !== null) {
      console.log(`LEFT OUT: a disk that is full, because ${no_small_disk}`);
      return this.skip();
    }
    await postgres().fillDisk();
    const receipt = ring(bench, { movement: { type: 'earn', points: 1 } });
    const selling = async () => {
      const answer = await attempt(bench, ring(bench)).catch(() => undefined);
      if (answer !== undefined && answer.status >= 300) isRetryable(answer);
      return answer?.status === 503;
    };
    await until(selling, { what: 'the end of the room', timeout_ms: 45_000, every_ms: 0 });
    postgres().emptyDisk();
    await until(async () => (await attempt(bench, receipt)).status === 202, { timeout_ms: 30_000 });
  });

  it('F24: has no connection left for new clients: 503, and everything is applied', async () => {
    const clients: pg.Client[] = [];
    const full = async () => {
      const client = new pg.Client({ connectionString: bench.rig.database_url });
      client.on('error', () => {});
      return client.connect().then(
        () => clients.push(client) === 0,
        (error) => error.code === '53300',
      );
    };
    try {
      await until(full, { what: 'the last connection', every_ms: 0, timeout_ms: 30_000 });
      await bench.rig.db.raw("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'api'");
      await until(full, { every_ms: 0, timeout_ms: 30_000 });
      const answers = await tryMany(20);
      for (const answer of answers) if (answer.status >= 300) isRetryable(answer);
      measured('F24', { clients: clients.length, slowest_ms: slowest(answers) });
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
    await decided(bench, await sellMany(bench, 5));
  });

  it('F25: ends connections in the middle of their work, again and again', async () => {
    const shop = openShop(bench);
    for (let times = 0; times < 8; times += 1) {
      const before = shop.promised();
      await until(() => shop.promised() > before + 10, { what: 'some sales', timeout_ms: 30_000 });
      await bench.rig.db.raw(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name <> 'oracle' and (pid + ?) % 2 = 0`,
        [times],
      );
    }
    await shop.closed();
  });

  it('F26: keeps every connection of a process busy: whoever gets none hears so after a second', async () => {
    const answers = await bench.rig.db.transaction(async (tx: Database) => {
      await tx.raw('set local idle_in_transaction_session_timeout = 0');
      await tx.raw('lock table customers in access exclusive mode');
      const [path] = bench.customers.map((customer) => `/customers/${customer}`);
      return Promise.all(Array.from({ length: 40 }, () => ask(bench, path as string, { api: 0 })));
    });
    for (const answer of answers) isRetryable(answer);
    measured('F26', { slowest_ms: slowest(answers) });
    expect(slowest(answers)).to.be.below(BOUND_MS);
    await serving();
  });
});
