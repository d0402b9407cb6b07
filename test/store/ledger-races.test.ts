// Several processes at work on one account: holds, captures, redemptions, refunds, what lapses, and merges. Whatever the
// order in which they come, nothing is spent twice, the audit finds the ledger in order, and each line has
// its event.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PROGRAMME, type ProgrammeRules } from '@customer-service/domain';
import { applyPending, type Database, readAccounts } from '@customer-service/store';
import { expect } from 'chai';
import { SOURCE_FLAGS } from '../helpers/command.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { eventFaults, publishAll } from '../helpers/events.ts';
import { accept, addCustomer, addCustomers, auditAll, points, purchase, readLedger } from './fixtures.ts';

const RACER = fileURLToPath(new URL('./ledger-racer.ts', import.meta.url));

describe('several processes on one account', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let db: Database;
  beforeEach(async () => {
    database = await createDatabase();
    db = database.db;
  });
  afterEach(() => database.drop());

  let started = 0;
  /** Resolves when the process has done its part. @throws Error with what it said when it failed */
  function race(role: string, customers: string[]): Promise<void> {
    started += 1;
    const child = spawn(process.execPath, [...SOURCE_FLAGS, RACER, database.url, role, String(started), ...customers]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    return new Promise((done, failed) => {
      child.on('error', failed);
      child.on('exit', (code) => (code === 0 ? done() : failed(new Error(`${role} ended with ${code}: ${said}`))));
    });
  }

  async function agrees(): Promise<void> {
    expect((await auditAll(db)).differences.slice(0, 3)).to.deep.equal([]);
    await publishAll(db);
    expect(await eventFaults(db)).to.deep.equal([]);
  }

  it('that hold 50 times 10 points of 100 get ten holds and no more', async () => {
    const customer = await addCustomer(db);
    await accept(db, points('earn', customer, 100));
    await applyPending(db, [customer]);
    await Promise.all([race('hold', [customer]), race('hold', [customer])]);
    const held = (await readLedger(db)).filter(({ customer_id, type }) => customer_id === customer && type === 'hold');
    const count = (status: string) => held.filter((row) => row.status === status).length;
    expect({ applied: count('applied'), rejected: count('rejected') }).to.deep.equal({ applied: 10, rejected: 40 });
    const [account] = await readAccounts(db, [customer]);
    expect(account).to.include({ points_balance: 100, points_held: 100 });
    await agrees();
  });

  it('that trade, settle and merge while points lapse and the programme changes leave a ledger that adds up', async () => {
    await addVersion(db, 2, '-1 day', { reversal: { shortfall: 'debt', grace_days: 3 } });
    await addVersion(db, 3, '30 days', { reversal: { shortfall: 'negative', grace_days: 0 } });
    const [main, other] = (await addCustomers(db, 2)) as [string, string];
    for (let round = 1; round <= 3; round += 1) {
      const source = await addCustomer(db);
      await accept(db, purchase(source, 20_000, { order_id: 'order 1' }), points('hold', source, 30));
      // Enough to hold and to redeem, and to lapse by the next round.
      await accept(db, purchase(main, 300_000), purchase(other, 300_000));
      await Promise.all([
        ...[
          race('trade', [main]),
          race('trade', [main, other]),
          race('settle', [main, other]),
          race('merge', [main, source]),
        ],
      ]);
      while ((await applyPending(db, [main, other, source])).more);
      await agrees();
      // Nobody accepts anything just now, so that no transaction is under way that was accepted before the leap.
      await db.raw(
        `insert into test_clock (ahead_by) values ('20 days')
         on conflict (id) do update set ahead_by = test_clock.ahead_by + '20 days'`,
      );
    }
    await applyPending(db, [main, other], { settle: 'overdue' });
    await agrees();
    const rows = (await readLedger(db)).filter(({ customer_id }) => [main, other].includes(customer_id));
    const seen = new Set(rows.filter(({ status }) => status === 'applied').map(({ type }) => type));
    const all = [
      'earn',
      'redeem',
      'hold',
      'capture',
      'release',
      'reverse_earn',
      'reverse_redeem',
      'expire',
      'transfer_in',
    ];
    expect([...seen]).to.include.members(all);
    const decided = rows.filter(({ customer_id, sequence }) => customer_id === main && sequence !== null);
    const numbers = decided.map(({ sequence }) => sequence as number).sort((a, b) => a - b);
    expect(numbers, 'no gap').to.deep.equal(numbers.map((_, index) => index + 1));
  });
});

/** Points live for ten days. */
async function addVersion(
  db: Database,
  version: number,
  from: string,
  changes: Partial<ProgrammeRules>,
): Promise<void> {
  const { version: _version, effective_from: _from, ...rest } = PROGRAMME;
  const rules = { ...rest, expiry: { policy: 'rolling_days', days: 10 }, ...changes };
  await db.raw(
    "insert into loyalty_programmes values (?, date_trunc('milliseconds', now()) + ?::interval, ?, now(), ?)",
    [...[version, from, JSON.stringify(rules), 'tests']],
  );
}
