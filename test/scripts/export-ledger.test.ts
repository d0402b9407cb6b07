// The ledger as a file: every line once, proven by its hash, in parts, cut short and taken up again, and what a line that
// was changed by hand looks like.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LedgerLine } from '@customer-service/store';
import { applyPending } from '@customer-service/store';
import { expect } from 'chai';
import { seedLarge } from '../../scripts/seed-large.ts';
import { SOURCE_FLAGS } from '../helpers/command.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { accept, addCustomer, points, purchase } from '../store/fixtures.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/export-ledger.ts', import.meta.url));

describe('npm run ledger:export', () => {
  let database: TestDatabase;
  let folder: string;
  let ada: string;
  const path = (name: string) => join(folder, name);
  const run = (...args: string[]) => {
    const flags = [...SOURCE_FLAGS, SCRIPT, ...args];
    const env = { PATH: process.env.PATH, DATABASE_URL: database.url };
    return spawnSync(process.execPath, flags, { env, encoding: 'utf8' });
  };
  const read = (name: string) => readFileSync(path(name), 'utf8').trimEnd().split('\n');
  const linesOf = (name: string): LedgerLine[] =>
    read(name)
      .slice(1)
      .map((text) => JSON.parse(text));
  const place = ({ customer_id, sequence }: LedgerLine) => `${customer_id} ${String(sequence).padStart(9, '0')}`;

  before(async () => {
    database = await createDatabase();
    folder = mkdtempSync(join(tmpdir(), 'customer-service-export-'));
    await seedLarge(database.url, { customers: 2_000, lines: 8_000 });
    // What was booked within the last minute is not exported.
    await database.db('test_clock').insert({ ahead_by: '-1 hour' });
    ada = await addCustomer(database.db, { first_name: 'Ada' });
    const texts = { order_id: 'order-1', description: 'a "text"\nof two lines' };
    await accept(database.db, purchase(ada, 12_345, texts), points('redeem', ada, 20), points('redeem', ada, 999_999));
    await applyPending(database.db, [ada]);
    await accept(database.db, points('earn', ada, 5));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });

  it('writes every decided line once, in the order of customer and sequence, with nothing that was written in words', async () => {
    const { status, stdout, stderr } = run('--file', path('whole'));
    expect(status, stderr).to.equal(0);
    const lines = linesOf('whole');
    const decided = await database.db('loyalty_transactions').where('applied_at', '<', beforeOf('whole'));
    expect(lines).to.have.length(decided.length).and.length.above(8_000);
    expect(stdout).to.contain(`${lines.length} lines, each proven`);
    expect(lines.map(place)).to.deep.equal([...new Set(lines.map(place))].sort());
    const hers = lines.filter(({ customer_id }) => customer_id === ada);
    expect(hers.map(({ type, status: outcome, points: moved }) => [type, outcome, moved])).to.deep.equal([
      ['earn', 'applied', 123],
      ['redeem', 'applied', 20],
      ['redeem', 'rejected', 999_999],
    ]);
    expect(hers[1]).to.include({ previous_hash: hers[0]?.hash });
    expect(read('whole').join()).not.to.contain('order-1');
    expect(run('--check', path('whole')).status).to.equal(0);
  });

  it('has the texts when they are asked for', () => {
    expect(run('--file', path('texts'), '--texts').status).to.equal(0);
    const hers = linesOf('texts').find(({ customer_id }) => customer_id === ada);
    expect(hers).to.include({ order_id: 'order-1', description: 'a "text"\nof two lines' });
  });

  it('goes on where it was cut short, wherever that was, and adds nothing to what is whole', () => {
    const whole = readFileSync(path('whole'));
    for (const bytes of [0, 20, whole.length / 3, whole.length - 1, whole.length]) {
      writeFileSync(path('cut'), whole);
      truncateSync(path('cut'), Math.floor(bytes));
      // Asked for another part, it stays with the one it began with.
      const before = bytes > 20 ? ['--before', '2020-01-01T00:00:00Z'] : ['--before', beforeOf('whole')];
      expect(run('--file', path('cut'), ...before).status).to.equal(0);
      expect(readFileSync(path('cut')).equals(whole), `${bytes} bytes`).to.equal(true);
    }
  });
  const beforeOf = (name: string) => JSON.parse(read(name)[0] as string).ledger_export.before;

  it('gives in two parts what it gives as a whole', () => {
    const month = new Date(Date.now() - 30 * 86_400_000).toISOString();
    expect(run('--file', path('older'), '--before', month).status).to.equal(0);
    expect(run('--file', path('newer'), '--from', month, '--before', beforeOf('whole')).status).to.equal(0);
    const [older, newer] = [linesOf('older'), linesOf('newer')];
    expect(older).to.have.length.above(1_000);
    expect(newer).to.have.length.above(1_000);
    expect([...older, ...newer].map(place).sort()).to.deep.equal(linesOf('whole').map(place));
    expect(run('--check', path('newer')).status).to.equal(0);
  });

  it('finds a line of the file that was changed, or that is missing', () => {
    const lines = read('whole');
    const at = lines.findIndex((text) => text.includes(ada));
    const changes: [string[], string][] = [
      [lines.with(at, lines[at]?.replace('"points":123', '"points":124') as string), `${ada} 1`],
      [lines.toSpliced(at, 1), `${ada} 2`],
      [lines.toSpliced(at + 1, 1), `${ada} 3`],
    ];
    for (const [changed, named] of changes) {
      writeFileSync(path('changed'), `${changed.join('\n')}\n`);
      const { status, stdout } = run('--check', path('changed'));
      expect(status).to.equal(1);
      expect(stdout).to.contain(`not what was booked: ${named}`);
    }
  });

  it('finds a line of the table that was changed past the triggers', async () => {
    await database.db.transaction(async (tx) => {
      await tx.raw('alter table loyalty_transactions disable trigger user');
      await tx('loyalty_transactions').where({ customer_id: ada, sequence: 2 }).update({ points: 19 });
      await tx.raw('alter table loyalty_transactions enable trigger user');
    });
    const { status, stdout } = run('--file', path('tampered'));
    expect(status).to.equal(1);
    expect(stdout).to.contain(`not what was booked: ${ada} 2`);
  });

  it('refuses moments that are none or too recent, and to do nothing', () => {
    for (const args of [
      ['--file', path('no'), '--before', 'soon'],
      ['--file', path('no'), '--before', '2999-01-01'],
      [],
    ]) {
      expect(run(...args).status, args.join(' ')).to.equal(2);
    }
  });
});
