// Customers: written with their account in one transaction, unique where they must be, changed field by field.

import { randomUUID } from 'node:crypto';
import type { CustomerProfile, DomainError } from '@customer-service/domain';
import { applyPending, type Database, insertCustomer, readCustomer, updateCustomer } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { a_profile, accept, addCustomer, an_actor, failureOf, purchase, timeless } from './fixtures.ts';

const ada: CustomerProfile = {
  external_id: 'crm-17',
  first_name: 'Ada',
  last_name: "O'Lovelace",
  email: 'ada@example.com',
  phone: '+442071234567',
  alternate_email: 'countess@example.com',
  alternate_phone: '+33140000000',
  addresses: [
    {
      ...{ label: 'home', street: "12 St James's Sq", city: 'London', state: null, postal_code: 'SW1Y 4LE' },
      ...{ country: 'GB', is_primary: true },
    },
  ],
  date_of_birth: '1815-12-10',
  gender: 'female',
  preferences: {
    dietary_restrictions: ['vegetarian', 'a "quoted", {odd} one\\'],
    allergies: [{ allergen: 'peanuts', severity: 'mild', noted_by: null, noted_at: '2026-01-02T03:04:05.678Z' }],
    consents: [],
    favorite_cuisines: [],
    preferred_payment_method: 'card',
    notification_channels: ['email'],
    marketing_consent: true,
    language: 'en',
  },
  status: 'active',
  tags: ['vip', 'a,b', '{}', 'NULL', ''],
  notes: 'two\nlines',
  referral_source: 'Babbage',
  metadata: { shoe_size: '38', empty: '' },
};

const taken: ['email' | 'phone' | 'external_id', string][] = [
  ['email', 'taken@example.com'],
  ['phone', '+15550000001'],
  ['external_id', 'taken-1'],
];

describe('a new customer', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  it('is read as it was written, with an account that is empty', async () => {
    const id = randomUUID();
    const created = await insertCustomer(db, { id, profile: ada, actor: an_actor });
    const { version, created_at, updated_at, as_of: _moment, ...rest } = created;
    expect(rest).to.deep.equal({
      ...{ id, ...ada, points_balance: 0, lifetime_points_earned: 0, lifetime_points_redeemed: 0 },
      ...{ points_held: 0, lifetime_points_expired: 0, lifetime_points_adjusted: 0, settles_at: null, state: {} },
      ...{ total_spent_minor: 0, visits_count: 0, last_visit_at: null, tier: 'bronze', sequence: 0, pending: [] },
    });
    expect(version).to.equal(1);
    expect(created_at)
      .to.equal(updated_at)
      .and.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(timeless(await readCustomer(db, id))).to.deep.equal(timeless(created));
  });

  it('is not written when its account can not be', async () => {
    await db.raw(`
      create function no_account() returns trigger language plpgsql as $$ begin raise exception 'no account'; end $$;
      create trigger no_account before insert on loyalty_accounts for each row execute function no_account()`);
    const id = randomUUID();
    expect((await failureOf(insertCustomer(db, { id, profile: a_profile, actor: an_actor }))).message).to.contain(
      'no account',
    );
    await db.raw('drop trigger no_account on loyalty_accounts');
    expect(await db('customers').where({ id })).to.deep.equal([]);
  });

  for (const [field, value] of taken) {
    it(`is refused when its ${field} is another's, and the refusal names the field`, async () => {
      await addCustomer(db, { [field]: value });
      const id = randomUUID();
      const profile = { ...a_profile, [field]: value };
      const failure = await failureOf(insertCustomer(db, { id, profile, actor: an_actor }));
      expect(failure).to.have.property('code', 'customer-exists');
      expect((failure as DomainError).errors.map((error) => error.pointer)).to.deep.equal([`/${field}`]);
      expect(await db('customers').where({ id })).to.deep.equal([]);
      expect(await db('loyalty_accounts').where({ customer_id: id })).to.deep.equal([]);
    });
  }

  it('may lack what must be unique, like others do', async () => {
    await addCustomer(db);
    await addCustomer(db);
  });

  it('is made once, however many ask for the same email at once', async () => {
    const asked = Array.from({ length: 20 }, () => addCustomer(db, { email: 'once@example.com' }));
    const answers = await Promise.allSettled(asked);
    expect(answers.filter((answer) => answer.status === 'fulfilled')).to.have.length(1);
    const codes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.code] : []));
    expect(new Set(codes)).to.deep.equal(new Set(['customer-exists']));
  });

  it('that there is not is undefined', async () => {
    expect(await readCustomer(db, randomUUID())).to.equal(undefined);
  });
});

