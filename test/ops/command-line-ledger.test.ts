// `npm run ops -- …` where it works on the ledger alone: what waits, what is applied by hand, what adds up.

import { PROGRAMME } from '@customer-service/domain';
import { expect } from 'chai';
import { balancesAgree, countByStatus } from '../helpers/ledger.ts';
import { runOps } from '../helpers/ops.ts';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, post, redeem } from '../helpers/shop.ts';

describe('npm run ops, with no worker there', () => {
  let service: Service;
  let ada: string;
  const ops = (...args: string[]) => runOps(service.environment, ...args);
  const json = async (...args: string[]) => {
    const answer = await ops(...args, '--json');
    return { ...answer.json, code: answer.code };
  };

  before(async () => {
    service = await startService();
    ada = await createCustomer(service);
  });
  after(() => service.stop());

  it('lists in `pending` what waits, the oldest first, and of one customer', async () => {
    const bob = await createCustomer(service);
    const ids = [];
    for (const customer of [ada, bob, ada]) ids.push((await earn(service, customer, { points: 1 })).body.id);
    const all = await json('pending');
    expect(all.transactions.map((row: { id: string }) => row.id)).to.deep.equal(ids);
    const of_ada = await json('pending', '--customer', ada, '--limit', '1');
    expect(of_ada.transactions.map((row: { id: string }) => row.id)).to.deep.equal([ids[0]]);
    expect((await json('pending', '--older-than', '1d')).transactions).to.deep.equal([]);
    expect((await ops('pending')).stdout).to.include(ids[1]);
  });

  it('decides in `retry --customer` what waits for one customer, and leaves the others', async () => {
    expect(await json('retry', '--customer', ada, '--dry-run')).to.deep.include({ code: 1, pending: 2 });
    const applied = await json('retry', '--customer', ada);
    expect(applied).to.deep.include({ code: 0, pending_before: 2, pending: 0, reason: null });
    expect(await countByStatus(service)).to.include({ pending: 1 });
  });

  it('says in `retry --customer` why it can not be', async () => {
    const bob = (await json('pending')).transactions[0].customer_id;
    const holder = await service.database.db.transaction();
    await holder.raw('set local idle_in_transaction_session_timeout = 0');
    await holder.raw('select from loyalty_accounts where customer_id = ? for update', [bob]);
    try {
      const stuck = await json('retry', '--customer', bob);
      expect(stuck).to.deep.include({ code: 1, pending: 1 });
      expect(stuck.reason).to.match(/lock timeout/);
    } finally {
      await holder.rollback();
    }
  });

  it('waits in `drain` no longer than it was told, and applies by itself when asked to', async () => {
    const waiting = await json('drain', '--timeout', '1s');
    expect(waiting).to.deep.include({ code: 1, drained: false, pending: 1, api_alive: true });
    const done = await ops('drain', '--apply');
    expect(done.code).to.equal(0);
    expect(done.stdout).to.include('Nothing is pending.');
    expect(done.stdout).to.include('An API process is alive');
    expect(done.stderr).to.equal('');
    await balancesAgree(service);
  });

  it('tells of lots, and of what came after', async () => {
    const { version: _version, effective_from: _from, ...rules } = PROGRAMME;
    const body = { ...rules, expiry: { policy: 'rolling_days', days: 365 } };
    expect((await service.request('PUT', '/loyalty/programme', { body })).status).to.equal(201);
    const grace = await createCustomer(service);
    const wait = { Prefer: 'wait=10' };
    const bought = await earn(service, grace, { amount_minor: 10_000, currency: 'USD' }, wait);
    const spent = await redeem(service, grace, 40, wait);
    const path = `/customers/${grace}/loyalty/transactions/${spent.body.id}/reverse`;
    const undone = await post(service, path, {}, { headers: wait });
    expect(undone.body.status).to.equal('applied');

    const life = await json('explain', spent.body.id);
    expect(life.transaction.explanation.allocations[0]).to.include({ points: 40 });
    // Told from the time it took, which on a slow machine is also the sweep's.
    expect(life.applied_by).to.be.oneOf(['till', 'sweep']);
    expect(life.followed_by.map((line: { id: string }) => line.id)).to.deep.equal([undone.body.id]);
    expect((await ops('explain', spent.body.id)).stdout).to.match(/^lot +40 points that lapse on \d{4}-\d\d-\d\d$/m);
    expect((await json('explain', bought.body.id)).followed_by).to.deep.equal([]);
  });

  it('proves in `reconcile` that all agrees, and names who does not', async () => {
    expect(await json('reconcile')).to.deep.include({ code: 0, differences: 0 });
    expect((await json('status')).reconciled).to.include({ differences: 0 });
    await service.database.db.raw(
      `update loyalty_accounts set points_balance = points_balance + 1, lifetime_points_earned = lifetime_points_earned + 1
        where customer_id = ?`,
      [ada],
    );
    const found = await ops('reconcile');
    expect(found.code).to.equal(1);
    expect(found.stdout).to.match(new RegExp(`^${ada} account points_balance: expected \\d+, actual \\d+$`, 'm'));
  });
});
