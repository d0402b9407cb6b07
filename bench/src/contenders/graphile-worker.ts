// graphile-worker at its quickest that keeps the order: a job an event, fetched by its local queue 2,000 at a time, the
// events of all jobs under way applied in one SQL transaction, finished jobs reported together.

import { createBatcher } from '@customer-service/runtime';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { countDown, servePeer } from './peer.ts';
import { applyMany, type PlainEvent } from './plain-ledger.ts';

const TASK = 'apply';
const BATCH = 2_000;

const connectionString = process.env.DATABASE_URL as string;
const pool = new pg.Pool({ connectionString, max: 2 });
const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message);
});
const utils = await makeWorkerUtils({ connectionString, logger, maxPoolSize: 2 });
await utils.migrate();

const batcher = createBatcher<PlainEvent, null>(async (events) => {
  await applyMany(pool, events);
  return events.map(() => null);
}, BATCH);

servePeer({
  fill: async (events) => {
    // Jobs that are due at the same moment would be taken in any order.
    const due = Date.now() - 3_600_000;
    for (let first = 0; first < events.length; first += BATCH) {
      const some = events.slice(first, first + BATCH);
      await utils.addJobs(
        some.map((payload, index) => ({ identifier: TASK, payload, runAt: new Date(due + first + index) })),
      );
    }
  },
  work: async (count) => {
    const { done, all } = countDown(count);
    const runner = await run({
      ...{
        noHandleSignals: true,
        taskList: {
          [TASK]: async (payload) => {
            await batcher.add(payload as PlainEvent);
            done();
          },
        },
      },
      preset: {
        worker: {
          ...{
            connectionString,
            logger,
            pollInterval: 500,
            maxPoolSize: 5,
            concurrentJobs: BATCH,
            completeJobBatchDelay: 0,
          },
          localQueue: { size: 2 * BATCH },
        },
      },
    });
    await all;
    await runner.stop();
  },
});
