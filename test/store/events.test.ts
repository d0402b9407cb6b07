// What other systems are told: by every way of changing a customer or its ledger exactly what happened, in order, and
// nothing by a transaction that was rolled back.

import { randomUUID } from 'node:crypto';
import { PROGRAMME, type ProgrammeRules } from '@customer-service/domain';
import {
  addProgramme,
  applyPending,
  type Database,
  eraseCustomer,
  forgetEvents,
  importCustomers,
  insertCustomer,
  listEvents,
  mergeCustomers,
  openDatabase,
  readEvents,
  updateCustomer,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { eventFaults, publishAll } from '../helpers/events.ts';
import {
  a_profile,
  accept,
  addCustomer,
  an_actor,
  aTransaction,
  failureOf,
  points,
  purchase,
  uuidOf,
} from './fixtures.ts';

describe('the events', () => {
  let database: TestDatabase;
  let db: Database;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
  });
  afterEach(() => database.drop());

  const NAMED = ['first_name', 'last_name', 'email', 'status'];
  const ALL = { limit: 1_000 };

  /** Publishes all and gives the customer's events without `loyalty.` or `customer.`; numbered 1, 2, 3 …, or it fails. */
  async function toldOf(customer_id: string) {
    await publishAll(db);
    const events = await listEvents(db, { ...ALL, customer_id });
    expect(events.map(({ sequence }) => sequence)).to.deep.equal(events.map((_, index) => index + 1));
    expect(await eventFaults(db)).to.deep.equal([]);
    return events.map(({ type }) => type.replace(/^(?:loyalty|customer)\./, ''));
  }

  async function withExpiry(expiry: ProgrammeRules['expiry']): Promise<void> {
    const { version: _version, effective_from: _from, ...rules } = PROGRAMME;
    const given = { rules: { ...rules, expiry }, effective_from: null, expected_version: null, actor: an_actor };
    await addProgramme(db, given);
  }

  const merge = (target_id: string, source_id: string) =>
    mergeCustomers(db, {
      ...{ target_id, source_id, actor: an_actor },
      transfer_ids: { out: randomUUID(), in: randomUUID() },
    });

  const move = (customer: string, type: 'capture' | 'release', hold_id: string, count: number | null, final = true) =>
    aTransaction(customer, { type, points: count, terms: { hold_id, ...(final ? {} : { final }) } });

  it('tell of a customer: made, changed with the names of the fields, erased', async () => {
    const id = await addCustomer(db, { email: 'ada@example.com' });
    const changes = { email: 'countess@example.com', preferences: { ...a_profile.preferences, language: 'en' } };
    await updateCustomer(db, { id, changes, actor: an_actor });
    await eraseCustomer(db, id, an_actor);
    expect(await toldOf(id)).to.deep.equal(['created', 'updated', 'erased']);
    const data = (await listEvents(db, ALL)).map((event) => event.data);
    expect(data).to.deep.equal([
      { customer_id: id, version: 1, changed: [...NAMED, 'preferences.marketing_consent'] },
      { customer_id: id, version: 2, changed: ['email', 'preferences.language'] },
      { customer_id: id, version: 3, changed: [] },
    ]);
  });

  it('tell of an import what it did, and of one that is unchanged or a dry run nothing', async () => {
    const imported = (external_id: string, first_name: string, count: number | null) => ({
      ...{ external_id, id: randomUUID() },
      wanted: () => ({ ...a_profile, external_id, first_name }),
      balance:
        count === null ? null : points('adjust_credit', '', count, { idempotency_key: `opening ${external_id}` }),
    });
    const how = { actor: an_actor, dry_run: false };
    const people = [imported('a', 'Ada', 100), imported('b', 'Grace', null)];
    await importCustomers(db, people, { ...how, dry_run: true });
    await publishAll(db);
    expect(await listEvents(db, ALL)).to.deep.equal([]);
    const [ada, grace] = await importCustomers(db, people, how);
    await importCustomers(db, [imported('a', 'Ada', 100), imported('b', 'Grace Brewster', null)], how);
    const [a, b] = [ada, grace].map((answer) => (answer as { customer_id: string }).customer_id) as [string, string];
    await applyPending(db, [a, b]);
    expect(await toldOf(a)).to.deep.equal(['created', 'transaction.applied']);
    expect(await toldOf(b)).to.deep.equal(['created', 'updated']);
  });

  it('tell of purchases and refusals, and of a tier right after the line that reached it', async () => {
    const customer = await addCustomer(db);
    const [big, refused] = await accept(db, purchase(customer, 60_000), points('redeem', customer, 9_999));
    await accept(db, points('earn', customer, 5));
    await applyPending(db, [customer]);
    expect(await toldOf(customer)).to.deep.equal([
      ...['created', 'transaction.applied', 'tier.upgraded', 'transaction.rejected', 'transaction.applied'],
    ]);
    const [, earned, upgraded, rejected] = await listEvents(db, ALL);
    expect(earned?.data).to.include({ id: big?.id, status: 'applied', points: 600, customer_id: customer });
    expect(earned?.data).to.have.property('text').that.is.a('string');
    expect(upgraded?.data).to.include({ from_tier: 'bronze', to_tier: 'silver', reason: 'activity' });
    expect(rejected?.data).to.include({ id: refused?.id, rejection_code: 'insufficient-points' });
  });

  it('tell how a hold ended: captured, voided or run out', async () => {
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, 100));
    const [kept, parts, given, over] = await accept(
      db,
      ...[30, 20, 10].map((count) => points('hold', customer, count)),
      points('hold', customer, 5, { terms: { expires_in_s: 60 } }),
    );
    await applyPending(db, [customer]);
    await accept(
      db,
      ...[move(customer, 'capture', kept?.id ?? '', 25), move(customer, 'capture', parts?.id ?? '', 15, false)],
      ...[move(customer, 'capture', parts?.id ?? '', 5), move(customer, 'release', given?.id ?? '', null)],
    );
    await applyPending(db, [customer]);
    const { expires_at } = (await toldHold(over?.id ?? '')).explanation;
    await applyPending(db, [customer], { settle: { at: expires_at } });
    const told = (await toldOf(customer)).filter((type) => type.startsWith('hold'));
    expect(told).to.deep.equal([
      ...['hold.authorized', 'hold.authorized', 'hold.authorized', 'hold.authorized'],
      ...['hold.captured', 'hold.captured', 'hold.captured', 'hold.voided', 'hold.expired'],
    ]);
    const ended = (await listEvents(db, ALL)).filter(({ type }) => /captured|voided|expired/.test(type));
    const holds = ended.map(({ data }) => (data as { explanation: { hold_id: string } }).explanation.hold_id);
    expect(holds).to.deep.equal([kept?.id, parts?.id, parts?.id, given?.id, over?.id]);
  });

  const toldHold = (id: string) => db('loyalty_transactions').where({ id }).first('explanation');

  it('tell of points that lapsed, and of a refund that waits nothing before it is decided', async () => {
    await withExpiry({ policy: 'rolling_days', days: 1 });
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, 10));
    await accept(db, aTransaction(customer, { type: 'reverse_earn', points: null, order_id: 'o' }));
    await applyPending(db, [customer]);
    expect(await toldOf(customer)).to.deep.equal(['created', 'transaction.applied']);
    await accept(db, purchase(customer, 1_000, { order_id: 'o' }));
    await applyPending(db, [customer]);
    const at = new Date(Date.now() + 3 * 86_400_000).toISOString();
    await applyPending(db, [customer], { settle: { at } });
    expect(await toldOf(customer)).to.deep.equal([
      ...['created', 'transaction.applied', 'transaction.applied', 'transaction.applied'],
      ...['transaction.applied', 'points.expired'],
    ]);
  });

  it('tell both of a merge: who it was merged with, after the lines that moved the points', async () => {
    const [target, source, earlier] = [
      await addCustomer(db),
      await addCustomer(db, { email: 'a@b.example' }),
      uuidOf(9),
    ];
    await addCustomer(db, {}, earlier);
    await merge(source, earlier);
    await accept(db, points('earn', source, 10), points('hold', source, 4));
    await merge(target, source);
    await eraseCustomer(db, target, an_actor);
    expect(await toldOf(target)).to.deep.equal(['created', 'transaction.applied', 'merged', 'erased']);
    expect(await toldOf(source)).to.deep.equal([
      ...['created', 'transaction.applied', 'merged', 'transaction.applied', 'transaction.applied', 'hold.authorized'],
      ...['transaction.applied', 'hold.voided', 'transaction.applied', 'merged', 'erased'],
    ]);
    expect((await toldOf(earlier)).at(-1)).to.equal('erased');
    const merged = await listEvents(db, { ...ALL, type: 'customer.merged' });
    expect(merged.slice(-2).map(({ data }) => data)).to.deep.equal([
      { customer_id: target, version: 2, changed: ['email'], merged_from: source, merged_into: null },
      {
        ...{ customer_id: source, version: 3, changed: [...NAMED, 'preferences.marketing_consent'] },
        ...{ merged_from: null, merged_into: target },
      },
    ]);
  });

  it('tell nothing of what was rolled back', async () => {
    const customer = await addCustomer(db);
    await publishAll(db);
    const broken = 'broken on purpose';
    const rolledBack = db.transaction(async (tx) => {
      await accept(tx, points('earn', customer, 10));
      await applyPending(tx, [customer]);
      await updateCustomer(tx, { id: customer, changes: { first_name: 'Eve' }, actor: an_actor });
      expect(await tx('outbox').count('* as rows').first()).to.deep.equal({ rows: 2 });
      throw new Error(broken);
    });
    expect((await failureOf(rolledBack)).message).to.equal(broken);
    const taken = insertCustomer(db, {
      ...{ id: customer, profile: a_profile, actor: an_actor },
    });
    expect((await failureOf(taken)).code).to.equal('23505');
    expect(await toldOf(customer)).to.deep.equal(['created']);
  });

  it('have no word about a person, before an erasure and after', async () => {
    const person = {
      first_name: 'Zaphod',
      last_name: 'Beeblebrox',
      email: 'zaphod@heart.example',
      phone: '+442079460000',
    };
    const id = await addCustomer(db, { ...person, notes: 'Zaphod is late', tags: ['Zaphod'] });
    await updateCustomer(db, { id, changes: { email: 'beeblebrox@heart.example' }, actor: an_actor });
    await accept(db, points('earn', id, 10, { description: 'Zaphod again', order_id: 'Zaphod-1', source: 'zaphod' }));
    await applyPending(db, [id]);
    await publishAll(db);
    const words = /zaphod|beeblebrox|heart\.example|2079460000/i;
    expect(JSON.stringify(await db('events').select('*'))).not.to.match(words);
    expect(JSON.stringify(await listEvents(db, ALL))).to.match(words);
    await eraseCustomer(db, id, an_actor);
    await publishAll(db);
    const [told, kept] = [await listEvents(db, ALL), await db('events').select('*')];
    expect(told).to.have.length(4);
    expect(JSON.stringify([told, kept, await db('outbox').select('*')])).not.to.match(words);
  });

  it('can be read by their ids, by type and by customer, and page by page', async () => {
    const [ada, grace] = [await addCustomer(db), await addCustomer(db)];
    await accept(db, points('earn', ada, 1), points('earn', grace, 2), points('redeem', ada, 50));
    await applyPending(db, [ada, grace]);
    await publishAll(db);
    const all = await listEvents(db, ALL);
    expect(all).to.have.length(5);
    const pages = [];
    for (let after: string | undefined; ; after = pages.at(-1)?.at(-1)?.id) {
      const page = await listEvents(db, { limit: 2, after });
      if (page.length === 0) break;
      pages.push(page);
    }
    expect(pages.map((page) => page.length)).to.deep.equal([2, 2, 1]);
    expect(pages.flat()).to.deep.equal(all);
    for (const { type } of all) {
      expect(await listEvents(db, { ...ALL, type })).to.deep.equal(all.filter((event) => event.type === type));
    }
    const ofAda = all.filter(({ customer_id }) => customer_id === ada);
    const after = ofAda[0]?.id;
    expect(await listEvents(db, { ...ALL, customer_id: ada, after })).to.deep.equal(ofAda.slice(1));
    const some = [all[3], all[1]].map((event) => event?.id as string);
    expect(await readEvents(db, [...some, randomUUID()])).to.deep.equal([all[1], all[3]]);
  });

  it('are deleted after 90 days, and whoever read no further than one of those is told', async () => {
    const customer = await addCustomer(db);
    const old = '01000000-0000-7000-8000-000000000001';
    const data = JSON.stringify({ customer_id: customer });
    await db.raw(
      `insert into events values (?, 'customer.updated', ?, 1, null, ?, now()), ('01000000-0000-7000-8000-000000000002', 'customer.updated', ?, 2, null, ?, now())`,
      [old, customer, data, customer, data],
    );
    await db('event_sequences').insert({ customer_id: customer, sequence: 2 });
    await publishAll(db);
    expect(await forgetEvents(db)).to.equal(false);
    const left = await listEvents(db, ALL);
    expect(left.map(({ sequence }) => sequence)).to.deep.equal([3]);
    expect((await failureOf(listEvents(db, { ...ALL, after: old }))).code).to.equal('events-gone');
    const last = '01000000-0000-7000-8000-000000000002';
    expect(await listEvents(db, { ...ALL, after: last })).to.deep.equal(left);
    expect(await forgetEvents(db)).to.equal(false);
  });

  it('that are kept are not looked at to find the old ones', async () => {
    const one = openDatabase({ url: database.url, pool_max: 1, application_name: 'test' });
    await one.raw(
      `insert into events select (lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'))::uuid,
         'customer.updated', ?, n, null, '{}', now() from generate_series(1, 20000) as n`,
      [randomUUID()],
    );
    await one.raw('vacuum analyze events');
    const pagesRead = async () => {
      await one.raw('select pg_stat_force_next_flush()');
      const { blks } = (
        await one.raw(
          `select heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit as blks from pg_statio_user_tables where relname = 'events'`,
        )
      ).rows[0];
      return Number(blks);
    };
    const before = await pagesRead();
    await forgetEvents(one);
    expect((await pagesRead()) - before).to.be.below(40);
    await one.destroy();
  });
});
