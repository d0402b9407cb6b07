// Acceptance: a batch in one statement, where each item gets an answer of its own and a retry finds its first row.

import { randomUUID } from 'node:crypto';
import { DomainError } from '@customer-service/domain';
import { acceptTransactions, applyPending, type NewTransaction, openDatabase } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import {
  accept,
  acceptedOf,
  addCustomer,
  addCustomers,
  aTransaction,
  failureOf,
  readLedger,
  wordOf,
} from './fixtures.ts';

describe('accepting transactions', () => {
  let database: TestDatabase;
  let customers: string[];
  const answer = (...items: NewTransaction[]) => acceptTransactions(database.db, items);
  const words = async (...items: NewTransaction[]) => (await answer(...items)).map(wordOf);

  before(async () => {
    database = await createDatabase();
  });
  beforeEach(async () => {
    customers = await addCustomers(database.db, 3);
  });
  after(() => database.drop());

  const rowsOf = async (...ids: string[]) =>
    (await readLedger(database.db)).filter((row) => ids.includes(row.customer_id));
  const first = () => customers[0] as string;
  const second = () => customers[1] as string;

  it('gives each customer’s rows positions in the order of the batch, and answers in that order', async () => {
    const items = Array.from({ length: 300 }, (_, index) => aTransaction(customers[(index * 7) % 3] as string));
    const answers = await answer(...items);
    const ids = items.map((item) => item.id);
    expect(answers.map((each) => acceptedOf(each).transaction.id)).to.deep.equal(ids);
    for (const customer of customers) {
      const own = items.filter((item) => item.customer_id === customer).map((item) => item.id);
      expect((await rowsOf(customer)).map((row) => row.id)).to.deep.equal(own);
    }
  });

  it('keeps what was sent, as a row that is pending', async () => {
    const sent = aTransaction(first(), {
      ...{ points: null, amount_minor: 12_345, currency: 'EUR', order_id: 'CA-1', source: 'till-3' },
      ...{
        external_reference: '{"a",\\b}',
        description: `Ada's "lunch", NULL`,
        occurred_at: '2026-01-02T03:04:05+02:00',
      },
    });
    const [transaction] = await accept(database.db, sent);
    const { idempotency_key, fingerprint, accepted_from, terms: _terms, ...visible } = sent;
    expect(transaction).to.deep.include({
      ...visible,
      ...{ occurred_at: '2026-01-02T01:04:05.000Z', status: 'pending', sequence: null },
      ...{ rejection_code: null, balance_after: null, applied_at: null },
    });
    const [stored] = await rowsOf(first());
    expect(stored).to.deep.include({ idempotency_key, fingerprint, accepted_from });
  });

  it('takes the moment of acceptance when nobody says when it happened', async () => {
    const [now] = await accept(database.db, aTransaction(first()));
    const apart = Date.parse(now?.accepted_at ?? '') - Date.parse(now?.occurred_at ?? '');
    expect(apart).to.be.within(0, 1_000);
  });

  it('answers the same key with the same row, and says that it is replayed', async () => {
    const item = aTransaction(first());
    const [original] = await accept(database.db, item);
    const [again] = await answer({ ...item, id: randomUUID() });
    expect(acceptedOf(again)).to.deep.equal({ transaction: original, replayed: true });
    expect(await rowsOf(first())).to.have.length(1);
  });

  it('shows a replay what has become of its transaction since', async () => {
    const item = aTransaction(first());
    await accept(database.db, item);
    await applyPending(database.db, [first()]);
    const [again] = await answer({ ...item, id: randomUUID() });
    expect(acceptedOf(again).transaction).to.deep.include({ id: item.id, status: 'applied', balance_after: 10 });
  });

  it('is not fooled by the same key twice in one batch', async () => {
    const item = aTransaction(first());
    const twin = { ...item, id: randomUUID() };
    const answers = await answer(item, aTransaction(second()), twin);
    expect(answers.map(wordOf)).to.deep.equal(['accepted', 'accepted', 'replayed']);
    expect(acceptedOf(answers[2]).transaction.id).to.equal(item.id);
    expect(await rowsOf(first())).to.have.length(1);
  });

  it('refuses a key that was used for another request, before or in the same batch', async () => {
    const item = aTransaction(first());
    const other = { ...item, id: randomUUID(), points: 11, fingerprint: Buffer.from('another') };
    expect(await words(item, other)).to.deep.equal(['accepted', 'idempotency-key-reused']);
    expect(await words({ ...other, id: randomUUID() })).to.deep.equal(['idempotency-key-reused']);
    expect((await rowsOf(first())).map((row) => row.points)).to.deep.equal([10]);
  });

  it("keeps a key to its customer: another's is another transaction", async () => {
    const key = { idempotency_key: 'receipt 17' };
    expect(await words(aTransaction(first(), key), aTransaction(second(), key))).to.deep.equal([
      'accepted',
      'accepted',
    ]);
  });

  it('lets an unknown customer fail alone', async () => {
    const items = [aTransaction(first()), aTransaction(randomUUID()), aTransaction(second())];
    expect(await words(...items)).to.deep.equal(['accepted', 'customer-not-found', 'accepted']);
    expect(await words(aTransaction(randomUUID()))).to.deep.equal(['customer-not-found']);
  });

  it('accepts one row however many ask for it at once', async () => {
    const item = aTransaction(first(), { source: 'till-3', external_reference: 'receipt 50' });
    const asked = Array.from({ length: 50 }, () => answer({ ...item, id: randomUUID() }));
    const answers = (await Promise.all(asked)).map(([only]) => acceptedOf(only));
    const rows = await rowsOf(first());
    expect(rows).to.have.length(1);
    expect(new Set(answers.map(({ transaction }) => transaction.id))).to.deep.equal(new Set([rows[0]?.id]));
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
  });

  it('says that nothing was written when there is no database to be had', async () => {
    const nowhere = openDatabase({ url: 'postgresql://127.0.0.1:1/none', pool_max: 1, application_name: 'test' });
    const failure = await failureOf(acceptTransactions(nowhere, [aTransaction(first())]));
    expect(failure).to.be.instanceOf(DomainError).and.to.have.property('code', 'storage-unavailable');
    await nowhere.destroy();
  });
});

