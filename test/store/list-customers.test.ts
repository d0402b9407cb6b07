// Lists of customers: every filter, every order in both directions, and pages that neither skip nor repeat.

import {
  CUSTOMER_SORTS,
  type CustomerFilter,
  type CustomerList,
  type CustomerSort,
  countCustomers,
  type Database,
  listCustomers,
  type Place,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { a_profile, addCustomer, uuidOf } from './fixtures.ts';

interface Person {
  last_name: string;
  created_at: string;
  updated_at?: string;
  points?: number;
  spent?: number;
  last_visit_at?: string;
  profile?: object;
}

const address = (city: string, country: string) => ({
  ...{ label: null, street: null, city, state: null, postal_code: null, country, is_primary: false },
});
const allergy = (allergen: string) => ({
  allergen,
  severity: 'mild',
  noted_by: null,
  noted_at: '2026-01-01T00:00:00Z',
});
const preferences = (lists: object) => ({ ...a_profile.preferences, ...lists });

/** With ties in every order, accents and capitals in names, and two who never bought. Numbered from 1 in this order. */
const PEOPLE: Person[] = [
  {
    ...{ last_name: 'Árvai', created_at: '2026-01-01T00:00:00.000001Z', points: 5, spent: 900 },
    last_visit_at: '2026-03-01T00:00:00Z',
    profile: {
      ...{ tags: ['VIP', 'Wine'], addresses: [address('Zürich', 'CH'), address('Wien', 'AT')] },
      ...{ preferences: preferences({ dietary_restrictions: ['Vegan'], allergies: [allergy('Peanuts')] }) },
      date_of_birth: '1990-02-28',
    },
  },
  { last_name: 'arvai', created_at: '2026-01-01T00:00:00.000002Z', points: 5, spent: 0 },
  { last_name: 'Berg', created_at: '2026-01-01T00:00:00.000002Z', points: 0, spent: 900 },
  {
    ...{ last_name: 'ÁRVAI', created_at: '2026-01-02T00:00:00Z', points: 900_000_000_000, spent: 5 },
    last_visit_at: '2026-03-01T00:00:00Z',
    profile: { tags: ['vip'], addresses: [address('ZURICH', 'CH')], date_of_birth: '1971-11-02' },
  },
  {
    ...{
      last_name: 'Zola',
      created_at: '2026-02-01T00:00:00Z',
      updated_at: '2026-06-01T00:00:00Z',
      points: 7,
      spent: 6,
    },
    last_visit_at: '2026-02-15T12:00:00Z',
    profile: { tags: ["d'été; %"], preferences: preferences({ allergies: [allergy('milk'), allergy('Café crème')] }) },
  },
];

let database: TestDatabase;
let db: Database;

async function add(number: number, person: Person): Promise<void> {
  const { last_name, created_at, points = 0, spent = 0, last_visit_at = null, profile } = person;
  const id = await addCustomer(db, { last_name, first_name: 'X', ...profile }, uuidOf(number));
  await db('customers')
    .where({ id })
    .update({ created_at, updated_at: person.updated_at ?? created_at });
  const counters = { points_balance: points, lifetime_points_earned: points, total_spent_minor: spent };
  await db('loyalty_accounts')
    .where({ customer_id: id })
    .update({ ...counters, last_visit_at });
}

const numberOf = ({ id }: { id: string }) => Number.parseInt(id.slice(-12), 16);

async function found(filter: Partial<CustomerList>): Promise<number[]> {
  return (await listCustomers(db, { limit: 100, ...filter })).customers.map(numberOf);
}

async function pages(list: Omit<CustomerList, 'after'>, between = async () => {}): Promise<number[]> {
  const seen: number[] = [];
  let after: Place | undefined;
  for (;;) {
    const { customers, next } = await listCustomers(db, { ...list, after });
    expect(customers.length).to.be.at.most(list.limit);
    seen.push(...customers.map(numberOf));
    if (next === null) return seen;
    after = next;
    await between();
  }
}

describe('a list of customers', () => {
  before(async () => {
    database = await createDatabase();
    db = database.db;
    for (const [index, person] of PEOPLE.entries()) await add(index + 1, person);
  });
  after(() => database.drop());

  describe('filtered', filters);
  describe('sorted', sorts);
  describe('in pages', growing);
});

function filters() {
  const FILTERS: [CustomerFilter, number[]][] = [
    [{ tag: 'vip' }, [1, 4]],
    [{ tag: 'WINE' }, [1]],
    [{ tag: 'win' }, []],
    [{ tag: "D'Ete; %" }, [5]],
    [{ city: 'zurich' }, [1, 4]],
    [{ city: 'ZÜRICH' }, [1, 4]],
    [{ city: 'wien' }, [1]],
    [{ city: 'vip' }, []],
    [{ country: 'ch' }, [1, 4]],
    [{ country: 'AT', city: 'zürich' }, [1]],
    [{ dietary_restriction: 'VEGAN' }, [1]],
    [{ allergen: 'peanuts' }, [1]],
    [{ allergen: 'cafe creme' }, [5]],
    [{ allergen: 'vegan' }, []],
    [{ birthday_month: 2 }, [1]],
    [{ birthday_month: 11 }, [4]],
    [{ birthday_month: 1 }, []],
    [{ tag: 'vip', birthday_month: 11 }, [4]],
    [{ points_min: 5 }, [1, 2, 4, 5]],
    [{ points_max: 5 }, [1, 2, 3]],
    [{ points_min: 5, points_max: 5 }, [1, 2]],
    [{ points_min: 6, points_max: 5 }, []],
    [{ points_min: 900_000_000_000 }, [4]],
    [{ spent_min: 900 }, [1, 3]],
    [{ spent_max: 5 }, [2, 4]],
    [{ created_from: '2026-01-01T00:00:00.000002Z', created_to: '2026-01-02T00:00:00Z' }, [2, 3]],
    [{ created_from: '2026-01-02T01:00:00+01:00' }, [4, 5]],
    [{ updated_from: '2026-06-01T00:00:00Z' }, [5]],
    [{ updated_to: '2026-01-02T00:00:00Z' }, [1, 2, 3]],
    [{ last_visit_from: '2026-03-01T00:00:00Z' }, [1, 4]],
    [{ last_visit_to: '2026-03-01T00:00:00Z' }, [5]],
    [{ last_visit_from: '1000-01-01T00:00:00Z' }, [1, 4, 5]],
    [{ tier: 'bronze', status: 'active', tag: 'vip', points_max: 10 }, [1]],
    [{ tier: 'gold', tag: 'vip' }, []],
  ];
  for (const [filter, numbers] of FILTERS) {
    it(`gives ${numbers.join(', ') || 'nobody'} for ${JSON.stringify(filter)}, and counts them`, async () => {
      expect((await found(filter)).sort()).to.deep.equal(numbers);
      expect(await countCustomers(db, filter)).to.equal(numbers.length);
    });
  }

  it('within a search', async () => {
    expect(await found({ search: 'arvai', tag: 'vip' })).to.deep.equal([4, 1]);
    expect(await found({ search: 'arvai', points_max: 5 })).to.deep.equal([2, 1]);
    expect(await countCustomers(db, { search: 'arvai', points_max: 5 })).to.equal(2);
  });

  it('knows a changed profile at once', async () => {
    await db('customers')
      .where({ id: uuidOf(3) })
      .update({ tags: ['later'] });
    expect(await found({ tag: 'Later' })).to.deep.equal([3]);
  });
}

function sorts() {
  const ORDERS: Record<string, number[]> = {
    created: [1, 2, 3, 4, 5],
    name: [1, 2, 4, 3, 5],
    points: [3, 1, 2, 5, 4],
    spent: [2, 4, 5, 1, 3],
    last_visit: [2, 3, 5, 1, 4],
  };

  it('has every order and its reverse', () => {
    expect(Object.keys(ORDERS).flatMap((sort) => [sort, `-${sort}`])).to.have.members([...CUSTOMER_SORTS]);
  });
  for (const [sort, ascending] of Object.entries(ORDERS) as [CustomerSort, number[]][]) {
    for (const [order, expected] of [
      [sort, ascending],
      [`-${sort}`, ascending.toReversed()],
    ] as [CustomerSort, number[]][]) {
      it(`by ${order}, equals by id, whatever the length of a page`, async () => {
        for (const limit of [1, 2, 3, 5, 6])
          expect(await pages({ sort: order, limit }), `${limit}`).to.deep.equal(expected);
      });
      it(`by ${order} within a range`, async () => {
        const expectedOnes = expected.filter((number) => number !== 4);
        expect(await pages({ sort: order, limit: 2, points_max: 10 })).to.deep.equal(expectedOnes);
      });
    }
  }
  it('by creation, the newest first, without being told', async () => {
    expect(await found({})).to.deep.equal([5, 4, 3, 2, 1]);
  });
}

function growing() {
  let number = 100;
  /** Before all others in some orders, after them in others, and in their midst. */
  const NEWCOMERS: Person[] = [
    { last_name: 'Aaa', created_at: '2027-01-01T00:00:00Z', points: 1_000_000, spent: 1_000_000 },
    { last_name: 'Zzz', created_at: '2025-01-01T00:00:00Z', last_visit_at: '2027-01-01T00:00:00Z' },
    { last_name: 'Arvai', created_at: '2026-01-01T00:00:00.000002Z', points: 5, spent: 900 },
  ];
  for (const sort of CUSTOMER_SORTS) {
    it(`by ${sort} shows everybody who was there once while others come`, async () => {
      const there = await found({ sort });
      let rounds = 0;
      const seen = await pages({ sort, limit: 2 }, async () => {
        rounds += 1;
        if (rounds > 2) return;
        for (const person of NEWCOMERS) {
          number += 1;
          await add(number, person);
        }
      });
      expect(new Set(seen).size, 'no doubles').to.equal(seen.length);
      expect(seen.filter((one) => there.includes(one))).to.deep.equal(there);
    });
  }

  it('goes on beyond the first few thousand for a range that few are in', async () => {
    await db.raw(`insert into customers (id, first_name, last_name, preferences, created_at)
      select gen_random_uuid(), 'Many', 'Others', '{}', '2026-09-01' from generate_series(1, 6000)`);
    await db.raw(`insert into loyalty_accounts (customer_id, points_balance, lifetime_points_earned)
      select id, 50, 50 from customers where first_name = 'Many'`);
    expect(await pages({ limit: 2, points_max: 10, created_to: '2026-08-01T00:00:00Z' })).to.include.members([
      5, 3, 2, 1,
    ]);
    const expected = (await found({ points_max: 10 })).filter((one) => one <= PEOPLE.length);
    expect(expected).to.deep.equal([5, 3, 2, 1]);
    expect((await pages({ limit: 2, points_max: 10 })).filter((one) => one <= PEOPLE.length)).to.deep.equal(expected);
    expect(await pages({ limit: 150, points_min: 50, points_max: 50 })).to.have.length(6_000);
  });
}
