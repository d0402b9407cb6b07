// `npm run ops -- …` against a running service, on both backends: what it finds, what it mends, and its exit codes.

import type { ChildProcess } from 'node:child_process';
import { openQueueDesk, type QueueConfig, type QueueDesk } from '@customer-service/runtime';
import { expect } from 'chai';
import { drained } from '../helpers/ledger.ts';
import { runOps } from '../helpers/ops.ts';
import { backends, endProcess, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, redeem, settled } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import { accept, aTransaction } from '../store/fixtures.ts';

const locationOf = (answer: { headers: Headers }) => answer.headers.get('location') as string;

for (const backend of backends) {
  describe(`npm run ops, the queue on ${backend}`, () => {
    let service: Service;
    let desk: QueueDesk;
    let ada: string;
    const ops = (...args: string[]) => runOps(service.environment, ...args);
    const json = async (...args: string[]) => {
      const answer = await ops(...args, '--json');
      expect(answer.stdout, 'a word about a person').not.to.match(/Lovelace|ada@example/);
      return { ...answer.json, code: answer.code };
    };
    /** Nobody answers rings meanwhile, and nobody sweeps. */
    async function withWorker(work: () => Promise<void>): Promise<void> {
      const worker: ChildProcess = await service.startWorker();
      try {
        await work();
      } finally {
        await endProcess(worker);
      }
    }

    before(async () => {
      service = await startService({ backend });
      const { DATABASE_URL = '', REDIS_URL } = service.environment;
      const config: QueueConfig = { redis_url: REDIS_URL ?? null, direct_database_url: DATABASE_URL };
      desk = await openQueueDesk(config);
      ada = await createCustomer(service, { email: 'ada@example.com' });
    });
    after(async () => {
      await desk.close();
      await service.stop();
    });

    it('says in `status` what is wrong, and nothing when all is well', async () => {
      const { body } = await earn(service, ada, { points: 100 });
      await until(async () => ((await json('pending')).oldest_pending_s ?? 0) > 0, { every_ms: 500 });
      const alone = await json('status');
      expect(alone).to.deep.include({ code: 1, pending: 1, customers: 1, parked: 0 });
      expect(alone.queue).to.deep.include({ backend, fault: null });
      expect(alone.findings.map((finding: { what: string }) => finding.what)).to.include('No worker is alive');

      await withWorker(async () => {
        expect((await json('drain', '--timeout', '30s')).code).to.equal(0);
        const well = await until(
          async () => {
            const answer = await json('status');
            return answer.code === 0 && answer;
          },
          { every_ms: 500 },
        );
        expect(well).to.deep.include({ pending: 0, oldest_pending_s: null, findings: [] });
        const words = await ops('status');
        expect(words.stdout).to.match(/^worker +1 alive, version \d/m);
        expect(words.stdout).to.match(/^pending +nothing$/m);
        expect(words.stdout).to.match(/^settling +nothing is due$/m);
        expect(words.stdout).to.match(/^analytics +\d+ rows? to fold$/m);
      });
      expect((await json('explain', body.id)).transaction.status).to.equal('applied');
    });

    it('rings in `redrive` for what no job announced', async () => {
      const silent = [aTransaction(ada), aTransaction(ada)];
      await accept(service.database.db, ...silent);
      expect(await desk.findRing(silent[1]?.id as string)).to.equal(undefined);
      expect(await json('redrive', '--since', '1h', '--dry-run')).to.deep.include({ code: 0, rung: 2 });
      expect(await json('redrive', '--since', '2999-01-01T00:00:00Z')).to.deep.include({ code: 0, rung: 0 });
      expect(await desk.findRing(silent[1]?.id as string)).to.equal(undefined);

      expect(await json('redrive', '--since', '1h')).to.deep.include({ code: 0, rung: 2 });
      expect(await desk.findRing(silent[1]?.id as string)).to.deep.include({ state: 'waiting', taken_at: null });
      await withWorker(async () => {
        await drained(service);
      });
    });

    it('tells in `explain` of a transaction that its ring had applied', async () => {
      await withWorker(async () => {
        const answer = await earn(service, ada, { amount_minor: 12_345, currency: 'USD' });
        await settled(service, locationOf(answer));
        const before = (await service.request('GET', `/customers/${ada}/loyalty`)).body.points_available;
        const life = await until(async () => {
          const found = await json('explain', answer.body.id);
          return found.ring?.finished_at && found;
        });
        expect(life).to.deep.include({ code: 0, accepted_from: 'service', customer_status: 'active' });
        expect(life.transaction).to.deep.include({
          status: 'applied',
          balance_after: before,
          balance_before: before - 123,
        });
        expect(life.explained).to.include('123 points for 123.45 USD');
        expect(life.ring).to.deep.include({ state: 'completed', failed_reason: null });
        expect(life.applied_by).to.be.oneOf(['doorbell', 'sweep']);
        const words = (await ops('explain', answer.body.id)).stdout;
        expect(words).to.include(`${before - 123} → ${before} points`);
        expect(words).to.include(`job ${life.ring.id}, completed`);
      });
    });

    it('tells of a rejected one why, and of one without a ring that the sweep came', async () => {
      await withWorker(async () => {
        const refused = await redeem(service, ada, 1_000_000);
        await settled(service, locationOf(refused));
        const life = await json('explain', refused.body.id);
        expect(life.transaction).to.include({ status: 'rejected', rejection_code: 'insufficient-points' });
        expect(life.explained).to.include('there are not enough points');

        const silent = aTransaction(ada);
        await accept(service.database.db, silent);
        await drained(service);
        expect(await json('explain', silent.id)).to.deep.include({ ring: null, applied_by: 'sweep' });
      });
    });

    it('puts failed jobs back in `retry`, and says first which they are', async () => {
      await withWorker(async () => {
        await desk.ring([{ type: 'earn', ring: { id: 'nobody', customer_id: 'not an id' } }]);
        await until(async () => (await desk.counts()).failed === 1);
      });
      expect((await json('status')).findings.map((finding: { what: string }) => finding.what)).to.include(
        '1 failed job',
      );
      const first = await json('retry', '--dry-run');
      expect(first).to.deep.include({ code: 1, failed: 1, retried: 0 });
      expect(first.jobs[0]).to.deep.include({ type: 'earn', transactions: 1 });
      expect(first.jobs[0].reason).to.include('not a ring');
      expect(await desk.counts()).to.deep.include({ failed: 1 });

      expect(await json('retry')).to.deep.include({ code: 0, failed: 1, retried: 1 });
      const { failed, waiting } = await desk.counts();
      expect(failed).to.equal(0);
      expect(waiting).to.be.above(0);

      await withWorker(async () => {
        await until(async () => (await desk.counts()).failed === 1);
      });
      expect(await json('retry', '--discard')).to.deep.include({ code: 0, failed: 1, retried: 0, discarded: 1 });
      expect((await desk.counts()).failed).to.equal(0);
    });
  });
}
