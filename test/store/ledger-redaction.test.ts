// The one exception from "a decided row is never changed": the texts of an erased customer, all of them and nothing else.

import { applyPending, type Database } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomer, failureOf, points, purchase, readLedger } from './fixtures.ts';

describe('the texts of the ledger', () => {
  let database: TestDatabase;
  let db: Database;
  const words = { order_id: 'o', source: 's', external_reference: 'r', description: 'd' };
  const redaction = `idempotency_key = id::text, fingerprint = '', order_id = null, source = null, external_reference = null, description = null`;
  let open: string;
  let gone: string;
  before(async () => {
    database = await createDatabase();
    db = database.db;
    [open, gone] = [await addCustomer(db), await addCustomer(db)];
    for (const id of [open, gone]) await accept(db, purchase(id, 100, words));
    await applyPending(db, [open, gone]);
    await accept(db, points('earn', gone, 3, { description: 'pending' }));
    await db('customers')
      .where({ id: gone })
      .update({ erased_at: db.raw('now()') });
  });

  const decided = () => `where customer_id = '${gone}' and status = 'applied'`;
  const refusals: [string, () => string][] = [
    [
      'of a customer who is not erased',
      () => `update loyalty_transactions set ${redaction} where customer_id = '${open}'`,
    ],
    [
      'of a row that is pending',
      () => `update loyalty_transactions set ${redaction} where customer_id = '${gone}' and status = 'pending'`,
    ],
    [
      'that leaves another word in their place',
      () =>
        `update loyalty_transactions set ${redaction.replace('description = null', `description = 'x'`)} ${decided()}`,
    ],
    [
      'that leaves one of them',
      () => `update loyalty_transactions set ${redaction.replace(', description = null', '')} ${decided()}`,
    ],
    [
      'that makes up a key',
      () => `update loyalty_transactions set ${redaction.replace('id::text', `'x'`)} ${decided()}`,
    ],
    ...[
      'points = points + 1',
      'amount_minor = amount_minor + 1',
      `type = 'redeem'`,
      'balance_after = 0',
      'sequence = 9',
      'visits = 1',
      `accepted_from = 'x'`,
      'occurred_at = now()',
      'applied_at = now()',
    ].map((more): [string, () => string] => [
      `that changes ${more} as well`,
      () => `update loyalty_transactions set ${redaction}, ${more} ${decided()}`,
    ]),
    ['that deletes the row', () => `delete from loyalty_transactions ${decided()}`],
  ];
  for (const [what, sql] of refusals) {
    it(`refuses an update ${what}`, async () => {
      const before_try = await readLedger(db);
      expect((await failureOf(db.raw(sql()))).code).to.equal('23001');
      expect(await readLedger(db)).to.deep.equal(before_try);
    });
  }

  it('takes the texts out of a decided row of an erased customer', async () => {
    expect((await db.raw(`update loyalty_transactions set ${redaction} ${decided()}`)).rowCount).to.equal(1);
  });
  after(() => database.drop());
});
