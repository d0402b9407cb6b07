// What is measured runs here: a PostgreSQL and a Redis of this run's own, on free ports and in a temporary folder, and the
// API and the worker as production runs them: compiled, a process each. Whatever was started is ended.

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareQueue } from '@customer-service/runtime';
import { migrate } from '@customer-service/store';
import pg from 'pg';
import { startPostgres } from '../../scripts/embedded-postgres.ts';
import { startRedis } from './redis.ts';

/** Of PostgreSQL, the same for all. Commits reach the disk, as in production; memory as a small server has it. */
export const POSTGRES_SETTINGS = {
  ...{ shared_buffers: '512MB', max_wal_size: '4GB', checkpoint_timeout: '30min', max_connections: '200' },
};

/** A process that was started, and what it announced when it was ready. */
export interface App {
  child: ChildProcess;
  pid: number;
  /** Of the API. */
  url: string;
  /** As a deployment ends it. */
  stop(): Promise<void>;
}

export interface Servers {
  postgres_url: string;
  /** Undefined where there is no redis-server. */
  redis_url: string | undefined;
  redis_version: string | undefined;
  /** Where everything of this run is kept. */
  data_dir: string;
  stop(): Promise<void>;
}

/** What a suite works with. Whatever it opens by this is closed when the suite is over, however it ends. */
export interface Services {
  /** Of the server; databases are made by `createDatabase`. */
  postgres_url: string;
  /** Undefined where there is no redis-server. */
  redis_url: string | undefined;
  /** An empty database. @returns its URL */
  createDatabase(): Promise<string>;
  /** One with the service's schema and queue. @returns its URL */
  createServiceDatabase(): Promise<string>;
  /** Of the Redis, one that nobody else has. @throws Error without Redis */
  nextRedisUrl(): string;
  /** Its JWT_SECRET is SECRET; its rate limits are counted and hold nobody back. Logs of both go to a file each. */
  startApi(environment: Record<string, string>): Promise<App>;
  startWorker(environment: Record<string, string>): Promise<App>;
  /** A program of this workspace, for what runs beside: contenders, the load (child.ts). */
  startProgram(file: string, environment?: Record<string, string>): Promise<App>;
  /** For SQL that is not measured. */
  pool(url: string): pg.Pool;
  /** Anything else that has to be closed. */
  onClose(close: () => Promise<unknown>): void;
  /** Closes all of it, the last opened first. */
  close(): Promise<void>;
}

export const SECRET = randomBytes(32).toString('hex');
/** Counted as in production, and too high to hold anybody back: the load is one caller who never sleeps. */
const HIGH_LIMITS = 'service=100000000/s,admin=100000000/s,movements=100000000/s';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export async function startServers(): Promise<Servers> {
  const data_dir = mkdtempSync(join(tmpdir(), 'customer-service-bench-'));
  const forget = () => rmSync(data_dir, { recursive: true, force: true });
  try {
    const postgres = await startPostgres({ data_dir, settings: POSTGRES_SETTINGS });
    const redis = await startRedis(data_dir);
    const stop = async () => {
      await redis?.stop();
      await postgres.stop();
      forget();
    };
    return { postgres_url: postgres.url, redis_url: redis?.url, redis_version: redis?.version, data_dir, stop };
  } catch (error) {
    forget();
    throw error;
  }
}

let redis_databases = 0;

/** @param profiles where API and worker leave their CPU profiles when they end; nowhere, if not given */
export function openServices({ postgres_url, redis_url, data_dir }: Servers, profiles?: string): Services {
  const closing: (() => Promise<unknown>)[] = [];
  const onClose: Services['onClose'] = (close) => closing.push(close);
  const pools = new Map<string, pg.Pool>();
  onClose(() => Promise.all([...pools.values()].map((pool) => pool.end())));
  const pool = (url: string) => {
    const known = pools.get(url);
    if (known !== undefined) return known;
    const made = new pg.Pool({ connectionString: url, max: 4 });
    // A connection that ends while nobody uses it; the next query tells.
    made.on('error', () => {});
    pools.set(url, made);
    return made;
  };
  const createDatabase = async () => {
    const name = `bench_${randomBytes(6).toString('hex')}`;
    await pool(postgres_url).query(`create database ${name}`);
    const url = new URL(postgres_url);
    url.pathname = name;
    return url.href;
  };
  const start = async (file: string, environment: Record<string, string>, args: string[] = []) => {
    const log = join(data_dir, `${randomBytes(4).toString('hex')}.log`);
    // On a busy machine the database may not answer within a second; whatever deploys the service starts it again too.
    const attempt = () => startApp(file, { environment, args, log });
    const app = await attempt().catch(attempt).catch(attempt);
    onClose(app.stop);
    return app;
  };
  const startCompiled = (name: 'api' | 'worker', environment: Record<string, string>) =>
    start(
      join(ROOT, `apps/${name}/dist/main.js`),
      { NODE_ENV: 'production', ...environment },
      profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profiles)}`],
    );
  return {
    ...{ postgres_url, redis_url, createDatabase, pool, onClose },
    createServiceDatabase: async () => {
      const url = await createDatabase();
      await migrate(url);
      await prepareQueue({ redis_url: null, direct_database_url: url });
      return url;
    },
    nextRedisUrl: () => {
      if (redis_url === undefined) throw new Error('There is no redis-server.');
      redis_databases += 1;
      return `${redis_url}/${redis_databases}`;
    },
    startApi: (environment) =>
      startCompiled('api', { JWT_SECRET: SECRET, RATE_LIMITS: HIGH_LIMITS, PORT: '0', OPS_PORT: '0', ...environment }),
    startWorker: (environment) => startCompiled('worker', environment),
    startProgram: (file, environment = {}) =>
      start(fileURLToPath(new URL(file, import.meta.url)), environment, ['--import', 'tsx']),
    close: async () => {
      for (const close of closing.splice(0).reverse()) await close().catch((error) => console.error(error));
    },
  };
}

interface Start {
  environment: Record<string, string>;
  args: string[];
  log: string;
}

/** Without the condition by which tests run the sources, our packages are the compiled ones, for programs as well. */
function startApp(file: string, { environment, args, log }: Start): Promise<App> {
  const output = openSync(log, 'a');
  const child = fork(file, {
    env: { PATH: process.env.PATH, ...environment },
    execArgv: args,
    stdio: ['ignore', output, 'inherit', 'ipc'],
  });
  closeSync(output);
  const stop = () => endProcess(child);
  return new Promise((started, reject) => {
    child.once('message', (ready) => {
      const { url = '' } = ready as { url?: string };
      started({ child, pid: child.pid as number, url, stop });
    });
    child.once('exit', (code) =>
      reject(new Error(`${file} ended with code ${code}: ${readFileSync(log, 'utf8').slice(-1_000)}`)),
    );
  });
}

function endProcess(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
