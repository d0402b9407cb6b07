// A process of its own that works on the accounts it is given, as fast as it can: what several of them do to one account
// at once is for ledger-races.test.ts to see. Arguments: the database, what to do, a number, the customers.

import { randomUUID } from 'node:crypto';
import { acceptTransactions, applyPending, type Database, mergeCustomers, openDatabase } from '@customer-service/store';
import { an_actor, aTransaction, points, purchase } from './fixtures.ts';

const [url, role, number, ...customers] = process.argv.slice(2) as [string, string, string, ...string[]];
const db = openDatabase({ url, pool_max: 4, application_name: `racer ${number}` });

let seed = Number(number) * 7_919 + 1;
/** The same numbers for the same racer. */
function chance(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

type Fields = NonNullable<Parameters<typeof aTransaction>[1]>;

/** What this racer began, and may end. */
const [holds, purchases, redemptions]: [string[], string[], string[]] = [[], [], []];

function something(customer: string): Fields {
  const some = (list: string[]) => (chance(2) === 0 ? list.at(-1) : list[chance(list.length)]) as string;
  const id = randomUUID();
  const order_id = `order ${chance(6)}`;
  const reversal = { points: null, amount_minor: null, currency: null };
  const choices: [boolean, () => Fields][] = [
    [true, () => ({ ...purchase(customer, 1_000 + chance(9_000), { id, order_id }) })],
    [true, () => ({ ...points('redeem', customer, 1 + chance(60), { id }) })],
    [
      true,
      () => ({ ...points('hold', customer, 1 + chance(60), { id }), terms: { expires_in_s: 1 + chance(30) * 86_400 } }),
    ],
    [
      holds.length > 0,
      () => ({ type: 'capture', points: 1 + chance(20), terms: { hold_id: some(holds), final: chance(2) === 0 } }),
    ],
    [holds.length > 0, () => ({ type: 'release', points: null, terms: { hold_id: some(holds) } })],
    [purchases.length > 0, () => ({ ...reversal, type: 'reverse_earn', terms: { reverses: some(purchases) } })],
    [
      purchases.length > 0,
      () => ({ ...reversal, type: 'reverse_earn', terms: { reverses: some(purchases), reverse_points: 7 } }),
    ],
    [true, () => ({ ...reversal, type: 'reverse_earn', order_id })],
    [redemptions.length > 0, () => ({ ...reversal, type: 'reverse_redeem', terms: { reverses: some(redemptions) } })],
    [true, () => ({ ...points('adjust_credit', customer, 5), terms: { reason_code: 'goodwill' } })],
    [true, () => ({ ...points('adjust_debit', customer, 5), terms: { reason_code: 'mistake' } })],
  ];
  const possible = choices.filter(([is]) => is);
  const fields = (possible[chance(possible.length)] as (typeof choices)[number])[1]();
  if (fields.type === 'earn') purchases.push(id);
  if (fields.type === 'redeem') redemptions.push(id);
  if (fields.type === 'hold') holds.push(id);
  return { ...fields, id };
}

const accept = (customer: string, fields: Fields) => acceptTransactions(db, [aTransaction(customer, fields)]);

const ROLES: Record<string, (db: Database) => Promise<unknown>> = {
  /** Holds ten points, many times at once. */
  hold: () =>
    Promise.all(
      Array.from({ length: 25 }, async () => {
        const [customer] = customers as [string];
        await accept(customer, points('hold', customer, 10, { terms: { expires_in_s: 3_600 } }));
        await applyPending(db, [customer]);
      }),
    ),
  /** Does all kinds of things, one after the other, and applies them. */
  trade: async () => {
    for (let count = 0; count < 40; count += 1) {
      const customer = customers[chance(customers.length)] as string;
      await accept(customer, something(customer));
      if (chance(2) === 0) await applyPending(db, [customer]);
    }
  },
  /** Comes by as a worker does, and settles what has lapsed. */
  settle: async () => {
    for (let count = 0; count < 25; count += 1) await applyPending(db, customers, { settle: 'overdue' });
  },
  /** Merges the last into the first. */
  merge: async () => {
    const [target_id, source_id] = [customers[0], customers.at(-1)] as [string, string];
    await mergeCustomers(db, {
      target_id,
      source_id,
      transfer_ids: { out: randomUUID(), in: randomUUID() },
      actor: an_actor,
    });
  },
};

await ROLES[role]?.(db);
await db.destroy();
