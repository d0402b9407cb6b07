// Faults of the workers and of the doorbells they hear: rows F5 to F8, F27, F28 and F32 to F35 of the table in
// docs/reliability.md.

import type { LoyaltyTransaction } from '@customer-service/domain';
import { createLog, type Doorbell, openDoorbell, type Ring } from '@customer-service/runtime';
import { acceptTransactions, listAudit, listQuarantined, releaseQuarantined } from '@customer-service/store';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { ageOf } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import { an_actor, points } from '../store/fixtures.ts';
import {
  BOUND_MS,
  decided,
  doorbellRings,
  keepsItsPromises,
  measured,
  restarted,
  sell,
  sellMany,
  shareServers,
  useBench,
} from './bench.ts';
import { MOMENTS } from './rig/faults.ts';

shareServers();

describe('faults of the workers', () => {
  const bench = useBench();
  let bell: Doorbell;
  before(async () => {
    const { redis } = bench.rig.servers;
    const redis_url = redis && `redis://127.0.0.1:${redis.port}`;
    bell = await openDoorbell({ redis_url, direct_database_url: bench.rig.database_url }, createLog('bell', 'silent'));
    await until(() => bell.isUp(), { what: 'a doorbell of our own' });
  });
  after(() => bell.close());
  afterEach(() => keepsItsPromises(bench));

  const customer = (index: number) => bench.customers[index] as string;
  const oldest = (rows: readonly LoyaltyTransaction[]) => Math.max(...rows.map(ageOf));

  /** Sells until a worker is at this moment, and stops it there. @returns that worker, and how to go on */
  async function stopWorkerAt(name: 'worker before commit' | 'worker after commit') {
    const watches = bench.rig.workers.map((worker) => ({ worker, ...worker.postgres.catch(MOMENTS[name]) }));
    const caught = Promise.race(
      watches.map(async ({ worker, caught: reached }) => ({ worker, moment: await reached })),
    );
    let selling = true;
    const sales = (async () => {
      const answers = [];
      while (selling) answers.push(...(await sellMany(bench, 4)));
      return answers;
    })();
    const { worker, moment } = await caught;
    selling = false;
    for (const { cancel } of watches) cancel();
    if (moment === undefined) throw new Error('no worker came to the moment');
    return { worker, moment, answers: await sales };
  }

  for (const [row, name] of [
    ['F5', 'worker before commit'],
    ['F6', 'worker after commit'],
  ] as const) {
    it(`${row}: dies ${name.slice(7)}: another one applies what is left, and nothing twice`, async () => {
      const { worker, moment, answers } = await stopWorkerAt(name);
      const starts = worker.starts();
      worker.signal('SIGKILL');
      moment.cut();
      measured(row, { oldest_ms: oldest(await decided(bench, answers)) }, { oldest_ms: 2_000 });
      await restarted(worker, starts);
    });
  }

  it('F7: is frozen with accounts locked: they are taken from it, and when it goes on it changes nothing', async () => {
    const { worker, moment, answers } = await stopWorkerAt('worker before commit');
    worker.signal('SIGSTOP');
    // PostgreSQL ends the transaction that has been idle for 1 s, and with it the locks.
    measured('F7', { oldest_ms: oldest(await decided(bench, answers)) });
    worker.signal('SIGCONT');
    moment.release();
    await sell(bench);
  });

  it('F8: is stuck for so long that its jobs are given to another one: they run twice, and the second time does nothing', async function () {
    const { redis } = bench.rig.servers;
    if (redis === null) {
      console.log('LEFT OUT: jobs that are given to another worker, because there is no redis-server');
      return this.skip();
    }
    const { worker, moment, answers } = await stopWorkerAt('worker before commit');
    worker.signal('SIGSTOP');
    const client = new Redis(redis.port, '127.0.0.1');
    const givenAway = async () => {
      const jobs = (await client.keys('bull:loyalty:*')).filter((key) => /:\d+$/.test(key));
      return (await Promise.all(jobs.map((job) => client.hget(job, 'stc')))).some((count) => Number(count) > 0);
    };
    await until(givenAway, { what: 'a job that was given to another worker', timeout_ms: 50_000, every_ms: 100 });
    client.disconnect();
    worker.signal('SIGCONT');
    moment.release();
    await decided(bench, answers);
    await doorbellRings(bench);
  });

  it('F27: 100 doorbells for one transaction are as good as one', async () => {
    const answer = await sell(bench);
    const { id, customer_id } = answer.body;
    for (let times = 0; times < 100; times += 1) bell.ring(`again ${times}`, { id, customer_id });
    await decided(bench, [answer]);
    await doorbellRings(bench);
  });

  it('F28: doorbells out of order, and half of them lost: applied in the order of acceptance', async () => {
    const items = Array.from({ length: 60 }, (_, index) => points('earn', customer(index % 4), 1));
    const accepted = await acceptTransactions(bench.rig.db, items);
    expect(accepted.filter((each) => each instanceof Error)).to.deep.equal([]);
    const rings = items.filter((_, index) => index % 2 === 0).sort(() => bench.rig.random.next() - 0.5);
    for (const { id, customer_id } of rings) bell.ring('earn', { id, customer_id });
    const rows = await decided(
      bench,
      items.map(({ id }) => id),
    );
    for (const each of bench.customers.slice(0, 4)) {
      const own = rows.filter(({ customer_id }) => customer_id === each);
      const inOrder = items.filter(({ customer_id }) => customer_id === each).map(({ id }) => id);
      expect(own.sort((a, b) => Number(a.sequence) - Number(b.sequence)).map(({ id }) => id)).to.deep.equal(inOrder);
    }
  });

  it('F33: doorbells that are rubbish are thrown away, and the next good one is heard', async () => {
    const rubbish = [{}, null, 5, { customer_id: 'x' }, { customer_id: 7 }, { customer_id: 'y'.repeat(100_000) }];
    for (const [index, each] of rubbish.entries()) bell.ring(`rubbish ${index}`, each as unknown as Ring);
    await doorbellRings(bench);
    expect(bench.rig.workers.map(({ collapses }) => collapses)).to.deep.equal([[], []]);
  });

  it('F34: every worker dies again and again with the same jobs: they are not given up', async () => {
    for (let rounds = 0; rounds < 2; rounds += 1) {
      const watches = bench.rig.workers.map((worker) => worker.postgres.catch(MOMENTS['worker before commit']));
      const before = bench.rig.workers.map((worker) => worker.starts());
      const caught = Promise.race(watches.map((each) => each.caught));
      const answers = await sellMany(bench, 8);
      const moment = await caught;
      for (const worker of bench.rig.workers) worker.signal('SIGKILL');
      moment?.cut();
      for (const { cancel } of watches) cancel();
      await Promise.all(bench.rig.workers.map((worker, index) => restarted(worker, before[index] as number)));
      await decided(bench, answers);
    }
    await doorbellRings(bench);
  });

  it('F32: one customer can not be decided: others are, in the same second; it alone is in quarantine until released', async () => {
    const { db, log, workers } = bench.rig;
    const poisoned = customer(0);
    bench.expected = [poisoned];
    const others = bench.customers.slice(1);
    await sell(bench, { customer: poisoned });
    await until(async () => (await db('loyalty_transactions').where({ status: 'pending' })).length === 0);
    const { state } = await db('loyalty_accounts').where({ customer_id: poisoned }).first('state');
    await db('loyalty_accounts').where({ customer_id: poisoned }).update({ state: '{"lots": 5}' });

    const [waiting] = await sellMany(bench, 1, { customer: poisoned });
    const healthy = await Promise.all(others.map((each) => sell(bench, { customer: each })));
    measured('F32', { others_oldest_ms: oldest(await decided(bench, healthy)) });
    await until(async () => (await listQuarantined(db)).length === 1, { what: 'the quarantine', timeout_ms: 60_000 });

    // What it posts is accepted; it is left alone, also by workers that start only now.
    const starts = workers.map((worker) => worker.starts());
    for (const worker of workers) worker.signal('SIGKILL');
    const later = await sell(bench, { customer: poisoned });
    await Promise.all(workers.map((worker, index) => restarted(worker, starts[index] as number)));
    log.errors.length = 0;
    await decided(bench, await sellMany(bench, 10, { customer: others[0] as string }));
    expect(await listQuarantined(db)).to.have.length(1);
    const tried = log.errors.filter((line) => /failed/.test(line));
    expect(tried, 'nobody tries it again').to.deep.equal([]);

    await db('loyalty_accounts')
      .where({ customer_id: poisoned })
      .update({ state: JSON.stringify(state) });
    expect(await releaseQuarantined(db, poisoned, an_actor)).to.equal(true);
    await decided(
      bench,
      [waiting, later].filter((each) => each !== undefined),
    );
    const released = await listAudit(db, { customer_id: poisoned, action: 'customer.released', limit: 2 });
    expect(released).to.have.length(1);
  });

  it('F35: a customer with 10,000 events at once: worked off in pieces, and others are served in between', async () => {
    const { db, workers, log } = bench.rig;
    const hot = customer(7);
    bench.except = [hot];
    const items = Array.from({ length: 10_000 }, () => points('earn', hot, 1));
    // So that none is applied before the last one is accepted.
    for (const worker of workers) worker.signal('SIGSTOP');
    for (let index = 0; index < items.length; index += 1_000) {
      await acceptTransactions(db, items.slice(index, index + 1_000));
    }
    log.longest_apply_ms = 0;
    const began = Date.now();
    for (const worker of workers) worker.signal('SIGCONT');
    const first = db('loyalty_transactions').where({ id: items[0]?.id as string });
    await until(async () => (await first.clone().first('status')).status !== 'pending');
    const others = await Promise.all(bench.customers.slice(0, 7).map((each) => sell(bench, { customer: each })));
    const served = oldest(await decided(bench, others));
    const own = () => db('loyalty_transactions').where({ customer_id: hot });
    const waiting = () => own().where({ status: 'pending' }).first('id');
    await until(async () => (await waiting()) === undefined, { what: 'the end of the backlog', timeout_ms: 60_000 });
    const last = await own().orderBy('position', 'desc').first('applied_at');
    const drained_ms = Date.parse(last.applied_at) - began;
    measured(
      'F35',
      { drained_ms, others_oldest_ms: served, longest_transaction_ms: log.longest_apply_ms },
      { drained_ms: 1_000, longest_transaction_ms: 150 },
    );
    expect(served).to.be.below(BOUND_MS);
    const account = await db('loyalty_accounts').where({ customer_id: hot }).first('lifetime_points_earned');
    expect(account.lifetime_points_earned).to.be.at.least(items.length);
  });
});
