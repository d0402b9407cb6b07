// Merging two records of one person: what moves, what stays, and that the ledger proves it.

import { randomUUID } from 'node:crypto';
import {
  applyPending,
  type Database,
  eraseCustomer,
  listCustomers,
  listTransactions,
  mergeCustomers,
  readAccounts,
  readCustomer,
  readMergedInto,
  readTransaction,
  summarise,
  updateCustomer,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import {
  accept,
  addCustomer,
  addCustomers,
  an_actor,
  auditAll,
  failureOf,
  points,
  purchase,
  readLedger,
  timeless,
} from './fixtures.ts';

let database: TestDatabase;
let db: Database;

describe('merging customers', () => {
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(async () => {
    expect((await auditAll(db)).differences).to.deep.equal([]);
    await database.drop();
  });

  describe('moves points', pointsMove);
  describe('moves the profile', profileMoves);
  describe('leaves the old id', oldId);
  describe('is refused', refusals);
});

const merge = (target_id: string, source_id: string) =>
  mergeCustomers(db, { target_id, source_id, transfer_ids: { out: randomUUID(), in: randomUUID() }, actor: an_actor });

const accountOf = async (id: string) => (await readAccounts(db, [id]))[0];
const rowsOf = async (id: string) => (await readLedger(db)).filter((row) => row.customer_id === id);

function pointsMove() {
  it('by two lines of the ledger, from which both accounts follow', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, purchase(target, 30_000), points('redeem', target, 50));
    await accept(db, purchase(source, 25_000), purchase(source, 100), points('redeem', source, 51));
    const merged = await merge(target, source);
    expect(merged).to.deep.include({
      ...{ id: target, points_balance: 250 + 200, lifetime_points_earned: 300 + 251 },
      ...{ lifetime_points_redeemed: 50 + 51, total_spent_minor: 55_100, visits_count: 3, tier: 'silver', sequence: 3 },
    });
    expect(await accountOf(source)).to.deep.include({
      ...{ points_balance: 0, lifetime_points_earned: 0, lifetime_points_redeemed: 0, total_spent_minor: 0 },
      ...{ visits_count: 0, tier: 'bronze', sequence: 4 },
    });
    const [out] = (await rowsOf(source)).slice(-1);
    expect(out).to.deep.include({
      ...{ type: 'transfer_out', status: 'applied', points: 200, amount_minor: 25_100, currency: null, visits: 2 },
      ...{ balance_after: 0, source: 'merge', external_reference: target },
    });
    const [into] = (await rowsOf(target)).slice(-1);
    expect(into).to.deep.include({
      ...{ type: 'transfer_in', status: 'applied', points: 200, amount_minor: 25_100, currency: null, visits: 2 },
      ...{ balance_after: 450, source: 'merge', external_reference: source },
    });
  });

  it('with what was accepted for either, applied first, whatever the backlog', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, ...Array.from({ length: 2_100 }, () => points('earn', source, 1)), points('earn', target, 5));
    const merged = await merge(target, source);
    expect(merged.points_balance).to.equal(2_105);
    expect((await readLedger(db)).filter((row) => row.status === 'pending')).to.deep.equal([]);
  });

  it('though one of them, or both, are suspended', async () => {
    const [target, source] = [await addCustomer(db), await addCustomer(db)];
    await accept(db, purchase(source, 1_000));
    await applyPending(db, [source]);
    for (const id of [target, source])
      await updateCustomer(db, { id, changes: { status: 'suspended' }, actor: an_actor });
    await accept(db, points('earn', source, 1_000));
    expect(await merge(target, source)).to.include({ points_balance: 10, status: 'suspended' });
  });

  it('of a source that never had any, as lines of nothing', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    expect(await merge(target, source)).to.include({ points_balance: 0, visits_count: 0, sequence: 1 });
  });

  it('and no figure of the business with them', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, purchase(target, 30_000), purchase(source, 12_345), points('redeem', source, 23));
    await applyPending(db, [target, source]);
    const period = { date_from: '2000-01-01' };
    const before_merge = [await summarise(db, {}), await summarise(db, period)];
    await merge(target, source);
    const after_merge = [await summarise(db, {}), await summarise(db, period)];
    for (const [index, { points: sums, spend, customers }] of after_merge.entries()) {
      const old = before_merge[index] as (typeof after_merge)[0];
      expect(sums).to.deep.equal(old.points);
      const { customers: buyers, average_per_customer_minor: average, ...rest } = old.spend;
      expect(spend).to.deep.include(rest);
      expect(spend.customers, 'two buyers are one').to.equal(buyers - 1);
      expect(spend.average_per_customer_minor).to.be.above(average);
      expect(customers.total).to.equal(old.customers.total - 1);
    }
  });

  it('from one to the next, and the last holds them all', async () => {
    const [a, b, c] = (await addCustomers(db, 3)) as [string, string, string];
    await accept(db, points('earn', a, 1), points('earn', b, 10), points('earn', c, 100));
    await merge(b, a);
    expect(await merge(c, b)).to.include({ points_balance: 111, lifetime_points_earned: 111 });
  });
}

