// Finding customers: pages that neither skip nor repeat, filters, and a search box that takes what people type.

import { type CustomerList, type Database, listCustomers, type Place } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { addCustomer, uuidOf } from './fixtures.ts';

describe('the list of customers', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  it('comes page by page, newest first, without a gap or a double while customers come in', async () => {
    const numbers = Array.from({ length: 30 }, (_, index) => 1_000 + index * 10);
    for (const number of numbers) await addCustomer(db, {}, uuidOf(number));
    const expected = numbers.map(uuidOf).reverse();
    const seen: string[] = [];
    let after: Place | undefined;
    for (let round = 0; ; round += 1) {
      const { customers, next } = await listCustomers(db, { limit: 7, after });
      seen.push(...customers.map((row) => row.id));
      if (next === null) break;
      after = next;
      // One at the top, and one that another clock puts in the midst of what has been read already.
      await addCustomer(db, {}, uuidOf(2_000 + round));
      await addCustomer(db, {}, uuidOf(1_281 + round));
    }
    expect(seen).to.deep.equal(expected);
  });
});

describe('the search for customers', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
    await addCustomer(db, {
      ...{ first_name: 'Ada', last_name: 'Lovelace', external_id: 'CRM-17', status: 'suspended' },
      ...{ email: 'ada@example.com', phone: '+442071234567' },
    });
    await addCustomer(db, {
      ...{ first_name: 'Grace', last_name: 'Hopper', alternate_email: 'amazing.grace@navy.example' },
      ...{ alternate_phone: '+12025550123' },
    });
    await addCustomer(db, { first_name: 'Zoë', last_name: 'ÅNGSTRÖM', email: 'zoe_100@example.com' });
    await addCustomer(db, { first_name: '100% Anne', last_name: 'back\\slash' });
    await db('loyalty_accounts')
      .update({ tier: 'gold' })
      .whereIn('customer_id', db('customers').select('id').where({ first_name: 'Grace' }));
  });
  after(() => database.drop());

  const found = async (filter: Partial<CustomerList>) =>
    (await listCustomers(db, { limit: 10, ...filter })).customers.map((row) => row.first_name).sort();

  const everyone = ['100% Anne', 'Ada', 'Grace', 'Zoë'];
  const searches: [string, string[]][] = [
    ['ada', ['Ada']],
    ['ADA LOVELACE', ['Ada']],
    ['lovelace ada', ['Ada']],
    ['  love   da  ', ['Ada']],
    ['ada hopper', []],
    ['Ada@Example.COM', ['Ada']],
    ['example.com', ['Ada', 'Zoë']],
    ['grace@navy', ['Grace']],
    ['crm-17', ['Ada']],
    ['+442071234567', ['Ada']],
    ['+44 20 7123 4567', ['Ada']],
    ['+44 (20) 7123-4567', ['Ada']],
    ['+44.20.7123.4567', ['Ada']],
    ['44 20 7123 4567', ['Ada']],
    ['20 7123', ['Ada']],
    ['4567', ['Ada']],
    ['ada 7123', ['Ada']],
    ['(202) 555-0123', ['Grace']],
    ['+442071234568', []],
    ['zoë', ['Zoë']],
    ['ZOË ångström', ['Zoë']],
    ['', everyone],
    ['   ', everyone],
    ['nobody', []],
    // What LIKE would take for a wildcard or an escape.
    ['%', ['100% Anne']],
    ['100%', ['100% Anne']],
    ['a%a', []],
    ['_', ['Zoë']],
    ['zoe_1', ['Zoë']],
    ['ad_', []],
    ['\\', ['100% Anne']],
    ['back\\slash', ['100% Anne']],
    ['\\%', []],
    // What SQL or the driver would take for something else.
    ["' or '1'='1", []],
    ['?', []],
    [':name', []],
    ['$1', []],
  ];
  for (const [search, names] of searches) {
    it(`finds ${names.join(' and ') || 'nobody'} for ${JSON.stringify(search)}`, async () => {
      expect(await found({ search })).to.deep.equal(names);
    });
  }

  const filters: [Partial<CustomerList>, string[]][] = [
    [{ status: 'suspended' }, ['Ada']],
    [{ status: 'inactive' }, []],
    [{ tier: 'gold' }, ['Grace']],
    [{ email: 'ada@example.com' }, ['Ada']],
    [{ email: 'ada@' }, []],
    [{ phone: '+442071234567' }, ['Ada']],
    [{ external_id: 'CRM-17' }, ['Ada']],
    [{ external_id: 'CRM' }, []],
    [{ status: 'active', search: 'example.com' }, ['Zoë']],
    [{ tier: 'bronze', status: 'active', search: 'a' }, ['100% Anne', 'Zoë']],
  ];
  for (const [filter, names] of filters) {
    it(`filters ${names.join(' and ') || 'nobody'} by ${JSON.stringify(filter)}`, async () => {
      expect(await found(filter)).to.deep.equal(names);
    });
  }
});
