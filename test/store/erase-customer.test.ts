// Erasure: nothing that says who it was is left in any table, and the ledger adds up to the byte as before.

import { randomUUID } from 'node:crypto';
import {
  acceptTransactions,
  applyPending,
  type Database,
  eraseCustomer,
  listCustomers,
  listDuplicates,
  listTransactions,
  mergeCustomers,
  readCustomer,
  readMergedInto,
  readTransaction,
  summarise,
  updateCustomer,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import {
  a_profile,
  accept,
  addCustomer,
  an_actor,
  aTransaction,
  auditAll,
  failureOf,
  points,
  purchase,
  readLedger,
  timeless,
  wordOf,
} from './fixtures.ts';
import { markedProfile } from './marked-profile.ts';

let database: TestDatabase;
let db: Database;

describe('erasing a customer', () => {
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  describe('takes the person', person);
  describe('keeps the ledger', ledger);
  describe('is final', final);
});

const erase = (id: string) => eraseCustomer(db, id, an_actor);

const WORDS = ['order_id', 'source', 'external_reference', 'description', 'idempotency_key'] as const;

/** Every table of every schema, the queue's included, as text. */
async function dump(): Promise<Map<string, string>> {
  const tables = await db('pg_tables').whereNotIn('schemaname', ['pg_catalog', 'information_schema']);
  const texts = new Map<string, string>();
  for (const { schemaname, tablename } of tables) {
    const { rows } = await db.raw(`select coalesce(string_agg(t::text, E'\\n'), '') as text from ??.?? as t`, [
      schemaname,
      tablename,
    ]);
    texts.set(`${schemaname}.${tablename}`, rows[0].text);
  }
  return texts;
}

function person() {
  const marks: string[] = [];
  const mark = (name: string) => {
    marks.push(`mark-${name.replaceAll('_', '-')}-${marks.length}`);
    return marks.at(-1) as string;
  };
  let id: string;
  let source: string;

  before(async () => {
    id = await addCustomer(db, markedProfile(mark));
    const words = () => Object.fromEntries(WORDS.map((word) => [word, mark(word)]));
    await accept(db, purchase(id, 12_345, words()), points('redeem', id, 5, words()));
    // Of what was changed, the audit log knows the old values.
    await updateCustomer(db, {
      id,
      changes: { notes: mark('notes'), first_name: mark('first_name') },
      actor: an_actor,
    });
    await updateCustomer(db, {
      id,
      changes: { metadata: { k: mark('metadata') } },
      actor: { ...an_actor, reason: mark('reason') },
    });
    // Another record of the same person, which was merged into this one.
    source = await addCustomer(db, { ...markedProfile(mark), phone: '+4475550999999', alternate_phone: null });
    await accept(db, purchase(source, 500, words()));
    const transfer_ids = { out: randomUUID(), in: randomUUID() };
    await mergeCustomers(db, {
      target_id: id,
      source_id: source,
      transfer_ids,
      actor: { ...an_actor, reason: mark('reason') },
    });
    await accept(db, points('earn', id, 1, words()));
    marks.push('4475550123456', '4475550654321', '4475550999999', '1815-12-10', 'cy-marker01');
  });

  it('out of every table, though every field and every text of the ledger had held a word', async () => {
    const before_erasure = [...(await dump()).values()].join('\n');
    const planted = marks.filter((word) => before_erasure.includes(word));
    expect(planted, 'all are there to be found').to.deep.equal(marks);
    expect(marks).to.have.length.above(60);

    await erase(id);
    const texts = await dump();
    expect(texts.get('public.customers')).to.contain(id);
    expect(texts.get('public.loyalty_transactions')).to.contain(id);
    const left = [...texts].flatMap(([table, text]) =>
      marks.filter((word) => text.includes(word)).map((word) => `${table}: ${word}`),
    );
    expect(left).to.deep.equal([]);
  });

  it('out of every column of the profile: a column that is added has to be thought of', async () => {
    const KEPT = ['id', 'status', 'version', 'created_at', 'updated_at', 'erased_at', 'merged_into'];
    for (const row of await db('customers').whereIn('id', [id, source])) {
      for (const [column, value] of Object.entries(row)) {
        if (KEPT.includes(column)) continue;
        const empty =
          value === null ||
          String(value).trim() === '' ||
          (typeof value === 'object' && Object.keys(value as object).length === 0);
        expect(empty, `${column} is ${JSON.stringify(value)}`).to.equal(true);
      }
    }
  });

  it('with everybody who was merged into it', async () => {
    expect(await db('customers').whereIn('id', [id, source]).whereNotNull('erased_at')).to.have.length(2);
    expect(await readMergedInto(db, [id, source])).to.deep.equal(new Map());
  });

  it('out of every answer', async () => {
    const row = (await readLedger(db)).find((each) => each.customer_id === id);
    expect(await readCustomer(db, id)).to.equal(undefined);
    expect(await listTransactions(db, { customer_id: id, order: 'desc', limit: 10 })).to.deep.equal([]);
    expect(await readTransaction(db, id, row?.id as string)).to.equal(undefined);
    for (const filter of [{}, { search: 'mark' }, { status: 'inactive' }, { tier: 'bronze' }]) {
      const found = await listCustomers(db, { ...filter, limit: 100 });
      expect(found.customers.map((customer) => customer.id)).not.to.include(id);
    }
    expect((await listDuplicates(db, { limit: 100 })).pairs).to.deep.equal([]);
  });

  it('leaving its contacts to whoever has them next', async () => {
    await addCustomer(db, { email: 'next@example.com', phone: '+4475550123456' });
  });
}

function ledger() {
  const FIGURES =
    'id, position, customer_id, type, status, points, amount_minor, currency, visits, balance_after, sequence, occurred_at, accepted_at, accepted_from, rejection_code';

  it('as it was to the byte, once what waited is applied', async () => {
    const id = await addCustomer(db);
    await accept(
      db,
      purchase(id, 60_000, { description: 'birthday of Ada' }),
      points('redeem', id, 100),
      points('redeem', id, 9_999),
    );
    await accept(db, purchase(id, 100));
    const other = await addCustomer(db);
    await accept(db, purchase(other, 700, { description: 'stays' }));
    await applyPending(db, [id, other]);
    const figures = async () =>
      (
        await db.raw(
          `select string_agg(t::text, E'\\n' order by position) as text from (select ${FIGURES}, applied_at from loyalty_transactions) t`,
        )
      ).rows[0].text;
    const accounts = () =>
      db('loyalty_accounts')
        .select(db.raw('to_jsonb(loyalty_accounts) - ? as account', ['closed_at']))
        .orderBy('customer_id');
    const sums = async () => {
      const { points: sum, spend } = await summarise(db, {});
      return { sum, spend };
    };
    const before_erasure = { figures: await figures(), accounts: await accounts(), sums: await sums() };
    await erase(id);
    expect({ figures: await figures(), accounts: await accounts(), sums: await sums() }).to.deep.equal(before_erasure);
    expect((await auditAll(db)).differences).to.deep.equal([]);
    expect(
      (await readLedger(db)).filter((row) => row.customer_id === other).map((row) => row.description),
    ).to.deep.equal(['stays']);
  });

  it('with what was accepted before, applied first', async () => {
    const id = await addCustomer(db);
    await accept(db, ...Array.from({ length: 4_500 }, () => points('earn', id, 1)), points('redeem', id, 4_501));
    await erase(id);
    const rows = (await readLedger(db)).filter((row) => row.customer_id === id);
    expect(rows.filter((row) => row.status === 'applied')).to.have.length(4_500);
    expect(rows.filter((row) => row.rejection_code === 'insufficient-points')).to.have.length(1);
    expect(rows.filter((row) => (row as { idempotency_key?: string }).idempotency_key !== row.id)).to.deep.equal([]);
    expect((await auditAll(db)).differences).to.deep.equal([]);
  });

  it('in the numbers of the business, while the customer is counted no more', async () => {
    const id = await addCustomer(db);
    await accept(db, purchase(id, 10_000));
    await applyPending(db, [id]);
    const before_erasure = await summarise(db, {});
    await erase(id);
    const after_erasure = await summarise(db, {});
    expect(after_erasure.points).to.deep.equal(before_erasure.points);
    expect(after_erasure.spend).to.deep.equal(before_erasure.spend);
    const { total, by_status, by_tier } = after_erasure.customers;
    expect(total).to.equal(before_erasure.customers.total - 1);
    expect(Object.values(by_status).reduce((a, b) => a + b)).to.equal(total);
    expect(Object.values(by_tier).reduce((a, b) => a + b)).to.equal(total);
  });
}

function final() {
  it('and does nothing the second time, not even a row in the audit log', async () => {
    const id = await addCustomer(db);
    await erase(id);
    const state = () => Promise.all([db('customers').where({ id }), db('audit_log').where({ customer_id: id })]);
    const first = await state();
    await Promise.all([erase(id), erase(id)]);
    expect(await state()).to.deep.equal(first);
  });

  it('once, however many ask at once', async () => {
    const id = await addCustomer(db);
    await accept(db, points('earn', id, 3));
    await Promise.all(Array.from({ length: 8 }, () => erase(id)));
    expect(await db('audit_log').where({ customer_id: id, action: 'customer.erased' })).to.have.length(1);
  });

  it('needs a customer', async () => {
    expect(await failureOf(erase(randomUUID()))).to.have.property('code', 'customer-not-found');
  });

  it('and nothing is accepted or changed any more, nor answered to a retry', async () => {
    const id = await addCustomer(db);
    const item = aTransaction(id);
    await accept(db, item);
    await erase(id);
    const answers = await acceptTransactions(db, [aTransaction(id), { ...item, id: randomUUID() }]);
    expect(answers.map(wordOf)).to.deep.equal(['customer-not-found', 'customer-not-found']);
    const change = { id, changes: { notes: 'back' }, actor: an_actor };
    expect(await failureOf(updateCustomer(db, change))).to.have.property('code', 'customer-not-found');
    expect((await db('customers').where({ id }))[0]).to.include({ notes: null, first_name: '' });
  });

  it('for one customer: another of the same name stays as it is', async () => {
    const [id, other] = [await addCustomer(db), await addCustomer(db, { notes: 'mine' })];
    const before_erasure = timeless(await readCustomer(db, other));
    await erase(id);
    expect(timeless(await readCustomer(db, other)))
      .to.deep.equal(before_erasure)
      .and.to.deep.include({ ...a_profile, notes: 'mine' });
  });
}
