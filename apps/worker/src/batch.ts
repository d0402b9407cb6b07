// Many doorbells, one run: the customers of all jobs that arrive while a run is under way share the next one.
// One run in flight.

import { createBatcher, type Log } from '@customer-service/runtime';
import { applyApart, type Database } from '@customer-service/store';

/** Customers one run takes at the most. */
const MAX_CUSTOMERS = 500;

/** @returns answers a job: resolves when everything that waited for its customers is decided */
export function createApplier(db: Database, log: Log): (customerIds: string[]) => Promise<unknown> {
  const batcher = createBatcher<string, null>(async (customerIds) => {
    const failures = await applyApart(db, customerIds);
    for (const [customer_id, error] of failures) log.error({ customer_id, error }, 'applying failed');
    return customerIds.map((customerId) => failures.get(customerId) ?? null);
  }, MAX_CUSTOMERS);
  return (customerIds) => Promise.all(customerIds.map((customerId) => batcher.add(customerId)));
}
