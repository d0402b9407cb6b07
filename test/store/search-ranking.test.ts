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

const named = (name: string, fields: object = {}) => {
  const [first_name = '', ...rest] = name.split(' ');
  return addCustomer(db, { first_name, last_name: rest.join(' ') || 'Other', ...fields });
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
