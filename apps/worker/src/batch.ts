// Many doorbells, one run: the customers of all jobs that arrive while a run is under way share the next one.
// One run in flight.

import { createBatcher, currentTraceparent, inTrace, type Log } from '@customer-service/runtime';
import { applyApart, type Database, isStorageFault } from '@customer-service/store';
import type { Observer } from './observe.ts';

/** Customers one run takes at the most. */
const MAX_CUSTOMERS = 500;

interface Rung {
  customer_id: string;
  /** Of the job, if it is traced. */
  traceparent: string | null;
}

/** @returns answers a job: resolves when everything that waited for its customers is decided */
export function createApplier(
  db: Database,
  { onApplied, failed }: Observer,
  log: Log,
): (customerIds: string[]) => Promise<unknown> {
  const batcher = createBatcher<Rung, null>(async (rung) => {
    // Jobs of several traces share a run: a part of the first.
    const parent = rung.find(({ traceparent }) => traceparent !== null)?.traceparent ?? null;
    const customerIds = rung.map(({ customer_id }) => customer_id);
    const apply = () => applyApart(db, customerIds, { onApplied });
    const failures = await inTrace({ name: 'apply', kind: 'consumer', parent }, apply);
    failed(failures.size);
    for (const [customer_id, error] of failures)
      log[isStorageFault(error) ? 'warn' : 'error']({ customer_id, error }, 'applying failed');
    return customerIds.map((customerId) => failures.get(customerId) ?? null);
  }, MAX_CUSTOMERS);
  return (customerIds) => {
    const traceparent = currentTraceparent();
    return Promise.all(customerIds.map((customer_id) => batcher.add({ customer_id, traceparent })));
  };
}
