// `npm run ops -- …` in the wrong hands and at the wrong moment: its help, its exit codes, what it shows on a terminal.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { SOURCE_FLAGS } from '../helpers/command.ts';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { OPS_MAIN, runOps } from '../helpers/ops.ts';
import { freePort } from '../helpers/redis.ts';
import { accept, addCustomers, purchase } from '../store/fixtures.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/ops.ts', import.meta.url));
const COMMANDS = ['status', 'pending', 'explain', 'retry', 'reconcile', 'redrive', 'drain'];

describe('npm run ops', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  it('has a help with examples and exit codes, also for each command', async () => {
    const { code, stdout } = await runOps({}, '--help');
    expect(code).to.equal(0);
    for (const command of COMMANDS) expect(stdout).to.match(new RegExp(`^  ${command} `, 'm'));
    expect(stdout).to.include('Exit codes: 0');
    const helps = await Promise.all(COMMANDS.map((command) => runOps({}, command, '--help')));
    for (const [index, help] of helps.entries())
      expect(help.stdout).to.match(new RegExp(`Examples:\\n  \\$ npm run ops -- ${COMMANDS[index]}`));
  });

  it('ends with 2 when it is used in the wrong way', async () => {
    const wrong = [
      ...[[], ['nonsense'], ['status', 'twice'], ['--verbose']],
      ...[['explain'], ['explain', 'abc'], ['redrive'], ['redrive', '--since', 'yesterday']],
      ...[
        ['pending', '--limit', '0'],
        ['drain', '--timeout', '5'],
        ['retry', '--customer', "' or 1=1"],
      ],
    ];
    const answers = await Promise.all(wrong.map((args) => runOps({ DATABASE_URL: database.url }, ...args)));
    for (const [index, { code, stdout, stderr }] of answers.entries()) {
      expect(code, wrong[index]?.join(' ')).to.equal(2);
      expect(stdout).to.equal('');
      expect(stderr).not.to.equal('');
    }
    const { code, stderr } = await runOps({}, 'status');
    expect(code).to.equal(2);
    expect(stderr).to.include('Set DATABASE_URL');
  });

  it('ends with 3 when the database is out of reach, and says so without its password', async () => {
    const DATABASE_URL = `postgres://ops:swordfish@127.0.0.1:${await freePort()}/none`;
    const { code, stdout, stderr } = await runOps({ DATABASE_URL }, 'status', '--json');
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' });
    expect(stderr).to.include('The database can not be reached');
    expect(stderr).not.to.include('swordfish');
  });

  it('works without the queue where it can, and ends with 3 where it can not', async () => {
    const environment = { DATABASE_URL: database.url, REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    const [status, retry, drain] = await Promise.all([
      runOps(environment, 'status', '--json'),
      runOps(environment, 'retry'),
      runOps(environment, 'drain'),
    ]);
    expect(status.code).to.equal(1);
    expect(status.json.queue).to.include({ backend: 'redis', counts: null });
    expect(retry).to.include({ code: 3, stdout: '' });
    expect(retry.stderr).to.include('Redis can not be reached');
    expect(drain.code).to.equal(0);
  });

  it('says where it looked when the queue was never made there', async () => {
    await database.db.raw('drop schema if exists bullmq cascade');
    const { code, stderr } = await runOps({ DATABASE_URL: database.url }, 'retry');
    expect(code).to.equal(3);
    expect(stderr).to.include('REDIS_URL is not set');
  });

  it('shows progress on a terminal, and only there', async function () {
    const [customer = ''] = await addCustomers(database.db, 1);
    await accept(database.db, purchase(customer, 100));
    const environment = { PATH: process.env.PATH, DATABASE_URL: database.url };
    const quiet = await runOps({ DATABASE_URL: database.url }, 'reconcile');
    expect(quiet.stderr).to.equal('');
    if (spawnSync('script', ['--version']).status !== 0) {
      console.log('LEFT OUT: progress bars, because there is no `script` to make a terminal');
      this.skip();
    }
    const command = [process.execPath, OPS_MAIN, 'drain', '--apply'].join(' ');
    const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
      env: environment,
      encoding: 'utf8',
    });
    expect(status).to.equal(0);
    expect(stdout).to.match(/applied \[[=-]+\] \d\/1/);
    expect(stdout).to.include('Nothing is pending.');
  });

  it('asks the service that `npm start` runs here, when no environment says otherwise', () => {
    const data_dir = mkdtempSync(join(tmpdir(), 'customer-service-ops-'));
    try {
      writeFileSync(join(data_dir, 'running.json'), JSON.stringify({ database_url: database.url, redis_url: null }));
      const env = { PATH: process.env.PATH, DATA_DIR: data_dir };
      const run = (...args: string[]) =>
        spawnSync(process.execPath, [...SOURCE_FLAGS, SCRIPT, ...args], { env, encoding: 'utf8' });
      const { status, stdout } = run('reconcile');
      expect(status).to.equal(0);
      expect(stdout).to.match(/^1 account audited, and the figures of analytics: 0 differences$/m);
      expect(run('explain', '0197f0a4-5b6c-7d8e-9f00-112233445566').status).to.equal(1);
    } finally {
      rmSync(data_dir, { recursive: true });
    }
  });
});
