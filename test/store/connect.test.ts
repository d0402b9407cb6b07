// The time limits of what is asked for at once.

import { openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';

describe('queries that are sent at once', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  it('have a time limit each: who comes behind others is given their time as well', async () => {
    const db = openDatabase({
      ...{ url: database.url, pool_max: 1, application_name: 'test', statement_timeout_ms: 2_000 },
    });
    try {
      // A second each: together longer than one of them may take, here as in PostgreSQL.
      const slow = () => db.transaction((tx) => Promise.all([1, 2, 3].map((number) => second(tx, number))));
      expect(await slow()).to.deep.equal([1, 2, 3]);
      const late = db.transaction((tx) => Promise.all([tx.raw('select 1'), tx.raw('select pg_sleep(20)')]));
      expect(await late.catch((error) => error.code)).to.equal('57014');
    } finally {
      await db.destroy();
    }
  });
});

async function second(tx: ReturnType<typeof openDatabase>, number: number): Promise<number> {
  const { rows } = await tx.raw<{ rows: { number: number }[] }>('select ?::int as number, pg_sleep(1)', [number]);
  return rows[0]?.number as number;
}
