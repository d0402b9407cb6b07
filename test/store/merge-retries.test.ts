// Merging and retrying: a key and a receipt that were accepted before a merge are known after it.

import { randomUUID } from 'node:crypto';
import { acceptTransactions, type Database, mergeCustomers, readAccounts } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, acceptedOf, addCustomers, an_actor, aTransaction, auditAll, readLedger, wordOf } from './fixtures.ts';

let database: TestDatabase;
let db: Database;

describe('after a merge', () => {
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(async () => {
    expect((await auditAll(db)).differences).to.deep.equal([]);
    await database.drop();
  });

  describe('knows a retry', retries);
});

const merge = (target_id: string, source_id: string) =>
  mergeCustomers(db, { target_id, source_id, transfer_ids: { out: randomUUID(), in: randomUUID() }, actor: an_actor });

const accountOf = async (id: string) => (await readAccounts(db, [id]))[0];
const _rowsOf = async (id: string) => (await readLedger(db)).filter((row) => row.customer_id === id);

function retries() {
  let target: string;
  let source: string;
  beforeEach(async () => {
    [target, source] = (await addCustomers(db, 2)) as [string, string];
  });

  it('of what was accepted before under the old id, and answers with that row under either id', async () => {
    const item = aTransaction(source);
    await accept(db, item);
    await merge(target, source);
    for (const customer_id of [source, target]) {
      const [answer] = await acceptTransactions(db, [{ ...item, id: randomUUID(), customer_id }]);
      expect(acceptedOf(answer)).to.have.property('replayed', true);
      expect(acceptedOf(answer).transaction).to.include({ id: item.id, customer_id: source, status: 'applied' });
    }
    expect(await accountOf(target)).to.include({ points_balance: 10 });
  });

  it('of a receipt that comes again under a new key and the new id', async () => {
    const receipt = { source: 'till-3', external_reference: 'receipt 1' };
    await accept(db, aTransaction(source, receipt));
    await merge(target, source);
    const same = aTransaction(target, receipt);
    const other = { ...aTransaction(target, receipt), fingerprint: Buffer.from('another') };
    const redeems = aTransaction(target, { ...receipt, type: 'redeem' });
    const answers = await acceptTransactions(db, [same, other, redeems]);
    expect(answers.map(wordOf)).to.deep.equal(['replayed', 'external-reference-reused', 'accepted']);
  });

  it('with other contents, and refuses it', async () => {
    const item = aTransaction(source);
    await accept(db, item);
    await merge(target, source);
    const changed = { ...item, id: randomUUID(), customer_id: target, fingerprint: Buffer.from('another') };
    expect((await acceptTransactions(db, [changed])).map(wordOf)).to.deep.equal(['idempotency-key-reused']);
  });

  it('and takes what is new under the new id only', async () => {
    await merge(target, source);
    const answers = await acceptTransactions(db, [aTransaction(source), aTransaction(target)]);
    expect(answers.map(wordOf)).to.deep.equal(['customer-not-found', 'accepted']);
  });
}
