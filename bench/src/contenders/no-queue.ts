// Our own limit: the same apply over the same backlog, called directly, in this process alone. What a queue can only
// come near.

import { applyApart, openDatabase } from '@customer-service/store';
import { serve } from '../child.ts';

const db = openDatabase({ url: process.env.DATABASE_URL as string, pool_max: 2, application_name: 'bench' });

interface Backlog {
  /** Customers, a list for each call. */
  calls: string[][];
}

serve({
  apply: async ({ calls }: Backlog) => {
    const began = performance.now();
    for (const customers of calls) {
      const failures = await applyApart(db, customers);
      if (failures.size > 0) throw [...failures.values()][0];
    }
    return performance.now() - began;
  },
});
