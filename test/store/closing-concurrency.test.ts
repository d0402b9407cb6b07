// Erasure and merge among tills that go on: whatever was accepted is applied, and nothing is accepted for an account
// that is closed.

import { randomUUID } from 'node:crypto';
import { DomainError } from '@customer-service/domain';
import {
  acceptTransactions,
  applyApart,
  applyPending,
  type Database,
  eraseCustomer,
  isStorageFault,
  mergeCustomers,
  type NewTransaction,
  openDatabase,
  readAccounts,
  updateCustomer,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { until } from '../helpers/until.ts';
import {
  accept,
  addCustomer,
  addCustomers,
  an_actor,
  auditAll,
  failureOf,
  points,
  readLedger,
  uuidOf,
  wordOf,
} from './fixtures.ts';

let database: TestDatabase;
let db: Database;

const merge = (party: Database, target_id: string, source_id: string) =>
  mergeCustomers(party, {
    target_id,
    source_id,
    transfer_ids: { out: randomUUID(), in: randomUUID() },
    actor: an_actor,
  });

/** Resolves when `count` statements wait for a lock in this database. */
function waiting(count = 1): Promise<true> {
  const sql = `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return until(async () => (await db.raw(sql)).rows[0].count >= count, { what: `${count} waiting`, every_ms: 5 });
}

/** Somebody who keeps a lock for longer than the time limits allow. The caller ends it. */
async function strangerWith(lock: string, customer: string) {
  const stranger = await db.transaction();
  await stranger.raw('set local idle_in_transaction_session_timeout = 0');
  await stranger.raw(`select from loyalty_accounts where customer_id = ? ${lock}`, [customer]);
  return stranger;
}

const pendingRows = () => db('loyalty_transactions').where({ status: 'pending' });

describe('one till and an account that is being closed', () => {
  let customer: string;
  let other: string;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
    [customer, other] = (await addCustomers(db, 2)) as [string, string];
  });
  afterEach(() => database.drop());

  /** [what, how, and who has the points afterwards] */
  const closings: [string, () => Promise<unknown>, () => string][] = [
    ['an erasure', () => eraseCustomer(db, customer, an_actor), () => customer],
    ['a merge', () => merge(db, other, customer), () => other],
  ];

  for (const [what, close, holder] of closings) {
    it(`is refused once it has waited for ${what}: the row is read again, and found closed`, async () => {
      // Whoever writes a profile stops here, with the accounts locked.
      await db.raw(`
        create function gate() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock_shared(17); return new; end $$;
        create trigger gate before update on customers for each row execute function gate()`);
      const gate = await db.transaction();
      await gate.raw('select pg_advisory_xact_lock(17)');
      const closing = close();
      await waiting(1);
      const answers = acceptTransactions(db, [points('earn', customer, 10)]);
      await waiting(2);
      await gate.commit();
      await closing;
      expect((await answers).map(wordOf)).to.deep.equal(['customer-not-found']);
      expect(await pendingRows()).to.deep.equal([]);
    });

    it(`that was first is waited for by ${what}, and its row is applied`, async () => {
      const till = await db.transaction();
      const [row] = await accept(till, points('earn', customer, 10));
      const closing = close();
      await waiting(1);
      await till.commit();
      await closing;
      expect((await readLedger(db)).find((each) => each.id === row?.id)).to.include({ status: 'applied', points: 10 });
      expect((await readAccounts(db, [holder()]))[0]).to.include({ points_balance: 10 });
      expect((await auditAll(db)).differences).to.deep.equal([]);
    });
  }

  it('keeps nobody else waiting for ever: their rows of the same batch are accepted, the busy one’s are not', async () => {
    const stranger = await strangerWith('for update', customer);
    const items = [points('earn', other, 1), points('earn', customer, 1), points('earn', other, 2)];
    const answers = await acceptTransactions(db, items);
    expect(answers.map(wordOf)).to.deep.equal(['accepted', 'storage-unavailable', 'accepted']);
    await stranger.commit();
    expect((await acceptTransactions(db, items)).map(wordOf)).to.deep.equal(['accepted', 'accepted', 'accepted']);
    expect(await pendingRows(), 'each once').to.have.length(3);
  });

  it('locks in the order of the ids, whatever order they come in', async () => {
    const [earlier, later] = [customer, other].sort() as [string, string];
    const stranger = await strangerWith('for update', earlier);
    const answers = acceptTransactions(db, [points('earn', later, 1), points('earn', earlier, 1)]);
    await waiting(1);
    // Whoever waits for the earlier one must not hold the later one.
    await stranger.raw('select from loyalty_accounts where customer_id = ? for update nowait', [later]);
    await stranger.commit();
    expect((await answers).map(wordOf)).to.deep.equal(['accepted', 'accepted']);
  });

  it('is no reason for a deadlock: a merge locks in the order of the ids as well, whatever lies first', async () => {
    const [later, earlier] = [uuidOf(9), uuidOf(1)];
    for (const id of [later, earlier]) await addCustomer(db, {}, id);
    const stranger = await strangerWith('for key share', earlier);
    const merging = merge(db, later, earlier);
    await waiting(1);
    // Whoever waits for the earlier one must not hold the later one.
    await stranger.raw('select from loyalty_accounts where customer_id = ? for update nowait', [later]);
    await stranger.commit();
    await merging;
  });

  it('does not stop at an account that is only being applied to', async () => {
    const worker = await db.transaction();
    await worker.raw('select from loyalty_accounts where customer_id = ? for no key update', [customer]);
    expect((await acceptTransactions(db, [points('earn', customer, 1)])).map(wordOf)).to.deep.equal(['accepted']);
    await worker.commit();
  });
});

describe('many tills, workers and desks at once', function () {
  this.timeout(180_000);
  const parties: Database[] = [];
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
    for (const name of ['one', 'two', 'three']) {
      parties.push(openDatabase({ url: database.url, pool_max: 4, application_name: name }));
    }
  });
  afterEach(async () => {
    for (const party of parties.splice(0)) await party.destroy();
    await database.drop();
  });

  /** Posts batches, one after the other, for the customers in turn. @returns what was accepted */
  async function till(party: Database, ids: string[], batches: number): Promise<NewTransaction[]> {
    const taken: NewTransaction[] = [];
    for (let batch = 0; batch < batches; batch += 1) {
      const items = ids.map((_, index) =>
        points('earn', ids[(index * 7 + batch) % ids.length] as string, 1 + (batch % 5)),
      );
      const answers = await acceptTransactions(party, items);
      for (const [index, answer] of answers.entries()) {
        if (!(answer instanceof DomainError)) taken.push(items[index] as NewTransaction);
        else if (answer.code !== 'customer-not-found') throw answer;
      }
    }
    return taken;
  }

  async function worker(party: Database, ids: string[], visits: number): Promise<void> {
    for (let visit = 0; visit < visits; visit += 1) {
      for (const error of (await applyApart(party, ids)).values()) throw error;
    }
  }

  /** Sees that each accepted row is decided, that there is no other, and that all adds up. */
  async function everythingIsApplied(taken: NewTransaction[]): Promise<void> {
    await applyPending(db, await db('loyalty_accounts').whereNull('closed_at').pluck('customer_id'));
    const rows = (await readLedger(db)).filter((row) => row.type === 'earn');
    expect(rows.filter((row) => row.status !== 'applied')).to.deep.equal([]);
    expect(new Set(rows.map((row) => row.id))).to.deep.equal(new Set(taken.map((item) => item.id)));
    expect((await auditAll(db)).differences).to.deep.equal([]);
  }

  it('lose nothing to erasures', async () => {
    const ids = await addCustomers(db, 40);
    const [one, two, three] = parties as [Database, Database, Database];
    const erasing = async () => {
      for (const id of ids.slice(0, 30)) await eraseCustomer(three, id, an_actor);
    };
    const tills = Promise.all([till(one, ids, 25), till(two, ids.toReversed(), 25), till(three, ids, 25)]);
    await Promise.all([tills, worker(two, ids, 20), worker(three, ids, 20), erasing()]);
    await everythingIsApplied((await tills).flat());
    expect(await db('customers').whereNotNull('erased_at')).to.have.length(30);
  });

  it('lose nothing to merges, in whatever directions at once', async () => {
    const ids = await addCustomers(db, 24);
    const [one, two, three] = parties as [Database, Database, Database];
    const outcomes: string[] = [];
    /** Merges each with its neighbour, from one side and from the other at the same moment. */
    const merging = async () => {
      for (let index = 0; index < ids.length; index += 2) {
        const [a, b] = [ids[index] as string, ids[index + 1] as string];
        const both = await Promise.allSettled([merge(one, a, b), merge(two, b, a)]);
        outcomes.push(
          both
            .map((each) => (each.status === 'fulfilled' ? 'merged' : each.reason.code))
            .sort()
            .join(' '),
        );
      }
    };
    const tills = Promise.all([till(one, ids, 25), till(two, ids.toReversed(), 25)]);
    await Promise.all([tills, worker(two, ids, 20), worker(three, ids, 20), merging()]);
    const taken = (await tills).flat();
    await everythingIsApplied(taken);
    expect(new Set(outcomes), 'one wins, the other is told').to.deep.equal(new Set(['customer-not-found merged']));
    const open = await db('loyalty_accounts').whereNull('closed_at');
    expect(open).to.have.length(12);
    const balances = open.reduce((sum, account) => sum + account.points_balance, 0);
    expect(balances, 'every point is with somebody').to.equal(taken.reduce((sum, item) => sum + (item.points ?? 0), 0));
  });

  it('lose no point when many merge in a circle and an erasure comes between', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [a, b, c] = (await addCustomers(db, 3)) as [string, string, string];
      await accept(db, points('earn', a, 1), points('earn', b, 10), points('earn', c, 100));
      const [one, two, three] = parties as [Database, Database, Database];
      const tries = [
        merge(one, a, b),
        merge(two, b, c),
        merge(three, c, a),
        ...(round % 2 ? [eraseCustomer(one, b, an_actor)] : []),
      ];
      for (const each of await Promise.allSettled(tries)) {
        if (each.status === 'rejected') expect(each.reason.code).to.be.oneOf(['customer-not-found', 'customer-merged']);
      }
      const accounts = await readAccounts(db, [a, b, c]);
      expect(accounts.reduce((sum, account) => sum + account.points_balance, 0)).to.equal(111);
      expect(await pendingRows()).to.deep.equal([]);
      // No chain: whoever was merged points at somebody who is there, or was erased with them.
      const chains = await db('customers as s')
        .join('customers as t', 't.id', 's.merged_into')
        .whereNotNull('t.merged_into');
      expect(chains).to.deep.equal([]);
    }
    expect((await auditAll(db)).differences).to.deep.equal([]);
  });

  it('find a profile either changed or erased, and no change outlives the erasure', async () => {
    for (let round = 0; round < 15; round += 1) {
      const id = await addCustomer(db, { notes: 'old' });
      const [one, two] = parties as [Database, Database];
      const change = { id, changes: { notes: 'outlives' }, actor: an_actor };
      const writes = [updateCustomer(one, change), eraseCustomer(two, id, an_actor), updateCustomer(two, change)];
      for (const each of await Promise.allSettled(writes)) {
        if (each.status === 'rejected') expect(each.reason.code).to.equal('customer-not-found');
      }
      expect((await db('customers').where({ id }))[0]).to.include({ notes: null });
      expect(JSON.stringify(await db('audit_log').where({ customer_id: id }))).not.to.contain('outlives');
    }
  });

  it('wait no longer than the time limit for a lock that a stranger keeps, and can try again', async () => {
    const [a, b] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, points('earn', a, 5));
    const stranger = await strangerWith('for key share', a);
    for (const attempt of [() => merge(db, b, a), () => eraseCustomer(db, a, an_actor)]) {
      expect(isStorageFault(await failureOf(attempt()))).to.equal(true);
    }
    await stranger.commit();
    expect((await merge(db, b, a)).points_balance).to.equal(5);
  });
});
