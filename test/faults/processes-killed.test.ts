// kill -9 at any point: what was accepted is applied once, and a resent key finds its own transaction.

import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { balancesAgree, countByStatus, drained } from '../helpers/ledger.ts';
import { backends, endProcess, type Service, startProcess, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

for (const backend of backends) {
  describe(`when processes are killed, the queue on ${backend}`, () => {
    let service: Service;
    let customers: string[];
    let applied_before: number;

    before(async () => {
      service = await startService({ backend, workers: 1, environment: { LOG_LEVEL: 'fatal' } });
      customers = await Promise.all(Array.from({ length: 10 }, () => createCustomer(service)));
    });
    after(async () => {
      await endProcess(service.api);
      await service.stop();
    });
    beforeEach(async () => {
      applied_before = (await countByStatus(service)).applied;
    });
    /** Whether the database has heard of what a test posts. */
    const begun = async () => {
      const { pending, applied } = await countByStatus(service);
      return pending + applied > applied_before;
    };

    it('loses and doubles nothing when the worker dies in the middle', async () => {
      const posts = Array.from({ length: 300 }, (_, index) =>
        earn(service, customers[index % 10] as string, { amount_minor: 1_234, currency: 'USD' }),
      );
      await until(async () => (await countByStatus(service)).applied > applied_before, { every_ms: 1 });
      service.workers[0]?.kill('SIGKILL');
      const answers = await Promise.all(posts);
      expect(answers.map((answer) => answer.status)).to.deep.equal(Array(300).fill(202));

      await service.startWorker();
      expect(await drained(service)).to.deep.equal({ pending: 0, applied: applied_before + 300, rejected: 0 });
      await balancesAgree(service);
    });

    it('accepts a key once when the API dies and the till sends again', async () => {
      const sales = Array.from({ length: 100 }, (_, index) => ({
        customer: customers[index % 10] as string,
        key: randomUUID(),
      }));
      const post = ({ customer, key }: (typeof sales)[number]) =>
        earn(service, customer, { amount_minor: 500, currency: 'USD' }, { 'Idempotency-Key': key });
      const first = sales.map((sale) => post(sale).catch(() => undefined));
      await until(begun, { every_ms: 1 });
      service.api.kill('SIGKILL');
      await Promise.all(first);

      const port = new URL(service.url).port;
      service.api = (await startProcess('api', { ...service.environment, PORT: port })).child;
      const again = await Promise.all(sales.map((sale) => post(sale)));
      expect(again.map((answer) => answer.status)).to.deep.equal(Array(100).fill(202));
      expect(await drained(service)).to.deep.equal({ pending: 0, applied: applied_before + 100, rejected: 0 });
      await balancesAgree(service);
    });

    it('recovers by itself when PostgreSQL cuts every connection', async () => {
      const { db } = service.database;
      const outcomes: Promise<number>[] = [];
      const keys = Array.from({ length: 200 }, () => randomUUID());
      const post = (key: string, index: number) =>
        earn(service, customers[index % 10] as string, { points: 1 }, { 'Idempotency-Key': key }).then(
          ({ status }) => status,
        );
      for (const [index, key] of keys.entries()) outcomes.push(post(key, index));
      await db.raw(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
      const statuses = await Promise.all(outcomes);
      // Nothing but an acceptance, or a word to come again.
      expect(statuses.filter((status) => status !== 202 && status !== 503)).to.deep.equal([]);

      const again = await Promise.all(keys.map((key, index) => until(async () => (await post(key, index)) === 202)));
      expect(again).to.have.length(200);
      expect(await drained(service)).to.deep.equal({ pending: 0, applied: applied_before + 200, rejected: 0 });
      await balancesAgree(service);
    });
  });
}

describe('when a process is asked to end', () => {
  it('finishes what it has begun and exits with 0', async () => {
    const service = await startService({ workers: 1 });
    const customer = await createCustomer(service);
    const posts = Array.from({ length: 50 }, () =>
      earn(service, customer, { points: 1 }).then(
        ({ status }) => status,
        () => 0,
      ),
    );
    await until(async () => (await countByStatus(service)).pending + (await countByStatus(service)).applied > 0, {
      every_ms: 1,
    });
    service.api.kill('SIGTERM');
    service.workers[0]?.kill('SIGTERM');
    const statuses = await Promise.all(posts);
    const codes = await Promise.all(
      [service.api, service.workers[0]].map((child) => until(() => child?.exitCode ?? undefined)),
    );
    expect(codes).to.deep.equal([0, 0]);
    // Each request was either answered or never taken up; none was cut in the middle with its row written unsaid.
    const { pending, applied } = await countByStatus(service);
    expect(pending + applied).to.equal(statuses.filter((status) => status === 202).length);
    await service.stop();
  });
});
