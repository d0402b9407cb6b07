// A read shows balance and pending transactions of one moment: points that are just being applied are in one of the two
// figures, never in both and never in neither.

import { expect } from 'chai';
import { balancesAgree } from '../helpers/ledger.ts';
import { type Response, type Service, startService } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';

const TURNS = 75;
/** Posted by each till in a turn, while as many readers read. */
const TILLS = 2;

describe('points that are applied while they are read', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 1 });
  });
  after(() => service.stop());

  const READS: Record<string, (customer: string) => Promise<{ points_available: number; points_pending: number }>> = {
    'GET /customers/:customer_id': async (customer) => loyaltyOf(await get(`/customers/${customer}`)),
    'GET /customers': async () => (await get('/customers?limit=1')).body.items[0].loyalty,
    'GET /customers/:customer_id/loyalty': async (customer) => (await get(`/customers/${customer}/loyalty`)).body,
  };
  const get = (path: string) => service.request('GET', path);
  const loyaltyOf = ({ body }: Response) => body.loyalty;

  for (const [name, read] of Object.entries(READS)) {
    it(`are all in what ${name} answers, once`, async function () {
      this.timeout(600_000);
      const customer = await createCustomer(service);
      let asked = 0;
      let accepted = 0;
      const till = async (): Promise<void> => {
        for (let turn = 0; turn < TURNS; turn += 1) {
          asked += 1;
          // Half of them are applied by the API itself, the others by the worker.
          const { status } = await earn(service, customer, { points: 1 }, turn % 2 ? { Prefer: 'wait=5' } : {});
          expect(status).to.be.oneOf([200, 202]);
          accepted += 1;
        }
      };
      const reader = async (): Promise<void> => {
        while (accepted < TILLS * TURNS) {
          const least = accepted;
          const { points_available, points_pending } = await read(customer);
          expect(points_available + points_pending).to.be.within(least, asked);
        }
      };
      await Promise.all([...Array.from({ length: TILLS }, till), ...Array.from({ length: TILLS }, reader)]);
      await balancesAgree(service);
    });
  }
});
