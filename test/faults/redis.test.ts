// Faults of Redis, which may cost time and never a point: rows F9 to F17 of the table in docs/reliability.md.

import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { redisProgram } from '../helpers/redis.ts';
import { ageOf } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import {
  type Answer,
  ask,
  decided,
  doorbellRings,
  keepsItsPromises,
  measured,
  median,
  restarted,
  sell,
  sellMany,
  shareServers,
  useBench,
} from './bench.ts';
import { spreadOf } from './rig/oracle.ts';
import type { Member } from './rig/supervisor.ts';

/** Of fifty requests each: enough for a 99th percentile only where figures are asked for. */
const TURNS = process.env.FIGURES ? 20 : 1;

shareServers();

// global.ts prints that flows on Redis are left out.
if (redisProgram() !== undefined) {
  describe('faults of Redis', () => {
    const bench = useBench();
    let client: Redis;
    before(() => {
      client = new Redis(port(), '127.0.0.1', { retryStrategy: () => 100 });
      client.on('error', () => {});
    });
    after(() => client.disconnect());
    afterEach(() => keepsItsPromises(bench));

    const port = () => redis().port;
    const redis = () => bench.rig.servers.redis as NonNullable<typeof bench.rig.servers.redis>;
    const oldest = async (answers: readonly Answer[]) => Math.max(...(await decided(bench, answers)).map(ageOf));
    const timesOf = (answers: readonly Answer[]) => answers.map(({ ms }) => ms);

    /** One after the other, so that each time is that of one request. */
    async function timed(count: number): Promise<Answer[]> {
      const answers: Answer[] = [];
      while (answers.length < count) answers.push(await sell(bench));
      return answers;
    }

    const isQueueUp = (api: number) => async () => (await ask(bench, '/health', { api })).body.status === 'ok';

    it('F9: is killed, and comes back empty: accepted and applied meanwhile, and rung for again', async () => {
      await redis().kill();
      measured('F9', { without_redis_oldest_ms: await oldest(await sellMany(bench, 40)) });
      await redis().start();
      measured('F9', { doorbell_back_ms: await doorbellRings(bench) });
    });

    it('F10: is emptied, with jobs under way', async () => {
      const selling = sellMany(bench, 100);
      for (let times = 0; times < 5; times += 1) await client.flushall();
      const answers = await selling;
      await client.flushall();
      measured('F10', { oldest_ms: await oldest(answers) });
      await doorbellRings(bench);
      // What it is to a request, in turns, so that whatever else this machine does is to both.
      const [usual, emptied]: [number[], number[]] = [[], []];
      for (let turn = 0; turn < TURNS; turn += 1) {
        usual.push(...timesOf(await timed(50)));
        let emptying = true;
        const emptier = (async () => {
          for (; emptying; await pause(10)) await client.flushall();
        })();
        emptied.push(...timesOf(await timed(50)));
        emptying = false;
        await emptier;
      }
      const [before, meanwhile] = [spreadOf(usual), spreadOf(emptied)];
      measured(
        'F10',
        {
          ...{ usual_p50_ms: before.p50, usual_p99_ms: before.p99 },
          ...{
            emptied_p50_ms: meanwhile.p50,
            emptied_p99_ms: meanwhile.p99,
            p99_change_ms: meanwhile.p99 - before.p99,
          },
        },
        { p99_change_ms: 5 },
      );
      expect(meanwhile.p50, 'no request waits for a ring').to.be.below(before.p50 + 200);
    });

    it('F11: is away when API and worker start: both start, say so, and work', async () => {
      const { apis, workers } = bench.rig;
      const [api, worker] = [apis[0] as Member, workers[0] as Member];
      await redis().kill();
      const starts = [api.starts(), worker.starts()];
      for (const member of [api, worker]) member.signal('SIGKILL');
      await restarted(api, starts[0] as number);
      await restarted(worker, starts[1] as number);
      const health = await ask(bench, '/health', { api: 0 });
      expect([health.status, health.body.status]).to.deep.equal([200, 'degraded']);
      await oldest(await sellMany(bench, 10, { api: 0 }));
      await redis().start();
      await until(isQueueUp(0), { what: 'the queue', timeout_ms: 30_000 });
      await doorbellRings(bench, 0);
    });

    it('F12: is frozen: no request waits for it', async () => {
      const usual = timesOf(await timed(30));
      redis().signal('SIGSTOP');
      const answers = await timed(30);
      measured('F12', {
        usual_ms: median(usual),
        frozen_ms: median(timesOf(answers)),
        oldest_ms: await oldest(answers),
      });
      // A ring takes 250 ms to give up: had it been waited for, every one of these would have taken that long.
      expect(median(timesOf(answers))).to.be.below(median(usual) + 200);
      redis().signal('SIGCONT');
      await doorbellRings(bench);
    });

    it('F13: connections are gone on one side only: given up after some seconds, and applied meanwhile', async () => {
      for (const { redis: way } of bench.rig.members) await way?.turn({ mode: 'half-open' });
      const answers = await sellMany(bench, 20);
      measured('F13', { oldest_ms: await oldest(answers), doorbell_back_ms: await doorbellRings(bench) });
    });

    it('F14: is full: jobs are refused, and everything is applied', async () => {
      await client.config('SET', 'maxmemory', '1mb');
      measured('F14', { oldest_ms: await oldest(await sellMany(bench, 40)) });
      await client.config('SET', 'maxmemory', '0');
      await doorbellRings(bench);
    });

    it('F15: may evict: whoever starts warns of it, and what is evicted is applied all the same', async () => {
      await client.config('SET', 'maxmemory-policy', 'allkeys-random');
      // BullMQ says so too, in its own words.
      bench.expected = ['Eviction policy is allkeys-random'];
      const api = bench.rig.apis[1] as Member;
      const starts = api.starts();
      api.signal('SIGKILL');
      await restarted(api, starts);
      await until(() => bench.rig.log.tail.some((line) => line.includes('set its maxmemory-policy to noeviction')), {
        what: 'the warning',
      });
      const selling = sellMany(bench, 100);
      // What its policy would do, until there is nothing left.
      for (let key = await client.randomkey(); key !== null; key = await client.randomkey()) await client.del(key);
      measured('F15', { oldest_ms: await oldest(await selling) });
      await client.config('SET', 'maxmemory-policy', 'noeviction');
    });

    it('F16: answers slowly: no request is slower for it', async () => {
      const usual = timesOf(await timed(20));
      for (const { redis: way } of bench.rig.members) await way?.turn({ mode: 'latency', ms: 400 });
      const answers = await timed(20);
      measured('F16', { median_ms: median(timesOf(answers)), oldest_ms: await oldest(answers) });
      expect(median(timesOf(answers))).to.be.below(median(usual) + 200);
    });

    it('F17: has become a replica, which takes no jobs: applied meanwhile, rung for again afterwards', async () => {
      await client.replicaof('127.0.0.1', 1);
      measured('F17', { oldest_ms: await oldest(await sellMany(bench, 20)) });
      await client.replicaof('NO', 'ONE');
      measured('F17', { doorbell_back_ms: await doorbellRings(bench) });
    });
  });
}
