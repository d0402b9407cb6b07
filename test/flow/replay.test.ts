// `npm run replay`: four years of a real shop, posted as its tills would have, held against a fold that shares no code with
// the domain. Here the queue is in Redis, where there is one; `npm start` loads the same years with it in PostgreSQL
// (test/scripts/start.test.ts).

import { expect } from 'chai';
import { runScript } from '../helpers/command.ts';
import { figuresOf } from '../helpers/data.ts';
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
    const ended = await runScript('scripts/replay.ts', {}, '--url', service.url, '--token', tokenFor('admin'));
    expect(ended.output).to.include('every customer agrees with the independent fold');
    expect(ended.code).to.equal(0);
    expect(figuresOf(ended)).to.include({
      ...{ customers: 793, orders: 5_009, 'accepted now': 5_009, 'replayed, already in': 0 },
      ...{ applied: 5_009, rejected: 0, 'orders posted again': 500, replayed: 500 },
    });
    await balancesAgree(service);
  });
});
