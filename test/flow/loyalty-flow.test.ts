// The whole path, on each queue backend: a checkout posts, the queue rings, the worker applies.

import type { LoyaltyTransaction } from '@customer-service/domain';
import { expect } from 'chai';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { backends, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn, isRung, redeem, settled } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

for (const backend of backends) {
  describe(`from a till to the ledger, the queue on ${backend}`, () => {
    let service: Service;
    before(async () => {
      service = await startService({ backend, workers: 2 });
    });
    after(() => service.stop());

    it('accepts an earn at once and applies it soon after', async () => {
      const customer = await createCustomer(service);
      const accepted = await earn(service, customer, { amount_minor: 12_345, currency: 'USD' });
      expect(accepted.status).to.equal(202);
      expect(accepted.body.status).to.equal('pending');

      const location = accepted.headers.get('location') as string;
      const transaction = await settled(service, location);
      expect(transaction).to.include({ status: 'applied', points: 123, balance_after: 123, sequence: 1 });
      const { body } = await service.request('GET', `/customers/${customer}`);
      expect(body.loyalty).to.deep.equal({
        points_available: 123,
        points_pending: 0,
        tier: 'bronze',
        total_spent_minor: 12_345,
        visits_count: 1,
        last_visit_at: accepted.body.occurred_at,
      });
    });

    it('is rung for, and does not wait for the sweep', async () => {
      // At least once in a few tries.
      const customer = await createCustomer(service);
      const isQuick = async () => {
        const { headers } = await earn(service, customer, { points: 1 });
        return isRung(await settled(service, headers.get('location') as string));
      };
      await until(isQuick, { what: 'a transaction applied by its ring' });
    });

    it('applies the transactions of one customer in the order in which they were accepted', async () => {
      const customer = await createCustomer(service);
      await earn(service, customer, { points: 100 });
      for (let turn = 0; turn < 10; turn += 1) {
        await redeem(service, customer, 100);
        await earn(service, customer, { points: 100 });
      }
      const last = await redeem(service, customer, 100);
      await settled(service, last.headers.get('location') as string);
      const { body } = await service.request('GET', `/customers/${customer}/loyalty/transactions?limit=200`);
      expect(body.items).to.have.length(22);
      expect(body.items.map((row: LoyaltyTransaction) => row.status)).to.deep.equal(Array(22).fill('applied'));
      expect(body.items.map((row: LoyaltyTransaction) => row.sequence)).to.deep.equal(
        Array.from({ length: 22 }, (_, index) => 22 - index),
      );
    });

    it('never lets a balance go below zero, however many redeem at once', async () => {
      const customer = await createCustomer(service);
      await earn(service, customer, { points: 100 });
      const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(service, customer, 7)));
      const rows = await Promise.all(
        answers.map((answer) => settled(service, answer.headers.get('location') as string)),
      );
      expect(rows.filter((row) => row.status === 'applied')).to.have.length(14);
      expect(rows.filter((row) => row.rejection_code === 'insufficient-points')).to.have.length(36);
    });

    it('keeps every balance equal to its ledger under many customers and many tills', async () => {
      const customers = await Promise.all(Array.from({ length: 20 }, () => createCustomer(service)));
      const posts = customers.flatMap((customer) => [
        ...Array.from({ length: 10 }, () => earn(service, customer, { amount_minor: 9_999, currency: 'EUR' })),
        ...Array.from({ length: 5 }, () => redeem(service, customer, 60)),
      ]);
      const answers = await Promise.all(posts);
      expect(answers.map((answer) => answer.status)).to.deep.equal(Array(answers.length).fill(202));
      await drained(service);
      expect(await balancesAgree(service)).to.equal(true);
    });
  });
}
