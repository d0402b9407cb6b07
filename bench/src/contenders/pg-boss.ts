// pg-boss at its quickest: a job an event, fetched in batches of 2,000, one SQL transaction a batch. Fetched one batch
// after the other without its polling interval, which would be half a second.

import pg from 'pg';
import PgBoss from 'pg-boss';
import { servePeer } from './peer.ts';
import { applyMany, type PlainEvent } from './plain-ledger.ts';

const QUEUE = 'plain';
const BATCH = 2_000;

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL as string, max: 2 });
const boss = new PgBoss({
  connectionString: process.env.DATABASE_URL as string,
  max: 2,
  supervise: false,
  schedule: false,
});
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue(QUEUE);

servePeer({
  fill: async (events) => {
    for (let first = 0; first < events.length; first += BATCH) {
      await boss.insert(events.slice(first, first + BATCH).map((data) => ({ name: QUEUE, data })));
    }
  },
  work: async (count) => {
    for (let done = 0; done < count; ) {
      const jobs = await boss.fetch<PlainEvent>(QUEUE, { batchSize: BATCH });
      // Fetching orders by priority and age, and jobs of one INSERT have the same age.
      const events = jobs.map(({ data }) => data).sort((a, b) => a.accepted - b.accepted);
      await applyMany(pool, events);
      await boss.complete(
        QUEUE,
        jobs.map(({ id }) => id),
      );
      done += jobs.length;
    }
  },
});
