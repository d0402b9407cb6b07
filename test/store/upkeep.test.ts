// What workers do by themselves, asked of the tables: what is due and not settled, what is counted and not folded, what is
// not published.

import { PROGRAMME } from '@customer-service/domain';
import {
  addProgramme,
  applyApart,
  foldAnalytics,
  listLapsed,
  publishEvents,
  readUpkeep,
  requalifySome,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomer, an_actor, points } from './fixtures.ts';

describe('upkeep', () => {
  let database: TestDatabase;
  let ada: string;
  before(async () => {
    database = await createDatabase();
    ada = await addCustomer(database.db);
    while (await foldAnalytics(database.db));
    await publishEvents(database.db);
  });
  after(() => database.drop());

  const dueSince = (seconds: number) =>
    database.db.raw(
      `update loyalty_accounts set settles_at = ledger_now() - ? * interval '1 second' where customer_id = ?`,
      [seconds, ada],
    );

  it('is none where nothing is due', async () => {
    await dueSince(-3_600);
    expect(await readUpkeep(database.db)).to.deep.equal({
      ...{ settling_overdue_s: 0, unfolded: 0, unpublished: 0, oldest_unpublished_s: 0 },
    });
  });

  it('says for how long something has been due, until it is settled', async () => {
    await dueSince(100);
    expect((await readUpkeep(database.db)).settling_overdue_s).to.be.within(100, 160);
    expect(await listLapsed(database.db, 10)).to.deep.equal([ada]);
    await applyApart(database.db, [ada], { settle: 'overdue' });
    expect((await readUpkeep(database.db)).settling_overdue_s).to.equal(0);
  });

  it('leaves out who is in quarantine, whom nobody settles', async () => {
    await dueSince(100);
    const quarantine = database.db('loyalty_quarantine');
    await quarantine.clone().insert({ customer_id: ada, fault: 'RangeError', quarantined_at: database.db.fn.now() });
    expect((await readUpkeep(database.db)).settling_overdue_s).to.equal(0);
    await quarantine.clone().delete();
    await dueSince(-3_600);
  });

  it('says for how long a programme has been in force under which somebody was not looked at', async () => {
    const { version: _version, effective_from: _from, ...rules } = PROGRAMME;
    await addProgramme(database.db, { rules, effective_from: null, expected_version: null, actor: an_actor });
    await database.db.raw(`update loyalty_programmes set effective_from = effective_from - interval '100 seconds'`);
    expect((await readUpkeep(database.db)).settling_overdue_s).to.be.within(100, 160);
    while ((await requalifySome(database.db, 10)) === 10);
    expect((await readUpkeep(database.db)).settling_overdue_s).to.equal(0);
  });

  it('counts what is not folded', async () => {
    await accept(database.db, points('earn', ada, 10));
    await applyApart(database.db, [ada]);
    expect((await readUpkeep(database.db)).unfolded).to.be.above(0);
    while (await foldAnalytics(database.db));
    expect((await readUpkeep(database.db)).unfolded).to.equal(0);
  });

  it('says for how long an event has not been published', async () => {
    await publishEvents(database.db);
    await accept(database.db, points('earn', ada, 10));
    await applyApart(database.db, [ada]);
    await database.db.raw(`update outbox set at = at - interval '100 seconds'`);
    const upkeep = await readUpkeep(database.db);
    expect(upkeep.unpublished).to.equal(1);
    expect(upkeep.oldest_unpublished_s).to.be.within(100, 160);
  });

  // Else each look would read all that is due some day, which for many customers takes longer than a statement may.
  it('is found along the index, however much is due later', async () => {
    const asked: string[] = [];
    database.db.on('query', ({ sql }: { sql: string }) => asked.push(sql));
    await readUpkeep(database.db);
    await listLapsed(database.db, 500);
    const found = asked.filter((sql) => sql.includes('settles_at <='));
    expect(found).to.have.length(2);
    await database.db.transaction(async (tx) => {
      // As the planner would choose for many.
      await tx.raw('set local enable_seqscan = off; set local enable_sort = off');
      for (const sql of found) {
        const { rows } = await tx.raw(`explain ${sql.replace(/\$\d+/g, '1')}`);
        expect(JSON.stringify(rows)).to.match(/loyalty_accounts_settle.{0,200}Index Cond: \(settles_at <=/);
      }
    });
  });
});