describe('accepting a receipt that was resent under a new key', () => {
  let database: TestDatabase;
  let customer: string;
  before(async () => {
    database = await createDatabase();
    customer = await addCustomer(database.db);
  });
  after(() => database.drop());

  const receipt = { source: 'till-3', external_reference: 'receipt 1' };
  const another = { fingerprint: Buffer.from('another') };

  it('answers with the original', async () => {
    const [original] = await accept(database.db, aTransaction(customer, receipt));
    const [again] = await acceptTransactions(database.db, [aTransaction(customer, receipt)]);
    expect(acceptedOf(again)).to.deep.equal({ transaction: original, replayed: true });
  });

  it('answers with the original when both come in one batch', async () => {
    const twins = [1, 2].map(() => aTransaction(customer, { ...receipt, external_reference: 'receipt 2' }));
    const answers = await acceptTransactions(database.db, twins);
    expect(answers.map((each) => acceptedOf(each).transaction.id)).to.deep.equal([twins[0]?.id, twins[0]?.id]);
  });

  it('refuses other contents, and names the field', async () => {
    const [refusal] = await acceptTransactions(database.db, [aTransaction(customer, { ...receipt, ...another })]);
    expect(refusal).to.deep.include({ code: 'external-reference-reused' });
    expect((refusal as DomainError).errors.map((error) => error.pointer)).to.deep.equal(['/external_reference']);
  });

  it('is another transaction for another customer, type or source, and each finds its own again', async () => {
    const other = await addCustomer(database.db);
    const contents = [
      { customer_id: customer, type: 'earn', source: 'till-5' },
      { customer_id: customer, type: 'redeem', source: 'till-5' },
      { customer_id: customer, type: 'earn', source: 'till-6' },
      { customer_id: other, type: 'earn', source: 'till-5' },
    ];
    const send = () =>
      acceptTransactions(
        database.db,
        contents.map((each) => aTransaction(customer, { ...receipt, ...each })),
      );
    const first = (await send()).map(acceptedOf);
    const again = (await send()).map(acceptedOf);
    expect(first.map(({ replayed }) => replayed)).to.deep.equal([false, false, false, false]);
    expect(again).to.deep.equal(first.map((each) => ({ ...each, replayed: true })));
  });

  it('needs both the source and the reference', async () => {
    const items = [
      ...[1, 2].map(() => aTransaction(customer, { source: 'till-3' })),
      ...[1, 2].map(() => aTransaction(customer, { external_reference: 'receipt 3' })),
    ];
    expect((await acceptTransactions(database.db, items)).map(wordOf)).to.deep.equal(Array(4).fill('accepted'));
  });
});

describe('accepting a batch with one bad row', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  const bad: [string, Partial<NewTransaction>][] = [
    ['points that no bigint holds', { points: 1e19 }],
    ['points that are no whole number', { points: 1.5 }],
    ['negative points', { points: -1 }],
    ['a NUL in a text', { description: 'a\0b' }],
    ['an amount of nothing', { points: null, amount_minor: 0, currency: 'USD' }],
    ['an amount without a currency', { points: null, amount_minor: 1 }],
    ['neither points nor an amount', { points: null }],
    ['a type that there is not', { type: 'gift' }],
    ['a day that there is not', { occurred_at: '2026-02-30T00:00:00Z' }],
    ['a customer id that is none', { customer_id: 'ada' }],
  ];
  for (const [what, fields] of bad) {
    it(`refuses that row alone: ${what}`, async () => {
      const customer = await addCustomer(database.db);
      const [before, after] = [aTransaction(customer), aTransaction(customer)];
      const answers = await acceptTransactions(database.db, [before, aTransaction(customer, fields), after]);
      expect(answers.map(wordOf)).to.deep.equal(['accepted', 'value-refused', 'accepted']);
      const rows = (await readLedger(database.db)).filter((row) => row.customer_id === customer);
      expect(rows.map((row) => row.id)).to.deep.equal([before.id, after.id]);
    });
  }
});
