// A customer whose transactions can't be decided: left alone after a few failures, in nobody's way, and released by hand.
// The fault is a real one: an account whose state no version of the code has written.

import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  applyApart,
  type Database,
  eraseCustomer,
  listAudit,
  listOverdueCustomers,
  listQuarantined,
  mergeCustomers,
  QuarantinedError,
  releaseQuarantined,
} from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { OPS_MAIN } from '../helpers/ops.ts';
import { accept, addCustomer, an_actor, auditAll, failureOf, points, readLedger } from './fixtures.ts';

describe('a customer whose transactions can not be decided', () => {
  let database: TestDatabase;
  let db: Database;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
  });
  afterEach(() => database.drop());

  const spoil = (customer_id: string) => db('loyalty_accounts').where({ customer_id }).update({ state: '{"lots": 5}' });
  const mend = (customer_id: string) => db('loyalty_accounts').where({ customer_id }).update({ state: '{}' });
  const statusesOf = async (customer: string) =>
    (await readLedger(db)).filter((row) => row.customer_id === customer).map((row) => row.status);
  const age = (customer_id: string, interval: string) =>
    db('loyalty_quarantine')
      .where({ customer_id })
      .update({ last_failed_at: db.raw('last_failed_at - ?::interval', [interval]) });

  /** A customer with one transaction that waits, spoilt, and failed often enough. */
  async function quarantined(): Promise<string> {
    const customer = await addCustomer(db);
    await spoil(customer);
    await accept(db, points('earn', customer, 10));
    for (let failures = 1; failures <= 3; failures += 1) {
      const error = (await applyApart(db, [customer])).get(customer);
      expect(error instanceof QuarantinedError, `failure ${failures}`).to.equal(failures === 3);
      await age(customer, '2 seconds');
    }
    return customer;
  }

  it('is in quarantine after three failures, and no others are; what it posts is accepted and waits', async () => {
    const healthy = await addCustomer(db);
    await accept(db, points('earn', healthy, 7));
    const customer = await quarantined();
    expect(await applyApart(db, [customer, healthy])).to.deep.equal(new Map());
    expect(await statusesOf(healthy)).to.deep.equal(['applied']);
    await accept(db, points('earn', customer, 5));
    expect(await statusesOf(customer)).to.deep.equal(['pending', 'pending']);

    const [row, ...others] = await listQuarantined(db);
    expect(others).to.deep.equal([]);
    expect(row).to.include({ customer_id: customer, failures: 3, fault: 'TypeError', pending: 2 });
    expect((await auditAll(db)).differences.filter((each) => each.customer_id === healthy)).to.deep.equal([]);
  });

  it('is not looked at again by the sweep, until it is released; then everything that waited is applied', async () => {
    const customer = await quarantined();
    const overdue = () => listOverdueCustomers(db, { older_than_ms: 0, except: [], limit: 10 });
    expect(await overdue()).to.deep.equal([]);
    await mend(customer);
    expect(await applyApart(db, [customer])).to.deep.equal(new Map());
    expect(await statusesOf(customer)).to.deep.equal(['pending']);

    expect(await releaseQuarantined(db, customer, { ...an_actor, reason: 'mended' })).to.equal(true);
    expect(await releaseQuarantined(db, customer, an_actor), 'it is in none any more').to.equal(false);
    expect(await overdue()).to.deep.equal([customer]);
    await applyApart(db, [customer]);
    expect(await statusesOf(customer)).to.deep.equal(['applied']);
    expect((await auditAll(db)).differences).to.deep.equal([]);
    const [entry] = await listAudit(db, { customer_id: customer, action: 'customer.released', limit: 1 });
    expect(entry).to.deep.include({ actor_sub: an_actor.sub, reason: 'mended' });
    expect(entry?.changes.fault).to.deep.equal({ before: 'TypeError', after: null });
  });

  it('can neither be erased nor merged meanwhile, because what waits would be lost', async () => {
    const customer = await quarantined();
    const other = await addCustomer(db);
    expect(await failureOf(eraseCustomer(db, customer, an_actor))).to.include({ code: 'customer-quarantined' });
    for (const [target_id, source_id] of [
      [customer, other],
      [other, customer],
    ] as const) {
      const transfer_ids = { out: randomUUID(), in: randomUUID() };
      const merge = mergeCustomers(db, { target_id, source_id, transfer_ids, actor: an_actor });
      expect(await failureOf(merge)).to.include({ code: 'customer-quarantined' });
    }
    await mend(customer);
    await releaseQuarantined(db, customer, an_actor);
    await eraseCustomer(db, customer, an_actor);
    expect(await statusesOf(customer)).to.deep.equal(['applied']);
  });

  it('is tried again for ever when its failures come at once, or an hour apart: that is no pattern', async () => {
    const customer = await addCustomer(db);
    await spoil(customer);
    await accept(db, points('earn', customer, 10));
    await Promise.all(Array.from({ length: 5 }, () => applyApart(db, [customer])));
    for (let failures = 1; failures <= 3; failures += 1) {
      await age(customer, '61 minutes');
      await applyApart(db, [customer]);
    }
    expect(await listQuarantined(db)).to.deep.equal([]);
    expect(await listOverdueCustomers(db, { older_than_ms: 0, except: [], limit: 10 })).to.deep.equal([customer]);
  });

  it('is not one whose account is locked, or who is served while PostgreSQL is in trouble', async () => {
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, 10));
    const holder = await db.transaction();
    await holder.raw('set local idle_in_transaction_session_timeout = 0');
    await holder('loyalty_accounts').where({ customer_id: customer }).forUpdate();
    const failures = await applyApart(db, [customer]);
    await holder.rollback();
    expect(failures.get(customer)).to.include({ code: '55P03' });
    expect(await db('loyalty_quarantine')).to.deep.equal([]);

    for (const state of ['53100', '40001', '57014', '42P01', 'XX000']) {
      await db.raw(`
        create or replace function in_trouble() returns trigger language plpgsql as $$
        begin raise exception 'trouble' using errcode = '${state}'; end $$;
        create or replace trigger in_trouble before update on loyalty_accounts for each row execute function in_trouble()`);
      await applyApart(db, [customer]).catch(() => undefined);
    }
    await db.raw('drop trigger in_trouble on loyalty_accounts');
    expect(await db('loyalty_quarantine')).to.deep.equal([]);
  });

  it('is listed and released from the command line', async () => {
    const [first, second] = [await quarantined(), await quarantined()];
    const run = (...words: string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [OPS_MAIN, 'quarantine', ...words], {
        encoding: 'utf8',
        env: { ...process.env, DATABASE_URL: database.url },
      });
      return { status, stdout, stderr };
    };
    const listed = run('list');
    expect(listed.status).to.equal(1);
    expect(listed.stdout).to.match(new RegExp(`${first} .* TypeError +3 +1  .*\n.*2 customers in quarantine`, 's'));
    expect(run('release', first, '--reason', 'mended by hand')).to.include({
      status: 0,
      stdout: `${first} released\n`,
    });
    expect(run('release', first)).to.include({ status: 1, stdout: `${first} is not in quarantine\n` });
    expect(run('release').status).to.equal(2);
    expect(run('release', '--all').stdout).to.equal(`${second} released\n`);
    const [entry] = await listAudit(db, { customer_id: first, action: 'customer.released', limit: 1 });
    expect(entry).to.deep.include({ actor_role: 'ops', reason: 'mended by hand' });
    expect(await listQuarantined(db)).to.deep.equal([]);
    expect(run('list')).to.include({ status: 0, stdout: '0 customers in quarantine\n' });
  });
});
