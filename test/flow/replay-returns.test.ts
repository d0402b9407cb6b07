// The shop's years in their own time: returns, points that lapse after a year, and a fold that shares no code. What lapses
// is settled by the worker's own clock and not by the queue, so one of the queues is enough.

import { createClient } from '@customer-service/client';
import { expect } from 'chai';
import { replayReturns } from '../../scripts/replay-returns.ts';
import { balancesAgree } from '../helpers/ledger.ts';
import { backends, type QueueBackend, type Service, startService, tokenFor } from '../helpers/service.ts';

const backend = backends.at(-1) as QueueBackend;

describe(`the Superstore replay with returns and expiry, the queue on ${backend}`, () => {
  let service: Service;
  before(async () => {
    service = await startService({ backend, workers: 1, environment: { TEST_CLOCK: '1' } });
  });
  after(() => service.stop());

  it('ends with every customer agreeing, to the point', async function () {
    this.timeout(240_000);
    const client = createClient({ url: service.url, token: tokenFor('admin') });
    const report = await replayReturns({ client, concurrency: 16, customers_limit: 150 });
    expect(report.differences).to.deep.equal([]);
    expect(report.returns).to.equal(Math.floor(report.orders / 20));
    expect(report.points_expired).to.be.above(report.points_available);
    const back = await service.request('PUT', '/test-clock', { body: { now: '2014-01-01T00:00:00Z' } });
    expect([back.status, back.body.code]).to.deep.equal([422, 'value-refused']);
    await balancesAgree(service);
  });
});
