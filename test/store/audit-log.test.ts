// The audit log: a row with every write of a profile, in the same SQL transaction, and none that can be changed.

import { randomUUID } from 'node:crypto';
import {
  type Actor,
  type Database,
  eraseCustomer,
  insertCustomer,
  listAudit,
  mergeCustomers,
  readCustomer,
  updateCustomer,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { a_profile, addCustomer, an_actor, failureOf } from './fixtures.ts';

const RESTRICTED = '23001';
const clerk: Actor = { role: 'staff', sub: 'clerk-7', request_id: 'request-0001' };

let database: TestDatabase;
let db: Database;
const auditOf = (customer_id: string) => listAudit(db, { customer_id, limit: 100 });
const transfer_ids = () => ({ out: randomUUID(), in: randomUUID() });

describe('the audit log', () => {
  before(async () => {
    database = await createDatabase();
    db = database.db;
  });
  after(() => database.drop());

  describe('of each write', writes);
  describe('in one transaction with the write', together);
  describe('as a table', table);
  describe('read through a filter', filters);
});

function writes() {
  it('says who created a customer, and with what', async () => {
    const id = randomUUID();
    await insertCustomer(db, { id, profile: { ...a_profile, email: 'new@example.com' }, actor: clerk });
    const [entry, ...others] = await auditOf(id);
    expect(others).to.deep.equal([]);
    expect(entry).to.deep.include({
      ...{ action: 'customer.created', customer_id: id, actor_role: 'staff', actor_sub: 'clerk-7' },
      ...{ request_id: 'request-0001', reason: null },
    });
    expect(entry?.changes).to.deep.include({ email: { before: null, after: 'new@example.com' } });
    expect(entry?.changes).not.to.have.any.keys('phone', 'tags', 'version', 'id', 'points_balance');
    expect(Math.abs(Date.parse(entry?.at ?? '') - Date.now())).to.be.below(60_000);
  });

  it('says of a change what changed, as it is stored, and nothing else', async () => {
    const id = await addCustomer(db, { tags: ['a'], date_of_birth: '1990-01-01', metadata: { k: 'v' } });
    const preferences = { language: 'de' } as typeof a_profile.preferences;
    const changes = {
      first_name: 'Grace',
      tags: ['b'],
      date_of_birth: '1991-02-03',
      metadata: { k: 'v' },
      preferences,
    };
    await updateCustomer(db, { id, changes, actor: clerk });
    const [entry] = await auditOf(id);
    expect(entry).to.include({ action: 'customer.updated', actor_sub: 'clerk-7' });
    expect(entry?.changes).to.deep.equal({
      first_name: { before: 'Ada', after: 'Grace' },
      tags: { before: ['a'], after: ['b'] },
      date_of_birth: { before: '1990-01-01', after: '1991-02-03' },
      'preferences.language': { before: null, after: 'de' },
    });
  });

  it('has a row of a write that changed nothing, because somebody wrote', async () => {
    const id = await addCustomer(db);
    await updateCustomer(db, { id, changes: { first_name: 'Ada' }, actor: clerk });
    expect((await auditOf(id)).map((entry) => [entry.action, entry.changes])[0]).to.deep.equal([
      'customer.updated',
      {},
    ]);
  });

  it('chains: what one row says came after is what the next says was before', async () => {
    const id = await addCustomer(db);
    const names = Array.from({ length: 20 }, (_, index) => `name ${index}`);
    await Promise.all(names.map((last_name) => updateCustomer(db, { id, changes: { last_name }, actor: clerk })));
    const steps = (await auditOf(id)).reverse().map((entry) => entry.changes.last_name);
    expect(steps).to.have.length(21);
    for (const [index, step] of steps.entries()) expect(step?.before).to.equal(steps[index - 1]?.after ?? null);
    expect(steps.at(-1)?.after).to.equal((await readCustomer(db, id))?.last_name);
  });

  it('says of a merge what the target got, and of the source all that it had', async () => {
    const target_id = await addCustomer(db, { tags: ['a'] });
    const source_id = await addCustomer(db, { first_name: 'A.', email: 'merge@example.com', tags: ['b'] });
    const actor = { ...clerk, reason: 'the same person' };
    await mergeCustomers(db, { target_id, source_id, transfer_ids: transfer_ids(), actor });
    const [onTarget] = await auditOf(target_id);
    expect(onTarget).to.include({ action: 'customer.merged', reason: 'the same person', actor_sub: 'clerk-7' });
    expect(onTarget?.changes).to.deep.equal({
      email: { before: null, after: 'merge@example.com' },
      tags: { before: ['a'], after: ['a', 'b'] },
      merged_from: { before: null, after: source_id },
    });
    const [onSource] = await auditOf(source_id);
    expect(onSource).to.include({ action: 'customer.merged_into', reason: 'the same person' });
    expect(onSource?.changes).to.deep.include({
      first_name: { before: 'A.', after: null },
      email: { before: 'merge@example.com', after: null },
      tags: { before: ['b'], after: null },
      merged_into: { before: null, after: target_id },
    });
  });

  it('says that a customer was erased, and no longer what anything was', async () => {
    const id = await addCustomer(db, { email: 'gone@example.com' });
    await updateCustomer(db, { id, changes: { notes: 'secret' }, actor: { ...clerk, reason: 'secret' } });
    await eraseCustomer(db, id, { ...clerk, role: 'admin', reason: 'asked for it' });
    const entries = await auditOf(id);
    expect(entries.map((entry) => [entry.action, entry.reason, entry.actor_sub])).to.deep.equal([
      ['customer.erased', 'asked for it', 'clerk-7'],
      ['customer.updated', null, 'clerk-7'],
      ['customer.created', null, 'the-tests'],
    ]);
    expect(entries[1]?.changes).to.deep.equal({ notes: null });
    expect(Object.values(entries[2]?.changes ?? {}))
      .to.include(null)
      .and.to.have.length.above(3);
    expect(new Set(Object.values(entries[2]?.changes ?? {}))).to.deep.equal(new Set([null]));
  });
}

function together() {
  const refuseRows = () =>
    db.raw(`
      create function no_audit() returns trigger language plpgsql as $$ begin raise exception 'no audit'; end $$;
      create trigger no_audit before insert on audit_log for each row execute function no_audit()`);
  const acceptRows = () => db.raw('drop trigger no_audit on audit_log; drop function no_audit');

  const attempts: [string, (id: string, other: string) => Promise<unknown>][] = [
    ['an update', (id) => updateCustomer(db, { id, changes: { notes: 'new' }, actor: clerk })],
    ['an erasure', (id) => eraseCustomer(db, id, clerk)],
    [
      'a merge',
      (target_id, source_id) =>
        mergeCustomers(db, { target_id, source_id, transfer_ids: transfer_ids(), actor: clerk }),
    ],
    ['a creation', () => insertCustomer(db, { id: randomUUID(), profile: a_profile, actor: clerk })],
  ];
  for (const [what, attempt] of attempts) {
    it(`undoes ${what} of which no row can be written`, async () => {
      const [id, other] = [await addCustomer(db, { notes: 'old' }), await addCustomer(db, { notes: 'old' })];
      const state = () =>
        Promise.all([
          db('customers').orderBy('id'),
          db('loyalty_accounts').orderBy('customer_id'),
          db('audit_log').orderBy('id'),
        ]);
      const before = await state();
      await refuseRows();
      expect((await failureOf(attempt(id, other))).message).to.contain('no audit');
      await acceptRows();
      expect(await state()).to.deep.equal(before);
    });
  }

  it('has no row of a write that was refused', async () => {
    const [id, taken] = [await addCustomer(db), 'taken-here@example.com'];
    await addCustomer(db, { email: taken });
    await failureOf(updateCustomer(db, { id, changes: { email: taken }, actor: clerk }));
    await failureOf(updateCustomer(db, { id, changes: { notes: 'x' }, expected_versions: [9], actor: clerk }));
    await failureOf(insertCustomer(db, { id: randomUUID(), profile: { ...a_profile, email: taken }, actor: clerk }));
    expect((await auditOf(id)).map((entry) => entry.action)).to.deep.equal(['customer.created']);
    expect(await listAudit(db, { actor: 'clerk-7', action: 'customer.created', limit: 100 })).to.have.length(1);
  });
}

function table() {
  let id: string;
  let erased: string;
  before(async () => {
    id = await addCustomer(db, { notes: 'n' });
    erased = await addCustomer(db, { notes: 'n' });
    await db('customers')
      .where({ id: erased })
      .update({ erased_at: db.raw('now()') });
  });

  const redaction = 'reason = null, changes = redacted_changes(changes)';
  const refusals: [string, () => string][] = [
    ['to change who did it', () => `update audit_log set actor_sub = 'x' where customer_id = '${id}'`],
    ['to change what changed', () => `update audit_log set changes = '{}' where customer_id = '${id}'`],
    [
      'to take the values of a customer who is not erased',
      () => `update audit_log set ${redaction} where customer_id = '${id}'`,
    ],
    ['to lose a row', () => `delete from audit_log where customer_id = '${id}'`],
    ['to lose a row of an erased customer', () => `delete from audit_log where customer_id = '${erased}'`],
    ['to be truncated', () => 'truncate audit_log'],
    [
      'to forget who, along with the values',
      () => `update audit_log set ${redaction}, actor_sub = 'x' where customer_id = '${erased}'`,
    ],
    ['to forget when', () => `update audit_log set ${redaction}, at = now() where customer_id = '${erased}'`],
    [
      'to forget which fields',
      () => `update audit_log set reason = null, changes = '{}' where customer_id = '${erased}'`,
    ],
    [
      'other values in place of the old',
      () =>
        `update audit_log set reason = null, changes = jsonb_set(redacted_changes(changes), '{notes}', '1') where customer_id = '${erased}'`,
    ],
  ];
  for (const [what, sql] of refusals) {
    it(`refuses ${what}`, async () => {
      const before = await db('audit_log').orderBy('id');
      expect((await failureOf(db.raw(sql()))).code).to.equal(RESTRICTED);
      expect(await db('audit_log').orderBy('id')).to.deep.equal(before);
    });
  }

  it('lets the values of an erased customer go, and nothing else', async () => {
    const [before] = await db('audit_log').where({ customer_id: erased });
    await db.raw(`update audit_log set ${redaction} where customer_id = ?`, [erased]);
    const [after] = await db('audit_log').where({ customer_id: erased });
    expect(after).to.deep.equal({
      ...before,
      changes: Object.fromEntries(Object.keys(before.changes).map((f) => [f, null])),
    });
  });
}

function filters() {
  let own: TestDatabase;
  let ids: string[];
  before(async () => {
    own = await createDatabase();
    const { db: fresh } = own;
    ids = [];
    for (const sub of ['one', 'two', 'one']) {
      const id = randomUUID();
      ids.push(id);
      await insertCustomer(fresh, { id, profile: a_profile, actor: { ...an_actor, sub } });
      await updateCustomer(fresh, { id, changes: { notes: sub }, actor: { ...an_actor, sub: 'editor' } });
    }
    // A moment a row, so that periods can be told apart.
    await fresh.raw(`alter table audit_log disable trigger user;
      update audit_log set at = timestamptz '2026-01-01T00:00:00Z' + id * interval '1 hour';
      alter table audit_log enable trigger user`);
  });
  after(() => own.drop());

  const found = async (filter: object) => (await listAudit(own.db, { limit: 100, ...filter })).map((entry) => entry.id);

  it('gives everything, the newest first', async () => {
    expect(await found({})).to.deep.equal([6, 5, 4, 3, 2, 1]);
  });

  const cases: [string, () => object, number[]][] = [
    ['a customer', () => ({ customer_id: ids[1] }), [4, 3]],
    ['who did it', () => ({ actor: 'one' }), [5, 1]],
    ['the kind of change', () => ({ action: 'customer.updated' }), [6, 4, 2]],
    ['a first moment, included', () => ({ at_from: '2026-01-01T05:00:00Z' }), [6, 5]],
    ['a last moment, excluded', () => ({ at_to: '2026-01-01T03:00:00Z' }), [2, 1]],
    [
      'a moment in another time zone',
      () => ({ at_from: '2026-01-01T07:00:00+02:00', at_to: '2026-01-01T08:00:00+02:00' }),
      [5],
    ],
    ['several of these', () => ({ customer_id: ids[0], action: 'customer.created', actor: 'one' }), [1]],
    ['what there is not', () => ({ customer_id: randomUUID() }), []],
    ['what came before', () => ({ before: 4, limit: 2 }), [3, 2]],
  ];
  for (const [what, filter, expected] of cases) {
    it(`finds by ${what}`, async () => {
      expect(await found(filter())).to.deep.equal(expected);
    });
  }
}