function profileMoves() {
  it('into the gaps of the other, what is unique included', async () => {
    const target = await addCustomer(db, { tags: ['a'], notes: 'mine' });
    const contacts = { email: 'moves@example.com', phone: '+15550001111', external_id: 'crm-moves' };
    const source = await addCustomer(db, { ...contacts, tags: ['b'], notes: 'theirs', date_of_birth: '1990-01-01' });
    const before_merge = await readCustomer(db, target);
    const merged = await merge(target, source);
    expect(merged).to.deep.include({
      ...contacts,
      tags: ['a', 'b'],
      notes: 'mine',
      date_of_birth: '1990-01-01',
      version: 2,
    });
    expect(merged).to.deep.include({ id: target, first_name: 'Ada', created_at: before_merge?.created_at });
    expect(timeless(await readCustomer(db, target))).to.deep.equal(timeless(merged));
  });

  it('and leaves nothing of the person under the old id', async () => {
    const target = await addCustomer(db);
    const source = await addCustomer(db, { email: 'leaves@example.com', notes: 'n', addresses: [] });
    await merge(target, source);
    const [row] = await db('customers').where({ id: source });
    expect(row).to.deep.include({
      ...{ merged_into: target, erased_at: null, first_name: '', last_name: '', email: null, notes: null, version: 2 },
      ...{ preferences: {}, tags: [], addresses: [], metadata: {} },
    });
  });
}

function oldId() {
  it('known as another name of the target, whatever was merged into it in turn', async () => {
    const [a, b, c, d] = (await addCustomers(db, 4)) as [string, string, string, string];
    await merge(b, a);
    await merge(c, b);
    expect(await readMergedInto(db, [a, b, c, d, randomUUID()])).to.deep.equal(
      new Map([
        [a, c],
        [b, c],
      ]),
    );
    await merge(d, c);
    expect(await readMergedInto(db, [a, b, c])).to.deep.equal(new Map([a, b, c].map((id) => [id, d])));
  });

  it('out of lists, reads and changes', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, points('earn', source, 1));
    await merge(target, source);
    expect(await readCustomer(db, source)).to.equal(undefined);
    expect((await listCustomers(db, { limit: 200 })).customers.map((row) => row.id))
      .to.include(target)
      .and.not.include(source);
    expect(await listTransactions(db, { customer_id: source, order: 'desc', limit: 10 })).to.deep.equal([]);
    const change = { id: source, changes: { notes: 'x' }, actor: an_actor };
    expect(await failureOf(updateCustomer(db, change))).to.have.property('code', 'customer-not-found');
  });

  it('with its transactions, one by one, readable under the new id', async () => {
    const [target, source, stranger] = (await addCustomers(db, 3)) as [string, string, string];
    const [row] = await accept(db, points('earn', source, 1));
    await merge(target, source);
    const id = row?.id as string;
    expect(await readTransaction(db, target, id)).to.include({ id, customer_id: source, status: 'applied' });
    expect(await readTransaction(db, source, id)).to.equal(undefined);
    expect(await readTransaction(db, stranger, id)).to.equal(undefined);
  });

  it('erased along with the target, and gone for good then', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await merge(target, source);
    expect(await failureOf(eraseCustomer(db, source, an_actor))).to.have.property('code', 'customer-not-found');
    await eraseCustomer(db, target, an_actor);
    expect(await readMergedInto(db, [source])).to.deep.equal(new Map());
    await eraseCustomer(db, source, an_actor);
  });
}

function refusals() {
  const state = () =>
    Promise.all(
      ['customers', 'loyalty_accounts', 'loyalty_transactions', 'audit_log'].map((table) => db(table).orderBy(1)),
    );

  /** Sees that it is refused as `code`, and that nothing is another afterwards. */
  async function refused(target: string, source: string, code: string): Promise<void> {
    const before_try = await state();
    expect(await failureOf(merge(target, source))).to.have.property('code', code);
    expect(await state()).to.deep.equal(before_try);
  }

  it('for a customer that there is not, on either side', async () => {
    const id = await addCustomer(db);
    await refused(id, randomUUID(), 'customer-not-found');
    await refused(randomUUID(), id, 'customer-not-found');
  });

  it('for one that was erased, on either side', async () => {
    const [id, gone] = (await addCustomers(db, 2)) as [string, string];
    await eraseCustomer(db, gone, an_actor);
    await refused(id, gone, 'customer-not-found');
    await refused(gone, id, 'customer-not-found');
  });

  it('from one that lives on as somebody else, and into one that does', async () => {
    const [a, b, c] = (await addCustomers(db, 3)) as [string, string, string];
    await merge(b, a);
    await refused(c, a, 'customer-merged');
    await refused(a, c, 'customer-not-found');
    await refused(a, b, 'customer-not-found');
  });

  it('when a list would have more items than a profile may have', async () => {
    const many = (name: string) => Array.from({ length: 30 }, (_, index) => `${name} ${index}`);
    const [target, source] = [await addCustomer(db, { tags: many('t') }), await addCustomer(db, { tags: many('s') })];
    await accept(db, points('earn', source, 1));
    await applyPending(db, [source]);
    await refused(target, source, 'value-refused');
  });

  it('when the sums would be larger than can be counted exactly', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, points('earn', target, Number.MAX_SAFE_INTEGER), points('earn', source, 1));
    await applyPending(db, [target, source]);
    await refused(target, source, 'value-refused');
    // So that the database of this file adds up in 53 bits.
    await accept(db, points('redeem', target, Number.MAX_SAFE_INTEGER));
    await applyPending(db, [target]);
  });

  it('not when it was done before: then it is answered, and nothing is written again', async () => {
    const [target, source] = (await addCustomers(db, 2)) as [string, string];
    await accept(db, points('earn', source, 7));
    const first = timeless(await merge(target, source));
    const before_again = await state();
    expect(timeless(await merge(target, source))).to.deep.equal(first);
    expect(await state()).to.deep.equal(before_again);
  });
}