describe('a change of a customer', () => {
  let database: TestDatabase;
  let db: Database;
  let id: string;
  beforeEach(async () => {
    id = await addCustomer(db, ada);
  });
  afterEach(() => db('customers').update({ email: null, phone: null, external_id: null }));
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  const read = async (customer: string) => timeless(await readCustomer(db, customer));
  const change = (changes: Partial<CustomerProfile>, ...expected_versions: number[]) =>
    updateCustomer(db, { id, changes, actor: an_actor, ...(expected_versions.length > 0 && { expected_versions }) });

  it('changes the fields that it names and leaves the others alone', async () => {
    const before = await read(id);
    const after = timeless(await change({ first_name: 'Augusta', email: null }));
    expect(after).to.deep.equal({
      ...before,
      ...{ first_name: 'Augusta', email: null, version: 2, updated_at: after?.updated_at },
    });
    // Asked of PostgreSQL, because two changes may fall into one millisecond.
    expect(await db('customers').where({ id }).whereRaw('updated_at > created_at')).to.have.length(1);
    expect(await read(id)).to.deep.equal(after);
  });

  it('merges preferences, one by one', async () => {
    const preferences = { allergies: [], language: null } as Partial<typeof ada.preferences> as typeof ada.preferences;
    const after = await change({ preferences });
    expect(after.preferences).to.deep.equal({ ...ada.preferences, allergies: [], language: null });
  });

  it('replaces lists and metadata as a whole', async () => {
    const { addresses, tags, metadata } = await change({ addresses: [], tags: ['new'], metadata: { shoe_size: '39' } });
    expect({ addresses, tags, metadata }).to.deep.equal({
      ...{ addresses: [], tags: ['new'], metadata: { shoe_size: '39' } },
    });
  });

  it('leaves other customers alone', async () => {
    const other = await addCustomer(db, { first_name: 'Grace' });
    const before = await read(other);
    await change({ first_name: 'Augusta' });
    expect(await read(other)).to.deep.equal(before);
  });

  it('does not touch the points, and points do not touch its version', async () => {
    await accept(db, purchase(id, 12_345));
    await applyPending(db, [id]);
    const after = await change({ status: 'inactive' }, 1);
    expect(after).to.deep.include({ version: 2, points_balance: 123, total_spent_minor: 12_345, visits_count: 1 });
  });

  it('is refused when the customer has moved on since, and changes nothing then', async () => {
    const before = timeless(await change({ first_name: 'Augusta' }, 1));
    expect(await failureOf(change({ first_name: 'Ada' }, 1))).to.have.property('code', 'version-mismatch');
    expect(await read(id)).to.deep.equal(before);
    expect((await change({ first_name: 'Ada' }, 2)).version).to.equal(3);
  });

  it('is made by one of many that expect the same version', async () => {
    const asked = Array.from({ length: 10 }, (_, index) => change({ notes: `of ${index}` }, 1));
    const answers = await Promise.allSettled(asked);
    const made = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.notes] : []));
    expect(made).to.have.length(1);
    expect(await readCustomer(db, id)).to.deep.include({ version: 2, notes: made[0] });
  });

  it('that asks for no version loses none of many at once', async () => {
    const names = ['notes', 'gender', 'referral_source', 'first_name', 'last_name'] as const;
    await Promise.all(names.map((name) => change({ [name]: 'changed' })));
    const expected = Object.fromEntries(names.map((name) => [name, 'changed']));
    expect(await readCustomer(db, id)).to.deep.include({ version: 6, ...expected });
  });

  for (const [field, value] of taken) {
    it(`is refused when the new ${field} is another's, and changes nothing then`, async () => {
      await addCustomer(db, { [field]: value });
      const before = await read(id);
      const failure = await failureOf(change({ first_name: 'Augusta', [field]: value }));
      expect(failure).to.have.property('code', 'customer-exists');
      expect((failure as DomainError).errors.map((error) => error.pointer)).to.deep.equal([`/${field}`]);
      expect(await read(id)).to.deep.equal(before);
    });
  }

  it('may name what the customer has already', async () => {
    expect((await change({ email: ada.email, phone: ada.phone })).version).to.equal(2);
  });

  it('needs a customer', async () => {
    const change = { id: randomUUID(), changes: { first_name: 'Ada' }, actor: an_actor };
    const failure = await failureOf(updateCustomer(db, change));
    expect(failure).to.have.property('code', 'customer-not-found');
  });
});
