// The worker compares all accounts with their ledgers all the time: a mismatch is a figure of its metrics within seconds,
// and gone when it is mended.

import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { endProcess, startProcess } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { accept, addCustomers, points } from '../store/fixtures.ts';
import { figure, readMetrics } from './exposition.ts';

describe('reconciling', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  it('tells of an account that does not agree with its ledger, until it does again', async function () {
    this.timeout(400_000);
    // Not asked more often: every reading of the metrics is work for the worker that is waited for.
    const patience = { timeout_ms: 120_000, every_ms: 250 };
    const [ada = ''] = await addCustomers(database.db, 3);
    await accept(database.db, points('earn', ada, 100));
    const environment = { DATABASE_URL: database.url, WORKER_OPS_PORT: '0', LOG_LEVEL: 'fatal' };
    const worker = await startProcess('worker', environment);
    const read = async (name: string) =>
      figure(
        readMetrics(await (await fetch(`${worker.ops_url}/metrics`)).text()),
        `customer_service_reconcile_${name}`,
      );
    const shift = (by: number) =>
      database
        .db('loyalty_accounts')
        .where({ customer_id: ada })
        .increment({ points_balance: by, lifetime_points_earned: by });
    try {
      await until(async () => ((await read('completed_timestamp_seconds')) ?? 0) > 0, patience);
      expect(await read('mismatched_accounts')).to.equal(0);
      expect(await read('accounts_total')).to.be.at.least(3);

      // Else the shifted balance would be what its line says for ever.
      await until(async () => (await database.db('loyalty_transactions').where({ status: 'applied' })).length === 1);
      await shift(1);
      await until(async () => (await read('mismatched_accounts')) === 1, patience);
      await shift(-1);
      await until(async () => (await read('mismatched_accounts')) === 0, patience);
    } finally {
      await endProcess(worker.child);
    }
  });
});
