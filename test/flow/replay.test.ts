// Four years of a real shop, posted as its tills would have, held against a fold that shares no code with the domain. Here
// the queue is in Redis, where there is one; test/scripts/start.test.ts loads the same four years with it in PostgreSQL.

import { expect } from 'chai';
import { replaySuperstore } from '../../scripts/replay.ts';
import { balancesAgree } from '../helpers/ledger.ts';
import { backends, type QueueBackend, type Service, startService, tokenFor } from '../helpers/service.ts';

const backend = backends.at(-1) as QueueBackend;

describe(`the Superstore replay, the queue on ${backend}`, () => {
  let service: Service;
  before(async () => {
    service = await startService({ backend, workers: 1 });
  });
  after(() => service.stop());

  it('ends with every customer agreeing, to the point', async function () {
    this.timeout(600_000);
    const report = await replaySuperstore({ url: service.url, token: tokenFor('admin') });
    expect(report.differences).to.deep.equal([]);
    expect(report).to.include({
      customers: 793,
      orders: 5_009,
      accepted: 5_009,
      applied: 5_009,
      rejected: 0,
      repeated: 500,
      repeated_replayed: 500,
    });
    await balancesAgree(service);
  });
});
