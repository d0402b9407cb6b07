// BullMQ as most use it: a job an event, a SQL transaction a job. With NO_OP=1 a job does nothing: what the queue alone
// takes, the ceiling of all who give each event a job of its own.

import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { countDown, servePeer } from './peer.ts';
import { applyOne, type PlainEvent } from './plain-ledger.ts';

const QUEUE = 'plain';
/** More were no quicker; connections are what a transaction an event waits for. */
const CONNECTIONS = 20;
const FILLED_AT_ONCE = 1_000;

const connection = () => new Redis(process.env.REDIS_URL as string, { maxRetriesPerRequest: null });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL as string, max: CONNECTIONS });
const apply = process.env.NO_OP === '1' ? async () => {} : (event: PlainEvent) => applyOne(pool, event);
const queue = new Queue<PlainEvent>(QUEUE, {
  connection: connection(),
  defaultJobOptions: { attempts: 5, removeOnComplete: { count: 1_000 }, removeOnFail: { count: 1_000 } },
});

servePeer({
  fill: async (events) => {
    for (let first = 0; first < events.length; first += FILLED_AT_ONCE) {
      const some = events.slice(first, first + FILLED_AT_ONCE);
      await queue.addBulk(some.map((data) => ({ name: data.type, data })));
    }
  },
  work: async (count) => {
    const { done, all } = countDown(count);
    const worker = new Worker<PlainEvent>(QUEUE, ({ data }) => apply(data), {
      ...{ connection: connection(), concurrency: CONNECTIONS * 2, autorun: false },
    });
    worker.on('completed', () => done());
    worker.on('error', (error) => console.error(error));
    await worker.waitUntilReady();
    void worker.run();
    await all;
    await worker.close();
  },
});
