// Redis may vanish at any moment: acceptance goes on, and the sweep applies what no job announced.

import { expect } from 'chai';
import { Redis } from 'ioredis';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { freePort, type PrivateRedis, redisProgram, startRedis } from '../helpers/redis.ts';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, isRung, settled } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

const program = redisProgram();

/** Posts for each customer in turn until `count` are accepted; every one of them must be. */
async function postMany(service: Service, customers: string[], count: number): Promise<void> {
  const posts = Array.from({ length: count }, (_, index) =>
    earn(service, customers[index % customers.length] as string, { amount_minor: 1_000, currency: 'USD' }),
  );
  const statuses = (await Promise.all(posts)).map((answer) => answer.status);
  expect(statuses).to.deep.equal(Array(count).fill(202));
}

// Without a Redis of its own to kill this file has nothing to test; global.ts prints that flows on Redis are left out.
if (program !== undefined) {
  describe('when Redis is lost', () => {
    let redis: PrivateRedis;
    let service: Service;
    let customers: string[];

    before(async () => {
      redis = await startRedis(program);
      service = await startService({ workers: 2, environment: { REDIS_URL: redis.url, LOG_LEVEL: 'fatal' } });
      customers = await Promise.all(Array.from({ length: 10 }, () => createCustomer(service)));
    });
    after(async () => {
      await service.stop();
      await redis.stop();
    });

    const queueStatus = async () => (await service.request('GET', '/health')).body.dependencies.queue.status;

    it('accepts on and applies everything, and says in /health that it is slower', async () => {
      await postMany(service, customers, 50);
      await redis.stop();
      await postMany(service, customers, 100);
      await until(async () => (await queueStatus()) === 'down', { what: 'the API to notice' });
      const { status, body } = await service.request('GET', '/health');
      expect({ status, health: body.status }).to.deep.equal({ status: 200, health: 'degraded' });
      expect(await drained(service)).to.deep.equal({ pending: 0, applied: 150, rejected: 0 });
      await balancesAgree(service);
    });

    it('rings again once Redis is back, empty', async () => {
      redis = await startRedis(program, redis.port);
      await until(async () => (await queueStatus()) === 'up', { what: 'the API to find Redis again' });
      const customer = customers[0] as string;
      await until(
        async () => {
          const { headers } = await earn(service, customer, { points: 1 });
          return isRung(await settled(service, headers.get('location') as string));
        },
        { what: 'a transaction applied by its ring' },
      );
    });

    it('applies everything when all jobs are flushed', async () => {
      const client = new Redis(redis.url);
      await Promise.all([postMany(service, customers, 100), client.flushall()]);
      await client.flushall();
      client.disconnect();
      expect((await drained(service)).pending).to.equal(0);
      await balancesAgree(service);
    });

    it('accepts within its usual time while Redis is frozen', async () => {
      redis.child.kill('SIGSTOP');
      try {
        const started = performance.now();
        await postMany(service, customers, 20);
        // A request that waited for its ring would wait until Redis goes on, which here is never.
        expect(performance.now() - started).to.be.below(20_000);
        expect((await drained(service)).pending).to.equal(0);
      } finally {
        redis.child.kill('SIGCONT');
      }
    });
  });

  describe('when Redis is not there at the start', () => {
    it('starts, accepts and applies all the same', async () => {
      const REDIS_URL = `redis://127.0.0.1:${await freePort()}`;
      const service = await startService({ workers: 1, environment: { REDIS_URL, LOG_LEVEL: 'fatal' } });
      try {
        const customer = await createCustomer(service);
        await postMany(service, [customer], 10);
        expect(await drained(service)).to.deep.equal({ pending: 0, applied: 10, rejected: 0 });
      } finally {
        await service.stop();
      }
    });
  });
}
