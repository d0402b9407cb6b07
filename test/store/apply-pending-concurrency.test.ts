// Several parties at work on the same accounts: every transaction decided once, nobody waits for ever, inserts go on.

import { applyPending, type Database, openDatabase, readAccounts } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { until } from '../helpers/until.ts';
import { accept, addCustomer, auditAll, failureOf, points, purchase, readLedger, uuidOf } from './fixtures.ts';

/** Holding this advisory lock halts whoever writes an account, with the accounts locked. */
const GATE = 17;

async function addGate(db: Database): Promise<void> {
  await db.raw(`
    create function gate() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(${GATE}); return new; end $$;
    create trigger gate before update on loyalty_accounts for each row execute function gate()`);
}

/** Resolves when `count` statements wait for a lock in this database. */
function waiting(db: Database, count = 1): Promise<true> {
  const sql = `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return until(async () => (await db.raw(sql)).rows[0].count >= count, { what: `${count} waiting`, every_ms: 5 });
}

describe('two parties that apply for the same customers', () => {
  let database: TestDatabase;
  let db: Database;
  let customer: string;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
    customer = await addCustomer(db);
  });
  afterEach(() => database.drop());

  it('decide each transaction once: who waited for the lock finds it done', async () => {
    await addGate(db);
    await accept(db, points('earn', customer, 10));
    const gate = await db.transaction();
    await gate.raw('select pg_advisory_xact_lock(?)', [GATE]);
    const holder = applyPending(db, [customer]);
    await waiting(db, 1);
    const waiter = applyPending(db, [customer]);
    await waiting(db, 2);
    await gate.commit();
    expect(await Promise.all([holder, waiter])).to.deep.equal([
      { decided: 1, more: false },
      { decided: 0, more: false },
    ]);
    expect((await readAccounts(db, [customer]))[0]).to.deep.include({ points_balance: 10, sequence: 1 });
  });

  it('see what was accepted while they waited for the lock', async () => {
    await accept(db, points('earn', customer, 5));
    const stranger = await db.transaction();
    await stranger.raw('select from loyalty_accounts where customer_id = ? for no key update', [customer]);
    const applying = applyPending(db, [customer]);
    await waiting(db);
    await accept(db, points('earn', customer, 10));
    await stranger.commit();
    expect(await applying).to.deep.equal({ decided: 2, more: false });
  });

  it('neither lock nor wait for a customer for whom nothing waits', async () => {
    const stranger = await db.transaction();
    await stranger.raw('select from loyalty_accounts where customer_id = ? for no key update', [customer]);
    const other = await addCustomer(db);
    await accept(db, points('earn', other, 10));
    expect(await applyPending(db, [customer, other])).to.deep.equal({ decided: 1, more: false });
    await stranger.commit();
  });

  it('let an insert for that customer through while they hold the lock', async () => {
    await addGate(db);
    await accept(db, points('earn', customer, 10));
    const gate = await db.transaction();
    await gate.raw('select pg_advisory_xact_lock(?)', [GATE]);
    const holder = applyPending(db, [customer]);
    await waiting(db);
    await accept(db, points('earn', customer, 5));
    await gate.commit();
    expect(await holder, 'the first, which it had read').to.deep.equal({ decided: 1, more: false });
    expect(await applyPending(db, [customer]), 'the second').to.deep.equal({ decided: 1, more: false });
  });

  it('lock in the order of the ids, whatever order the rows lie in', async () => {
    // The table holds the later id first. Whoever waits for the earlier one must not hold the later one.
    const [later, earlier] = [uuidOf(9), uuidOf(1)];
    for (const id of [later, earlier]) await addCustomer(db, {}, id);
    await accept(db, points('earn', later, 10), points('earn', earlier, 10));
    const stranger = await db.transaction();
    await stranger.raw('select from loyalty_accounts where customer_id = ? for no key update', [earlier]);
    const applying = applyPending(db, [later, earlier]);
    await waiting(db);
    await stranger.raw('select from loyalty_accounts where customer_id = ? for no key update nowait', [later]);
    await stranger.commit();
    await applying;
  });

  it('fail within the time limit when a stranger keeps the lock, and leave the transaction pending', async () => {
    await accept(db, points('earn', customer, 10));
    const stranger = await db.transaction();
    await stranger.raw('set local idle_in_transaction_session_timeout = 0');
    await stranger.raw('select from loyalty_accounts where customer_id = ? for no key update', [customer]);
    const failure = await failureOf(applyPending(db, [customer]));
    expect(failure.code, 'lock_not_available').to.equal('55P03');
    await stranger.commit();
    expect(await applyPending(db, [customer])).to.deep.equal({ decided: 1, more: false });
  });
});

describe('many visits to the same customers at once', () => {
  const CUSTOMERS = 12;
  const ROUNDS = 25;
  let database: TestDatabase;
  const parties: Database[] = [];

  before(async () => {
    database = await createDatabase();
    for (const name of ['one', 'two', 'three']) {
      parties.push(openDatabase({ url: database.url, pool_max: 2, application_name: name }));
    }
  });
  after(async () => {
    for (const party of parties) await party.destroy();
    await database.drop();
  });

  it('decide every transaction once, without a deadlock, and the sums are right', async () => {
    const { db } = database;
    const ids: string[] = [];
    for (let i = CUSTOMERS; i > 0; i -= 1) ids.push(await addCustomer(db, {}, uuidOf(i)));
    const earned = new Map(ids.map((id) => [id, 0]));
    let decided = 0;

    const visit = async (party: Database, round: number) => {
      // Each party goes round the customers from another place, and back and forth.
      const turned = [...ids.slice(round % CUSTOMERS), ...ids.slice(0, round % CUSTOMERS)];
      const result = await applyPending(party, round % 2 ? turned : turned.reverse());
      decided += result.decided;
    };
    const post = async (round: number) => {
      const items = ids.flatMap((id) => [points('earn', id, round), purchase(id, 1), points('redeem', id, 1)]);
      for (const id of ids) earned.set(id, (earned.get(id) ?? 0) + round - 1);
      await accept(db, ...items);
    };
    for (let round = 1; round <= ROUNDS; round += 1) {
      await Promise.all([post(round), ...parties.flatMap((party, i) => [visit(party, round + i), visit(party, i)])]);
    }
    const rest = await applyPending(db, ids);
    decided += rest.decided;

    const rows = await readLedger(db);
    expect(new Set(rows.map((row) => row.status))).to.deep.equal(new Set(['applied']));
    expect({ decided, rows: rows.length }).to.deep.equal({ decided: rows.length, rows: CUSTOMERS * ROUNDS * 3 });
    const balances = (await readAccounts(db, ids)).map((row) => [row.customer_id, row.points_balance]);
    expect(new Map(balances as [string, number][])).to.deep.equal(earned);
    expect((await auditAll(db)).differences).to.deep.equal([]);
  });
});
