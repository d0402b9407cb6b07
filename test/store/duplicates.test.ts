// The search for those who are here twice finds, by its keys, what comparing everybody with everybody finds; pages hold
// each pair once; and a key that thousands share keeps no page busy.

import {
  type Database,
  type DuplicatePair,
  eraseCustomer,
  listDuplicates,
  openDatabase,
} from '@customer-service/store';
import { expect } from 'chai';
import fc from 'fast-check';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { addCustomer, an_actor, uuidOf } from './fixtures.ts';

const city = (name: string) => ({
  ...{ label: null, street: null, city: name, state: null, postal_code: null, country: 'GB', is_primary: false },
});

/** Everybody against everybody, without a key and without an index. */
const NAIVE = `
  select n.id as newer_id, o.id as older_id
    from customers n join customers o on o.id < n.id
   where n.erased_at is null and o.erased_at is null and n.merged_into is null and o.merged_into is null
     and (array_remove(array[n.phone, n.alternate_phone], null) && array[o.phone, o.alternate_phone]
       or array_remove(array[mailbox_name(n.email), mailbox_name(n.alternate_email)], null)
            && array[mailbox_name(o.email), mailbox_name(o.alternate_email)]
       or similarity(full_name(n.first_name, n.last_name), full_name(o.first_name, o.last_name)) >= 0.5
          and (n.date_of_birth = o.date_of_birth or cities(n.addresses) && cities(o.addresses)))
   order by n.id desc, o.id desc`;

const person = fc.record({
  first_name: fc.constantFrom('Jon', 'John', 'Johanna', 'Anna', 'Ana', 'Smith'),
  last_name: fc.constantFrom('Smith', 'Smyth', 'Smithson', 'John', 'van der Berg'),
  date_of_birth: fc.option(fc.constantFrom('1990-01-01', '1990-01-02')),
  alternate_phone: fc.option(fc.constantFrom('+442071234567', '+442071234568'), { freq: 1 }),
  alternate_email: fc.option(fc.constantFrom('j.smith+news@example.com', 'jsmith@example.org', 'a@example.org')),
  addresses: fc.array(fc.constantFrom('London', 'LONDON', 'York').map(city), { maxLength: 2 }),
});

const keysOf = (pairs: DuplicatePair[]) =>
  pairs.map(({ customers: [newer, older] }) => ({ newer_id: newer.id, older_id: older.id }));

async function readAll(db: Database, limit: number): Promise<DuplicatePair[]> {
  const found: DuplicatePair[] = [];
  for (let after: Parameters<typeof listDuplicates>[1]['after']; ; ) {
    const { pairs, next } = await listDuplicates(db, { limit, after });
    found.push(...pairs);
    if (next === null) return found;
    after = next;
  }
}

describe('the search for duplicates', () => {
  let database: TestDatabase;
  let db: Database;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
  });
  afterEach(() => database.drop());

  it('finds what comparing everybody with everybody finds, on pages of any size', async function () {
    this.timeout(180_000);
    // Few enough that no key is shared by more than are looked at.
    const people = fc.sample(person, { numRuns: 70, seed: 7 });
    for (const [index, profile] of people.entries()) {
      const phone = index % 9 === 0 ? `+44207123456${index % 10}` : null;
      const email = index % 5 === 0 ? `${['a', 'jsmith', 'b'][index % 3]}@mail${index}.example` : null;
      await addCustomer(db, { ...profile, phone: phone && `${phone}${index}`, email }, uuidOf(index + 1));
    }
    await addCustomer(db, { phone: '+442071234567' }, uuidOf(500));
    await eraseCustomer(db, uuidOf(3), an_actor);
    const expected = (await db.raw(NAIVE)).rows;
    expect(expected).to.have.length.above(500);
    for (const limit of [200, 31]) expect(keysOf(await readAll(db, limit))).to.deep.equal(expected);
  });

  it('says why, the newer record first', async () => {
    const [older, newer] = [uuidOf(1), uuidOf(2)];
    const shared = { date_of_birth: '1990-01-01', addresses: [city('York')] };
    await addCustomer(db, { ...shared, first_name: 'John', last_name: 'Smith', phone: '+442071234567' }, older);
    await addCustomer(
      db,
      { ...shared, first_name: 'Jon', last_name: 'Smith', alternate_phone: '+442071234567' },
      newer,
    );
    const { pairs } = await listDuplicates(db, { limit: 5 });
    expect(pairs.map((pair) => [pair.score, pair.reasons])).to.deep.equal([
      [96, ['same-phone', 'similar-name', 'same-birthday', 'same-city']],
    ]);
    expect(keysOf(pairs)).to.deep.equal([{ newer_id: newer, older_id: older }]);
  });

  it('is not kept busy by what thousands share, and still finds the newest of them', async () => {
    // One birthday, one city, one mailbox name and one family name for all of them.
    await db.raw(`
      insert into customers (id, first_name, last_name, email, date_of_birth, addresses, preferences)
      select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'Name' || md5(n::text), 'Smith',
             'info@mail' || n || '.example', '1900-01-01', '[{"city": "York"}]', '{}' from generate_series(1, 5000) as n;
      analyze customers`);
    // A connection of its own, because each tells what it read only when it is asked to.
    const reader = openDatabase({ url: database.url, pool_max: 1, application_name: 'test' });
    const before = await countRead(reader);
    const { pairs } = await listDuplicates(reader, { limit: 200 });
    const read = (await countRead(reader)) - before;
    await reader.destroy();
    expect(pairs).to.have.length(200);
    expect(pairs.slice(0, 3).map(({ customers: [newer, older] }) => [newer.id, older.id])).to.deep.equal([
      [uuidOf(5_000), uuidOf(4_999)],
      [uuidOf(5_000), uuidOf(4_998)],
      [uuidOf(5_000), uuidOf(4_997)],
    ]);
    // 50 records, each against a few hundred: far from 50 × 5,000.
    console.log(read);
    expect(read)
      .to.be.above(200)
      .and.below(50 * 1_000);
  });
});

/** Rows of customers that were read so far, by whatever way. */
async function countRead(reader: Database): Promise<number> {
  await reader.raw('select pg_stat_force_next_flush()');
  const sql = `select seq_tup_read + idx_tup_fetch as read from pg_stat_user_tables where relname = 'customers'`;
  return Number((await reader.raw(sql)).rows[0].read);
}
