// Whatever happens, in whatever order and however many are at it at once: analytics says what a plain recount of the
// rows says, before, during and after folding, and so does the recount that a migration begins with.

import { randomUUID } from 'node:crypto';
import {
  applyPending,
  auditFigures,
  type Database,
  eraseCustomer,
  foldAnalytics,
  mergeCustomers,
  openDatabase,
  updateCustomer,
} from '@customer-service/store';
import { expect } from 'chai';
import fc from 'fast-check';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { expectFigures } from './analytics-recount.ts';
import { accept, addCustomers, an_actor, auditAll, points, purchase } from './fixtures.ts';

/** Across the end of a month, because buyers are kept by month as well. */
const DATES = { date_from: '2026-02-25', date_to: '2026-03-05' };
const CUSTOMERS = 5;

type Step =
  | ['purchase' | 'earn' | 'redeem', { who: number; day: number; figure: number }]
  | ['merge', { who: number; other: number }]
  | ['status', { who: number; figure: number }]
  | ['erase' | 'apply', { who: number }]
  | ['apply all' | 'fold', object];

const who = fc.nat(CUSTOMERS - 1);
const movement = (kind: 'purchase' | 'earn' | 'redeem', most: number) =>
  fc.tuple(fc.constant(kind), fc.record({ who, day: fc.nat(8), figure: fc.integer({ min: 1, max: most }) }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: movement('purchase', 90_000) },
  { weight: 2, arbitrary: movement('earn', 500) },
  { weight: 2, arbitrary: movement('redeem', 600) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('merge' as const), fc.record({ who, other: who })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('status' as const), fc.record({ who, figure: fc.nat(2) })) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('apply' as const, 'apply' as const, 'erase' as const), fc.record({ who })),
  },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('apply all' as const, 'fold' as const), fc.constant({})) },
);

async function take(db: Database, ids: string[], [what, given]: Step): Promise<void> {
  const { who = 0, other = 0, day = 0, figure = 1 } = given as Record<string, number>;
  const id = ids[who] as string;
  const at = { occurred_at: new Date(Date.parse(DATES.date_from) + day * 86_400_000 + figure).toISOString() };
  if (what === 'purchase') await accept(db, purchase(id, figure, at));
  else if (what === 'earn' || what === 'redeem') await accept(db, points(what, id, figure, at));
  else if (what === 'apply') await applyPending(db, [id]);
  else if (what === 'apply all') await applyPending(db, ids);
  else if (what === 'fold') await foldAnalytics(db);
  else if (what === 'erase') await eraseCustomer(db, id, an_actor);
  else if (what === 'status') {
    const status = (['suspended', 'inactive', 'active'] as const)[figure % 3];
    await updateCustomer(db, { id, changes: { status }, actor: an_actor });
  } else if (what === 'merge' && who !== other) {
    const transfer_ids = { out: randomUUID(), in: randomUUID() };
    await mergeCustomers(db, { target_id: id, source_id: ids[other] as string, transfer_ids, actor: an_actor });
  }
}

/** Who was a customer before this, at different times: another cohort each. */
async function addMembers(db: Database, count: number): Promise<string[]> {
  const ids = await addCustomers(db, count);
  await db('customers').whereIn('id', ids.slice(1, 3)).update({ created_at: '2026-02-28T23:59:59.999Z' });
  await db('customers').where('id', ids[3]).update({ created_at: '2026-03-01T00:00:00Z' });
  return ids;
}

/** Refusals (erased, merged before …) are as good as anything else here. */
const lenient = (db: Database, ids: string[], step: Step) =>
  take(db, ids, step).catch((error: { code?: string; name?: string }) => {
    if (error.name !== 'DomainError') throw error;
  });

describe('analytics, whatever happens', () => {
  async function inDatabase(check: (database: TestDatabase, db: Database) => Promise<void>): Promise<void> {
    const database = await createDatabase();
    await check(database, database.db).finally(() => database.drop());
  }

  async function expectAll(db: Database): Promise<void> {
    expect(await auditFigures(db)).to.deep.equal([]);
    await expectFigures(db, DATES);
  }

  it('says what the rows say, one step after the other', async function () {
    this.timeout(120_000);
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) =>
      inDatabase(async (_, db) => {
        const ids = await addMembers(db, CUSTOMERS);
        for (const each of steps) await lenient(db, ids, each);
        await expectAll(db);
        await foldAnalytics(db);
        await expectAll(db);
        expect((await auditAll(db)).differences).to.deep.equal([]);
        // What a migration would begin with on this database is the same.
        await db.raw('select rebuild_analytics()');
        await expectAll(db);
      }),
    );
    await fc.assert(property, { numRuns: 8 });
  });

  it('says what the rows say, with four connections at it and one that folds', function () {
    this.timeout(120_000);
    return inDatabase(race);
  });

  async function race(database: TestDatabase, db: Database): Promise<void> {
    const ids = await addMembers(db, 12);
    const steps = fc.sample(step, 600).map(([what, given]): Step => {
      const { who = 0, other = 0 } = given as Record<string, number>;
      const spread = Math.floor(Math.random() * 8);
      return [what, { ...given, who: who + spread, other: other + spread }] as Step;
    });
    const pools = [1, 2, 3, 4].map(() => openDatabase({ url: database.url, pool_max: 1, application_name: 'racer' }));
    const running = { racers: pools.length };
    await Promise.all([
      ...pools.map(async (pool) => {
        for (let next = steps.pop(); next !== undefined; next = steps.pop()) await lenient(pool, ids, next);
        running.racers -= 1;
      }),
      (async () => {
        while (running.racers > 0) {
          await foldAnalytics(db);
          expect(await auditFigures(db), 'while all of them are at it').to.deep.equal([]);
        }
      })(),
    ]);
    await Promise.all(pools.map((pool) => pool.destroy()));
    await expectAll(db);
    await applyPending(db, ids);
    await foldAnalytics(db);
    await expectAll(db);
  }
});
