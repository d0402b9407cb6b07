// A PostgreSQL that the machine has installed, with the programs that the embedded one comes without: pg_dump and
// pg_restore. Started for one test, in a folder of its own, on a free port, for connections from here only.

import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseAnswers, openDatabase } from '@customer-service/store';
import { freePort } from './redis.ts';
import { until } from './until.ts';

export interface InstalledPostgres {
  url: string;
  /** Full path of one of its programs. */
  program(name: string): string;
  stop(): Promise<void>;
}

const VERSIONS = '/usr/lib/postgresql';
const NEEDED = ['initdb', 'postgres', 'pg_dump', 'pg_restore'];

/** The programs of the newest version, as Debian installs them; undefined when one of those needed is missing. */
export function findInstalledPostgres(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(VERSIONS, version, 'bin'));
  return folders.find((folder) => NEEDED.every((name) => existsSync(join(folder, name))));
}

/** PostgreSQL refuses to be root: then it runs as the account that its package made. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync('/var/lib/postgresql');
  return { uid, gid };
}

export async function startInstalledPostgres(bin: string): Promise<InstalledPostgres> {
  const program = (name: string) => join(bin, name);
  const owner = account();
  const folder = mkdtempSync(join(tmpdir(), 'customer-service-installed-'));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const how = { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, ...owner };
  const flags = ['-D', folder, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-sync'];
  const made = spawnSync(program('initdb'), flags, { ...how, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap((each) => [
    '-c',
    each,
  ]);
  const child = spawn(program('postgres'), ['-D', folder, '-p', String(port), ...settings], {
    ...how,
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killAtExit = () => child.kill('SIGQUIT');
  process.once('exit', killAtExit);
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const db = openDatabase({ url, pool_max: 1, application_name: 'test' });
  await until(() => databaseAnswers(db), { what: 'the installed PostgreSQL', timeout_ms: 60_000 });
  await db.destroy();
  return {
    url,
    program,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      process.off('exit', killAtExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
