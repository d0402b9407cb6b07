// Faults of the API's processes, at the moments that count, and of the clients: rows F1 to F4, F36 to F39 and F42 of the
// table in docs/reliability.md.

import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import type { LoyaltyTransaction } from '@customer-service/domain';
import { expect } from 'chai';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { startService, tokenFor } from '../helpers/service.ts';
import { ageOf, createCustomer, earn } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';
import {
  type Answer,
  attempt,
  BOUND_MS,
  decided,
  doorbellRings,
  insist,
  isRetryable,
  keepsItsPromises,
  measured,
  restarted,
  ring,
  sell,
  shareServers,
  useBench,
} from './bench.ts';
import { crash, MOMENTS, RING } from './rig/faults.ts';
import type { Movement } from './rig/history.ts';
import type { Member } from './rig/supervisor.ts';

shareServers();

/** The moment comes, however busy the machine is. */
const SURELY = { within_ms: BOUND_MS };

describe('faults of the API', () => {
  const bench = useBench();
  afterEach(() => keepsItsPromises(bench));

  const api = () => bench.rig.apis[0] as Member;
  const rowsOf = (key: string) => bench.rig.db('loyalty_transactions').where({ idempotency_key: key });

  it('F1: dies before the row is inserted: there is none, and the same key is accepted as new', async () => {
    const receipt = ring(bench);
    const starts = api().starts();
    const [died] = await Promise.all([
      crash(api(), MOMENTS['api before insert'], SURELY),
      attempt(bench, receipt, 0).catch(() => {}),
    ]);
    expect(died).to.equal(true);
    expect(await rowsOf(receipt.sale.key)).to.deep.equal([]);
    await restarted(api(), starts);
    const { headers } = await insist(bench, receipt, 0);
    expect(headers.has('idempotent-replayed')).to.equal(false);
  });

  it('F2: dies after the commit and before its 202: the same key finds the row, which is said to be a replay', async () => {
    const receipt = ring(bench);
    const starts = api().starts();
    const [died] = await Promise.all([
      crash(api(), MOMENTS['api after commit'], SURELY),
      attempt(bench, receipt, 0).catch(() => {}),
    ]);
    expect(died).to.equal(true);
    const [row] = await rowsOf(receipt.sale.key);
    const answer = await insist(bench, receipt, 1);
    expect([answer.body.id, answer.headers.get('idempotent-replayed')]).to.deep.equal([row?.id, 'true']);
    await restarted(api(), starts);
  });

  it('F3: dies before it rings: the sweep applies what was accepted', async function () {
    const { redis } = api();
    if (redis === null) {
      console.log('LEFT OUT: an API that dies before it rings, because there is no redis-server');
      return this.skip();
    }
    // So that the next ring is this one's: a process that has just been started may not have its Redis yet.
    await doorbellRings(bench, 0);
    const receipt = ring(bench);
    const [died] = await Promise.all([
      crash(api(), RING, { ...SURELY, way: redis }),
      attempt(bench, receipt, 0).catch(() => {}),
    ]);
    expect(died).to.equal(true);
    const [{ id }] = await rowsOf(receipt.sale.key);
    // Nobody sends it again, which would ring for it.
    const [row] = await decided(bench, [id]);
    measured('F3', { applied_ms: ageOf(row as LoyaltyTransaction) });
    await insist(bench, receipt, 1);
  });

  it('F4: an answer to a commit is lost: asked again by its key, it is accepted and no replay', async () => {
    for (let times = 0; times < 5; times += 1) {
      const receipt = ring(bench);
      const { caught } = api().postgres.catch(MOMENTS['api after commit']);
      const answer = attempt(bench, receipt, 0);
      (await caught)?.cut();
      const { status, headers } = await answer;
      expect([status, headers.has('idempotent-replayed')]).to.deep.equal([202, false]);
    }
  });

  it('F4: when nobody can be asked the outcome is unknown, which is said; the same key finds it', async () => {
    const receipt = ring(bench);
    const { caught } = api().postgres.catch(MOMENTS['api after commit']);
    const waiting = attempt(bench, receipt, 0);
    const moment = await caught;
    await api().postgres.cut();
    moment?.cut();
    const answer = await waiting;
    isRetryable(answer);
    expect(answer.body.code).to.equal('outcome-unknown');
    await api().postgres.mend();
    const again = await insist(bench, receipt, 0);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    expect(await rowsOf(receipt.sale.key)).to.have.length(1);
  });

  it('F36: 50 tills with one key at once, at two processes: one row, and every one is told its id', async () => {
    const receipt = ring(bench);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => attempt(bench, receipt, index % 2)));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(50).fill(202));
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(1);
    expect(await rowsOf(receipt.sale.key)).to.have.length(1);
  });

  it('F37, F38: one key for two different requests at once: one is accepted, the other refused, in whatever order', async () => {
    const [customer = ''] = bench.customers;
    for (let times = 0; times < 10; times += 1) {
      const key = randomUUID();
      const movements: Movement[] = [
        { type: 'earn', points: 10 },
        // F37: another body. F38: another operation with the same body.
        times % 2 === 0 ? { type: 'earn', points: 11 } : { type: 'redeem', points: 10 },
      ];
      const receipts = movements.map((movement) => ring(bench, { customer, key, movement }));
      const tried = await Promise.all(receipts.map((receipt, index) => attempt(bench, receipt, index)));
      const won = tried.findIndex(({ status }) => status === 202);
      const refused = tried[1 - won] as Answer;
      expect({ status: refused.status, code: refused.body.code }).to.deep.equal({
        ...{ status: 422, code: 'idempotency-key-reused' },
      });
      // The one that was refused was never promised: the history knows nothing of it.
      bench.history.sent = bench.history.sent.filter((sent) => sent !== receipts[1 - won]?.sent);
      const [row, ...others] = await rowsOf(key);
      expect(others).to.deep.equal([]);
      expect([row.type, row.points]).to.deep.equal([movements[won]?.type, movements[won]?.points]);
    }
  });

  it('F39: clients hang up in the middle of a request, or before its answer: nobody else notices', async () => {
    const starts = api().starts();
    const receipt = ring(bench);
    const body = JSON.stringify({ amount_minor: 1_234, currency: 'USD' });
    const request = [
      `POST /customers/${receipt.sale.customer}/loyalty/earn HTTP/1.1`,
      ...['Host: till', 'Content-Type: application/json', `Content-Length: ${body.length}`],
      ...[`Authorization: Bearer ${tokenFor('service')}`, `Idempotency-Key: ${receipt.sale.key}`, '', body],
    ].join('\r\n');
    const ends = Array.from({ length: 40 }, (_, index) => Math.ceil((request.length * (index + 1)) / 40));
    await Promise.all(ends.map((end) => hangUpAfter(request.slice(0, end))));
    // Only the last one was whole.
    await until(async () => (await rowsOf(receipt.sale.key)).length === 1, { what: 'the row of the whole request' });
    const again = await insist(bench, receipt, 0);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    await sell(bench, { api: 0 });
    expect(api().starts()).to.equal(starts);
  });

  function hangUpAfter(text: string): Promise<unknown> {
    const socket = connect(Number(new URL(bench.rig.urls[0] as string).port), '127.0.0.1');
    socket.on('error', () => {});
    return new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(text, () => setImmediate(() => socket.resetAndDestroy()));
    });
  }
});

describe('a fault that nobody caught', () => {
  const SIGNAL = { unhandledRejection: 'SIGUSR2', uncaughtException: 'SIGWINCH' } as const;
  const code = `process.on('SIGUSR2', () => void Promise.reject(new Error('injected')));
    process.on('SIGWINCH', () => { throw new Error('injected'); });`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(code)}`;

  it('F42: ends the process with exit code 1, and loses nothing', async () => {
    const service = await startService({ workers: 1, environment: { NODE_OPTIONS, LOG_LEVEL: 'silent' } });
    try {
      const customer = await createCustomer(service);
      const answers = await Promise.all(Array.from({ length: 20 }, () => earn(service, customer, { points: 1 })));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(202));
      service.workers[0]?.kill(SIGNAL.uncaughtException);
      service.api.kill(SIGNAL.unhandledRejection);
      for (const child of [service.api, service.workers[0]]) {
        expect(await until(() => child?.exitCode ?? undefined, { what: 'the end of a process' })).to.equal(1);
      }
      await service.startWorker();
      expect(await drained(service)).to.deep.equal({ pending: 0, applied: 20, rejected: 0 });
      await balancesAgree(service);
    } finally {
      await service.stop();
    }
  });
});
