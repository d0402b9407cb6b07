// A PostgreSQL of the rig's own that can be ended in every way there is, frozen, cut off from its clients, and filled up.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareQueue } from '@customer-service/runtime';
import { type Database, migrate, openDatabase } from '@customer-service/store';
import { type EmbeddedPostgres, startPostgres } from '../../../scripts/embedded-postgres.ts';
import { freePort } from '../../helpers/redis.ts';
import { until } from '../../helpers/until.ts';

export type Ending = 'fast' | 'immediate' | 'kill -9';

export interface RigPostgres {
  port: number;
  /** Of a fresh copy of the migrated database. */
  createDatabase(): Promise<string>;
  /** Ends the server in that way; `start` brings it back, on the same port. */
  end(how: Ending): Promise<void>;
  start(): Promise<void>;
  /** Every process of it, at once. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Why its disk can't be filled on this machine; null when it can. */
  no_small_disk: string | null;
  fillDisk(): Promise<void>;
  emptyDisk(): void;
  stop(): Promise<void>;
}

const TEMPLATE = 'template_rig';
/** Enough for the data of a release run; what is left of it is filled up to make it full. */
const DISK = '512m';
const SETTINGS = {
  // The rig kills processes, never the machine: what fsync protects from can't happen here. Commits are waited for.
  ...{ fsync: 'off', full_page_writes: 'off', synchronous_commit: 'on', max_connections: '300' },
  ...{ max_wal_size: '128MB', shared_buffers: '128MB' },
  // Sooner than a worker gives up waiting for a lock, so that a deadlock is told as one.
  deadlock_timeout: '100ms',
};

export async function startRigPostgres({ small_disk = false } = {}): Promise<RigPostgres> {
  const data_dir = mkdtempSync(join(tmpdir(), 'customer-service-rig-'));
  const no_small_disk = small_disk ? mountSmallDisk(data_dir) : 'not asked for';
  const cleanUp = () => {
    if (no_small_disk === null) spawnSync('umount', ['--lazy', data_dir]);
    rmSync(data_dir, { recursive: true, force: true });
  };
  // Whatever ends the run: the server ends with its owner, and nothing of it stays.
  process.once('exit', cleanUp);
  const start = (preferred_port: number) => startPostgres({ data_dir, settings: SETTINGS, preferred_port });
  let server: EmbeddedPostgres = await start(await freePort());
  const { port } = server;
  await makeTemplate(server.url);

  const pidFile = join(data_dir, 'postgres/postmaster.pid');
  let pid = readPid(pidFile);
  let databases = 0;
  const ballast = join(data_dir, 'ballast');
  const signalAll = (name: NodeJS.Signals) => {
    for (const each of [pid, ...childrenOf(pid)]) kill(each, name);
  };
  // A frozen server does not hear that its owner has ended.
  const thaw = () => signalAll('SIGCONT');
  process.once('exit', thaw);
  const postgres: RigPostgres = {
    port,
    no_small_disk,
    createDatabase: async () => {
      const name = `rig_${++databases}`;
      await onServer(server.url, `create database ${name} template ${TEMPLATE}`);
      return namedUrl(server.url, name);
    },
    end: async (how) => {
      if (how === 'kill -9') signalAll('SIGKILL');
      else kill(pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await until(() => !kill(pid, 0), { what: 'the end of PostgreSQL', timeout_ms: 30_000 });
    },
    start: async () => {
      server = await start(port);
      if (server.port !== port) throw new Error(`PostgreSQL came back on port ${server.port} instead of ${port}`);
      pid = readPid(pidFile);
    },
    signal: signalAll,
    fillDisk: async () => {
      const file = await open(ballast, 'w');
      const piece = Buffer.alloc(4_000_000);
      try {
        for (;;) await file.write(piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        await file.close();
      }
    },
    emptyDisk: () => rmSync(ballast, { force: true }),
    stop: async () => {
      thaw();
      process.off('exit', thaw);
      await server.stop();
      cleanUp();
      process.off('exit', cleanUp);
    },
  };
  return postgres;
}

/** @returns why there is none, or null */
function mountSmallDisk(path: string): string | null {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=755`, 'tmpfs', path]);
  return status === 0 ? null : `a small disk can't be mounted here: ${stderr?.toString().trim()}`;
}

async function makeTemplate(server_url: string): Promise<void> {
  await onServer(server_url, `create database ${TEMPLATE}`);
  const url = namedUrl(server_url, TEMPLATE);
  await migrate(url);
  await prepareQueue({ redis_url: null, direct_database_url: url });
}

function namedUrl(server_url: string, name: string): string {
  const url = new URL(server_url);
  url.pathname = name;
  return url.href;
}

async function onServer(url: string, sql: string): Promise<void> {
  const server: Database = openDatabase({ url, pool_max: 1, application_name: 'rig', statement_timeout_ms: 0 });
  try {
    await server.raw(sql);
  } finally {
    await server.destroy();
  }
}

const readPid = (file: string): number => Number(readFileSync(file, 'utf8').split('\n')[0]);

function childrenOf(parent: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout
    .toString()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []));
}

/** @returns whether there was such a process */
function kill(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
