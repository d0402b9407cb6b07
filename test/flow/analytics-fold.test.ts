// Several workers apply, several fold, and analytics says what the ledger says: at every moment, and when all is folded.

import { expect } from 'chai';
import { balancesAgree, drained } from '../helpers/ledger.ts';
import { type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';
import { until } from '../helpers/until.ts';

describe('analytics beside three workers', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 3 });
  });
  after(() => service.stop());

  it('agrees with the ledger while they are at it, and nothing stays unfolded', async function () {
    this.timeout(180_000);
    const customers = await Promise.all(Array.from({ length: 10 }, () => createCustomer(service)));
    const accepted = { all: false };
    const sell = async () => {
      const answers: number[] = [];
      // Twenty rounds: all at once would keep this process too busy to look at the books meanwhile.
      for (let round = 0; round < 20; round += 1) {
        const occurred_at = `2026-03-${String((round % 7) + 1).padStart(2, '0')}T12:00:00Z`;
        const purchase = { amount_minor: 5_000, currency: 'USD', occurred_at };
        const sold = await Promise.all(customers.map((customer) => earn(service, customer, purchase)));
        answers.push(...sold.map(({ status }) => status));
      }
      return answers;
    };
    const sent = sell().finally(() => {
      accepted.all = true;
    });
    while (!accepted.all) await balancesAgree(service);
    expect(await sent).to.deep.equal(Array(200).fill(202));
    await drained(service);
    const { db } = service.database;
    await until(
      async () => {
        const left = await db('analytics_deltas').select('figure').unionAll(db('analytics_visits').select('tier'));
        return left.length === 0;
      },
      { what: 'everything folded' },
    );
    await balancesAgree(service);
    const period = 'date_from=2026-03-01&date_to=2026-03-07';
    const { body } = await service.request('GET', `/customers/analytics/summary?${period}`);
    expect(body.spend).to.deep.equal({
      ...{ total_minor: 1_000_000, customers: 10, average_per_customer_minor: 100_000, visits: 200 },
    });
    const { body: daily } = await service.request(
      'GET',
      `/customers/analytics/daily?metric=active_customers&${period}`,
    );
    expect(daily.days.map((day: { value: number }) => day.value)).to.deep.equal([10, 10, 10, 10, 10, 10, 10]);
  });
});
