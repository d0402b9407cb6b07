// Many doorbells, one run: the customers of all jobs that arrive while a run is under way share the next one.
// One run in flight, in two halves at once: PostgreSQL has work while this process decides.

import { createBatcher, currentTraceparent, inTrace, type Log } from '@customer-service/runtime';
import { applyApart, type Database, isStorageFault } from '@customer-service/store';
import type { Observer } from './observe.ts';

/** Customers one run takes at the most: about as many rows as one SQL transaction decides, in each half. */
const MAX_CUSTOMERS = 1_000;

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
    const halves = [customerIds.filter(isInFirst), customerIds.filter((id) => !isInFirst(id))];
    const apply = async () => {
      const some = halves.filter((half) => half.length > 0);
      const found = await Promise.all(some.map((half) => applyApart(db, half, { onApplied })));
      return new Map(found.flatMap((each) => [...each]));
    };
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

/** By the last digit, so that both halves of a run are about as large, and none waits for accounts that the other has locked. */
function isInFirst(customerId: string): boolean {
  return Number.parseInt(customerId.slice(-1), 16) < 8;
}
