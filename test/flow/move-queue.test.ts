// The queue moves from PostgreSQL to Redis and back under load, as docs/operations.md says: processes are restarted one
// by one with and without REDIS_URL, a backlog is pending all the while, and every point arrives once.

import { randomUUID } from 'node:crypto';
import { openQueueDesk, type QueueConfig } from '@customer-service/runtime';
import { expect } from 'chai';
import { balancesAgree, countByStatus, drained } from '../helpers/ledger.ts';
import { runOps } from '../helpers/ops.ts';
import {
  backends,
  endProcess,
  nextRedisUrl,
  type Service,
  startProcess,
  startService,
  tokenFor,
} from '../helpers/service.ts';
import { createCustomer } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

const POSTS = 40;

if (backends.includes('redis')) {
  describe('moving the queue', () => {
    let service: Service;
    let customers: string[];
    let redis_url: string;
    /** Keys that were answered with 202, and so must be in the ledger. */
    const accepted = new Set<string>();

    before(async () => {
      service = await startService();
      customers = await Promise.all(Array.from({ length: 8 }, () => createCustomer(service)));
      redis_url = nextRedisUrl();
    });
    after(() => service.stop());

    const environmentOn = (redis: boolean) => ({ ...service.environment, ...(redis && { REDIS_URL: redis_url }) });
    const configOf = (redis: boolean): QueueConfig => ({
      redis_url: redis ? redis_url : null,
      direct_database_url: service.database.url,
    });
    async function jobsOn(redis: boolean) {
      const desk = await openQueueDesk(configOf(redis));
      try {
        return await desk.counts();
      } finally {
        await desk.close();
      }
    }

    async function post(url: string): Promise<void> {
      const sales = Array.from({ length: POSTS }, (_, index) => ({ key: randomUUID(), to: customers[index % 8] }));
      const answers = await Promise.all(
        sales.map(({ key, to }) =>
          fetch(`${url}/customers/${to}/loyalty/earn`, {
            method: 'POST',
            headers: {
              Authorization: `Bearer ${tokenFor('service')}`,
              'Content-Type': 'application/json',
              'Idempotency-Key': key,
            },
            body: JSON.stringify({ points: 1 }),
          }),
        ),
      );
      expect(answers.map((answer) => answer.status)).to.deep.equal(Array(POSTS).fill(202));
      for (const { key } of sales) accepted.add(key);
    }

    async function everythingArrived(): Promise<void> {
      expect(await drained(service)).to.deep.equal({ pending: 0, applied: accepted.size, rejected: 0 });
      const rows = await service.database.db('loyalty_transactions').select('idempotency_key', 'points');
      expect(rows.map((row) => row.idempotency_key)).to.have.members([...accepted]);
      const [points] = await service.database.db('loyalty_accounts').sum({ all: 'points_balance' });
      expect(Number(points?.all)).to.equal(accepted.size);
      await balancesAgree(service);
      expect((await runOps(service.environment, 'reconcile')).code).to.equal(0);
    }

    it('from PostgreSQL to Redis loses and doubles nothing, although the rings left behind are never answered', async () => {
      // A backlog that the old queue announced, and nobody has answered.
      await post(service.url);
      await until(async () => (await jobsOn(false)).waiting > 0, { what: 'rings on PostgreSQL' });

      // One API is on the new queue already, the other one still on the old; the only worker is on the new.
      const moved = await startProcess('api', environmentOn(true));
      const worker = await startProcess('worker', environmentOn(true));
      try {
        await Promise.all([post(service.url), post(moved.url as string)]);
        await everythingArrived();
        expect((await jobsOn(false)).waiting, 'rings on the old queue').to.be.above(0);
        await until(async () => (await jobsOn(true)).waiting === 0, { what: 'no ring on Redis' });
      } finally {
        await Promise.all([moved.child, worker.child].map(endProcess));
      }
    });

    it('back to PostgreSQL too, and an old worker that answers the rings left behind finds nothing to do', async () => {
      const moved = await startProcess('api', environmentOn(true));
      await post(moved.url as string);
      await endProcess(moved.child);
      expect((await countByStatus(service)).pending).to.equal(POSTS);

      const old = await startProcess('worker', environmentOn(true));
      const back = await startProcess('worker', environmentOn(false));
      try {
        await post(service.url);
        await everythingArrived();
      } finally {
        await Promise.all([old.child, back.child].map(endProcess));
      }
    });
  });
}
