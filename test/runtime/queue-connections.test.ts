// What BullMQ does with its connections to PostgreSQL is not ours; that they end is no reason to end.

import { createLog, openQueueView } from '@customer-service/runtime';
import { expect } from 'chai';
import type pg from 'pg';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { until } from '../helpers/until.ts';

describe('a connection of the queue in PostgreSQL', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  it('may be ended while it is out of its pool and nothing is asked: whoever asks next is told', async () => {
    const config = { redis_url: null, direct_database_url: database.url };
    const view = await openQueueView(config, createLog('api', 'fatal'));
    try {
      const client = await poolOf(view.queue).connect();
      const { rows } = await client.query('select pg_backend_pid() as pid');
      let ended = false;
      client.once('end', () => {
        ended = true;
      });
      await database.db.raw('select pg_terminate_backend(?)', [rows[0].pid]);
      await until(() => ended, { what: 'the end of the connection' });
      expect(await client.query('select 1').catch((error) => error.message)).to.contain('not queryable');
      client.release(true);
      expect(await view.queue.getJobCounts('failed'), 'by another connection').to.deep.equal({ failed: 0 });
    } finally {
      await view.close();
    }
  });
});

/** BullMQ's own, which no interface of it shows. */
function poolOf(queue: object): pg.Pool {
  const { backend } = queue as { backend: { connection: { pool: pg.Pool } } };
  return backend.connection.pool;
}
