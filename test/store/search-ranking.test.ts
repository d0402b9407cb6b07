// The search box: who comes first, what it forgives, that it knows at once what was written, and that nobody who has
// gone stays behind in its words.

import { randomUUID } from 'node:crypto';
import {
  countCustomers,
  type Database,
  eraseCustomer,
  listCustomers,
  mergeCustomers,
  type Place,
  updateCustomer,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { until } from '../helpers/until.ts';
import { a_profile, addCustomer, an_actor } from './fixtures.ts';

let database: TestDatabase;
let db: Database;

const named = (name: string, fields: object = {}, number?: number) => {
  const [first_name = '', ...rest] = name.split(' ');
  const id = number === undefined ? randomUUID() : randomV7(number);
  return addCustomer(db, { first_name, last_name: rest.join(' ') || 'Other', ...fields }, id);
};
const found = async (search: string) =>
  (await listCustomers(db, { search, limit: 100 })).customers.map((row) => `${row.first_name} ${row.last_name}`);
const words = async () => (await db('name_words').orderBy('word')).map((row) => row.word);

describe('the search box', () => {
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
  });
  afterEach(() => database.drop());

  it('puts whole words before beginnings, before parts, before similar names', async () => {
    await named('Hanna Berg', { email: 'x@hanna.example' });
    await named('Ana Sola');
    await named('Annabel Stein');
    await named('Anna Novak');
    expect(await found('anna')).to.deep.equal(['Anna Novak', 'Annabel Stein', 'Hanna Berg', 'Ana Sola']);
    expect(await found('anno')).to.deep.equal(['Anna Novak']);
    const [first, ...others] = await found('hanna');
    expect(first).to.equal('Hanna Berg');
    expect(others).to.deep.equal(['Anna Novak']);
  });

  it('puts the newest first among equals', async () => {
    const ids: string[] = [];
    for (const number of [1, 2, 3]) ids.push(await addCustomer(db, { first_name: 'Ada' }, randomV7(number)));
    const { customers } = await listCustomers(db, { search: 'ada', limit: 10 });
    expect(customers.map((row) => row.id)).to.deep.equal(ids.toReversed());
  });

  it('finds whole contact details first', async () => {
    await named('One Part', { email: 'not.ada@example.com', phone: '+4420712345670' });
    await named('Two Whole', { email: 'ada@example.com', phone: '+442071234567', external_id: 'A-1' });
    await named('Three Part', { external_id: 'XA-11', alternate_email: 'zada@example.com' });
    expect(await found('ADA@example.com')).to.deep.equal(['Two Whole', ...(await found('ada@')).filter(notTwo)]);
    expect(await found('+44 (20) 7123-4567')).to.deep.equal(['Two Whole', 'One Part']);
    expect(await found('0044 20 7123 4567')).to.deep.equal(['Two Whole', 'One Part']);
    expect(await found('020 7123 4567')).to.have.members(['Two Whole', 'One Part']);
    expect(await found('a-1')).to.deep.equal(['Two Whole', 'Three Part']);
  });
  const notTwo = (name: string) => name !== 'Two Whole';

  const FORGIVEN: [typed: string, name: string, why: string][] = [
    ['jhon', 'John Smith', 'two letters exchanged in a short name'],
    ['smth', 'John Smith', 'a letter too few'],
    ['smiith', 'John Smith', 'a letter too many'],
    ['smyth', 'John Smith', 'another letter'],
    ['jhon smyth', 'John Smith', 'a slip in each word'],
    ['smith jon', 'John Smith', 'any order'],
    ['elodie', 'Élodie Ångström-Weiß', 'no accents'],
    ['ELODIE ANGSTROM', 'Élodie Ångström-Weiß', 'no accents, in capitals'],
    ['Elódie weiss', 'Élodie Ångström-Weiß', 'other accents, and the second half'],
    ['angstrem', 'Élodie Ångström-Weiß', 'a slip where the accent would be'],
    ['obrien', "Sinéad O'Brien", 'no apostrophe'],
    ['brien', "Sinéad O'Brien", 'what follows the apostrophe'],
    ['kristina', 'Christina Other', 'the other spelling of a long name'],
    ['Иванов', 'Иван Иванов', 'another alphabet'],
    ['Иванво', 'Иван Иванов', 'a slip in another alphabet'],
    ['李', '李 明', 'a name of one character'],
  ];
  it('forgives', async () => {
    for (const name of new Set(FORGIVEN.map(([, name]) => name))) await named(name);
    for (const [typed, name, why] of FORGIVEN) expect(await found(typed), `${typed}: ${why}`).to.include(name);
    for (const typed of ['xyz', 'jo sm ith q', 'smithsonian', 'qwertz', '\u0301', '%%%', '__', 'a'.repeat(200)]) {
      expect(await found(typed), typed).to.deep.equal([]);
    }
  });

  it('goes from page to page through all ranks without gap or double, and counts them', async () => {
    const names = ['Anna A', 'Anna B', 'Annabel C', 'Annabel D', 'Johanna E', 'Susanna F', 'Anna-Lena G', 'Annja H'];
    for (const name of names) await named(name);
    const whole = await found('anna');
    expect(whole).to.have.members(names);
    for (const limit of [1, 2, 3, 5]) {
      const seen: string[] = [];
      let after: Place | undefined;
      for (;;) {
        const { customers, next } = await listCustomers(db, { search: 'anna', limit, after });
        seen.push(...customers.map((row) => `${row.first_name} ${row.last_name}`));
        if (next === null) break;
        after = next;
      }
      expect(seen, `${limit} a page`).to.deep.equal(whole);
    }
    expect(await countCustomers(db, { search: 'anna' })).to.equal(names.length);
    expect(await countCustomers(db, { search: 'an' })).to.equal((await found('an')).length);
  });

  it('finds words with digits whole and by their beginnings, whatever signs they have', async () => {
    const ids = ["O'1:*", 'a\\2', "x''3", '4|5', '6&!7'];
    for (const [number, external_id] of ids.entries()) await named(`Number${number} Person`, { external_id });
    for (const [number, external_id] of ids.entries()) {
      expect(await found(external_id), external_id).to.deep.equal([`Number${number} Person`]);
      expect(await found(external_id.slice(0, -1)), external_id).to.include(`Number${number} Person`);
    }
    await named('Later Person', { external_id: '4711x', phone: '+4915112345678' });
    await named('Exact Person', { external_id: 'b-4711' }, 1);
    expect(await found('4711')).to.deep.equal(['Exact Person', 'Later Person']);
    expect(await found('015112')).to.deep.equal(['Later Person']);
  });

  it('gives the newest first of very many, and all of them, wherever in the list they are', async () => {
    // Half of them among the newest, the others behind thousands who have nothing in common with them.
    await db.transaction(async (tx) => {
      await tx.raw('alter table customers disable trigger user');
      for (let first = 1; first < 12_000; first += 500) {
        await tx.raw(
          `insert into customers (id, first_name, last_name, external_id, preferences)
           select ('0197f0a4-5b6c-7d8e-9f00-' || lpad(n::text, 12, '0'))::uuid,
                  case when n % 7 = 0 and (n < 1500 or n > 11000) then 'Annabel' || n else 'Other' end, 'Person',
                  case when n % 4 = 0 and n < 1600 then 'k-77' || n end, '{}'
             from generate_series(?::int, ?::int) as n`,
          [first, first + 499],
        );
      }
      await tx.raw('alter table customers enable trigger user');
      await tx.raw('insert into loyalty_accounts (customer_id) select id from customers');
    });
    const numbers = (from: number, to: number, each: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => to - index).filter((number) => number % each === 0);
    const expected: [string, number[]][] = [
      ['annabel', [...numbers(11_001, 12_000, 7), ...numbers(1, 1_499, 7)]],
      ['nabel', [...numbers(11_001, 12_000, 7), ...numbers(1, 1_499, 7)]],
      ['k-77', numbers(1, 1_599, 4)],
    ];
    for (const [typed, wanted] of expected) {
      const seen: number[] = [];
      let after: Place | undefined;
      do {
        const { customers, next } = await listCustomers(db, { search: typed, limit: 130, ...(after && { after }) });
        seen.push(...customers.map(({ id }) => Number(id.slice(-12))));
        after = next ?? undefined;
      } while (after !== undefined);
      expect(seen, typed).to.deep.equal(wanted);
    }
  });

  it('knows at once who came, who was renamed, and who has gone', async () => {
    const id = await named('Zebulon Quist');
    expect(await found('zebulno')).to.deep.equal(['Zebulon Quist']);
    const changes = { last_name: 'Varga' };
    await updateCustomer(db, { id, changes, actor: an_actor });
    expect(await found('Quist')).to.deep.equal([]);
    expect(await found('Vagra')).to.deep.equal(['Zebulon Varga']);
    await eraseCustomer(db, id, an_actor);
    for (const typed of ['zebulon', 'zebulno', 'varga', 'zeb']) expect(await found(typed), typed).to.deep.equal([]);
  });

  it('keeps a word for as long as anybody has it, and not a moment longer', async () => {
    const one = await named('Zebulon Quist', { external_id: 'varga' });
    const two = await named('Zebulon-Maria Varga');
    expect(await words()).to.deep.equal(['maria', 'quist', 'varga', 'zebulon', 'zebulon-maria']);
    await eraseCustomer(db, two, an_actor);
    expect(await words())
      .to.include('zebulon')
      .and.not.include('maria');
    await updateCustomer(db, { id: one, changes: { first_name: 'Åsa' }, actor: an_actor });
    expect(await words())
      .to.include('asa')
      .and.not.include('zebulon');
    await eraseCustomer(db, one, an_actor);
    expect(await words()).to.deep.equal([]);
  });

  it('finds a merged customer under the name of the one it lives on as', async () => {
    const [target, source] = [await named('Ada Target'), await named('Ada Gonesoon', { email: 'gone@example.com' })];
    await mergeCustomers(db, {
      ...{ target_id: target, source_id: source, actor: an_actor },
      transfer_ids: { out: randomUUID(), in: randomUUID() },
    });
    expect(await found('gonesoon')).to.deep.equal([]);
    expect(await words()).not.to.include('gonesoon');
    expect(await found('gone@example.com')).to.deep.equal(['Ada Target']);
    expect(await found('ada')).to.deep.equal(['Ada Target']);
  });

  it('does not lose the word of somebody who comes while the last who had it goes', async () => {
    const last = await named('Zebulon Quist');
    let erased: Promise<void> | undefined;
    await db.transaction(async (tx) => {
      await tx('customers').insert({ id: randomUUID(), ...columns('Zebulon', 'Varga') });
      erased = eraseCustomer(db, last, an_actor);
      await until(async () => (await db('pg_stat_activity').where({ wait_event_type: 'Lock' })).length > 0, {
        what: 'the erasure to wait for the newcomer',
      });
    });
    await erased;
    expect(await words()).to.deep.equal(['varga', 'zebulon']);
  });

  it('brings the word back when somebody comes while it goes', async () => {
    const last = await named('Zebulon Quist');
    let coming: Promise<string> | undefined;
    await db.transaction(async (tx) => {
      await tx('customers').where({ id: last }).update({ first_name: 'Other' });
      coming = named('Zebulon Varga');
      await until(async () => (await db('pg_stat_activity').where({ wait_event_type: 'Lock' })).length > 0, {
        what: 'the newcomer to wait for the change',
      });
    });
    await coming;
    expect(await words()).to.deep.equal(['other', 'quist', 'varga', 'zebulon']);
  });
});

function columns(first_name: string, last_name: string) {
  return { first_name, last_name, preferences: JSON.stringify(a_profile.preferences) };
}

function randomV7(number: number): string {
  return `0197f0a4-5b6c-7d8e-9f00-${String(number).padStart(12, '0')}`;
}
