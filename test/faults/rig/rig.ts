// The whole service on this machine, to be broken: processes under a supervisor, a PostgreSQL and a Redis of their own,
// and a fault proxy on each of the ways between them. No container, nothing outside loopback, and nothing stays.

import { type Database, isStorageFault, openDatabase } from '@customer-service/store';
import { type Random, seeded } from '../../helpers/random.ts';
import { freePort, type PrivateRedis, redisProgram, startRedis } from '../../helpers/redis.ts';
import { SECRET } from '../../helpers/service.ts';
import { startProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts';
import { type RigPostgres, startRigPostgres } from './postgres.ts';
import { type Member, type MemberRole, supervise } from './supervisor.ts';

/** The servers, which several rigs may have one after the other. */
export interface Servers {
  postgres: RigPostgres;
  /** Null: this machine has none, and the queue is in PostgreSQL. */
  redis: RigRedis | null;
  stop(): Promise<void>;
}

export interface RigRedis {
  port: number;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Kills it; `start` brings it back, empty. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface RigOptions {
  seed: number;
  apis?: number;
  workers?: number;
  environment?: Record<string, string>;
  /** Where the queue is; Redis, if not given and there is one. */
  queue?: Queue;
  /** Another one, compiled, whose processes run. */
  checkout?: string;
}

export type Queue = 'redis' | 'postgresql';

export interface Rig {
  seed: number;
  random: Random;
  servers: Servers;
  queue: Queue;
  /** Past every proxy, for whoever looks on. */
  db: Database;
  database_url: string;
  members: Member[];
  apis: Member[];
  workers: Member[];
  urls: string[];
  /** Of logged lines: how many, and those that must not be. */
  log: LogWatch;
  /** The largest resident memory of a process now, in bytes. */
  memory(): Promise<number>;
  /** Whatever the rig was made to suffer ends: all weather clears, all servers and processes run. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export interface LogWatch {
  lines: number;
  /** What tells of a fault in the code and not in the world: lines of level error and above. */
  errors: string[];
  /** Lines with one of these words of persons. */
  secrets: Set<string>;
  leaks: string[];
  /** The last lines, for whoever asks why. */
  tail: string[];
  /** The longest that a worker's SQL transaction took, in ms; of those under 150 ms not every one is logged. */
  longest_apply_ms: number;
}

export async function startServers(options: { small_disk?: boolean } = {}): Promise<Servers> {
  const postgres = await startRigPostgres(options);
  try {
    const program = redisProgram();
    const redis = program === undefined ? null : await startRigRedis(program);
    return {
      ...{ postgres, redis },
      stop: async () => {
        await redis?.kill();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function startRigRedis(program: string): Promise<RigRedis> {
  let redis: PrivateRedis = await startRedis(program);
  const { port } = redis;
  return {
    port,
    signal: (name) => void redis.child.kill(name),
    kill: () => redis.stop(),
    start: async () => {
      redis = await startRedis(program, port);
    },
  };
}

export async function startRig(servers: Servers, options: RigOptions): Promise<Rig> {
  const { seed, apis = 2, workers = 2 } = options;
  const queue = servers.redis === null ? 'postgresql' : (options.queue ?? 'redis');
  const random = seeded(seed);
  const database_url = await servers.postgres.createDatabase();
  const db = openDatabase({
    url: database_url,
    pool_max: 4,
    application_name: 'oracle',
    statement_timeout_ms: 120_000,
  });
  const log: LogWatch = { lines: 0, errors: [], secrets: new Set(), leaks: [], tail: [], longest_apply_ms: 0 };
  const members: Member[] = [];
  const urls: string[] = [];
  const add = async (role: MemberRole, number: number) => {
    const name = `${role} ${number}`;
    const chance = random.fork(name).next;
    const postgres = await startProxy({ host: '127.0.0.1', port: servers.postgres.port }, chance);
    const redis =
      queue === 'redis' && servers.redis
        ? await startProxy({ host: '127.0.0.1', port: servers.redis.port }, chance)
        : null;
    const port = await freePort();
    if (role === 'api') urls.push(`http://127.0.0.1:${port}`);
    const environment = {
      ...{ DATABASE_URL: through(postgres, database_url), JWT_SECRET: SECRET, RATE_LIMITS: 'off', LOG_LEVEL: 'info' },
      ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.port}` }),
      ...(role === 'api' && { PORT: String(port) }),
      ...options.environment,
    };
    const { checkout } = options;
    members.push(supervise({ role, name, environment, postgres, redis, checkout, onLine: (line) => look(log, line) }));
  };
  const rig: Rig = {
    ...{ seed, random, servers, queue, db, database_url, members, apis: [], workers: [], urls, log },
    memory: async () => Math.max(...(await Promise.all(members.map((member) => member.memory())))),
    heal: async () => {
      servers.postgres.signal('SIGCONT');
      servers.postgres.emptyDisk();
      servers.redis?.signal('SIGCONT');
      for (const member of members) member.signal('SIGCONT');
      await Promise.all(members.flatMap(({ postgres, redis }) => [postgres.mend(), redis?.mend()]));
      await Promise.all(members.map((member) => member.ready())).catch((error: Error) => {
        throw new Error(`${error.message}; the processes said last:\n${log.tail.join('\n')}`);
      });
    },
    stop: async () => {
      servers.redis?.signal('SIGCONT');
      await Promise.all(members.flatMap(({ postgres, redis }) => [postgres.mend(), redis?.mend()]));
      await Promise.all(members.map((member) => member.stop()));
      await Promise.all(members.flatMap(({ postgres, redis }) => [postgres.close(), redis?.close()]));
      await db.destroy();
    },
  };
  try {
    for (let number = 1; number <= apis; number++) await add('api', number);
    for (let number = 1; number <= workers; number++) await add('worker', number);
    rig.apis = members.filter(({ role }) => role === 'api');
    rig.workers = members.filter(({ role }) => role === 'worker');
    await Promise.all(members.map((member) => member.ready()));
    return rig;
  } catch (error) {
    await rig.stop();
    throw new Error(`the rig did not start; the processes said last:\n${log.tail.join('\n')}`, { cause: error });
  }
}

function through(proxy: TcpProxy, database_url: string): string {
  const url = new URL(database_url);
  url.port = String(proxy.port);
  return url.href;
}

const KEPT = 40;

function look(log: LogWatch, line: string): void {
  log.lines += 1;
  log.tail.push(line.slice(0, 600));
  if (log.tail.length > KEPT) log.tail.shift();
  const said = line.startsWith('{') ? (JSON.parse(line) as Line) : null;
  // What is no JSON is a crash's last words, or a warning of Node's.
  const isFault = said === null ? line.trim() !== '' : isFaultOfOurs(said);
  if (isFault && log.errors.length < 1_000) log.errors.push(line.slice(0, 600));
  if (said?.msg === 'applied') log.longest_apply_ms = Math.max(log.longest_apply_ms, said.duration_ms ?? 0);
  for (const secret of log.secrets) if (line.includes(secret)) log.leaks.push(line.slice(0, 300));
}

/** Of level error or above, and not about a database that was away or busy. */
function isFaultOfOurs({ level, error, err = error }: Line): boolean {
  if (level < 50) return false;
  return err === undefined || typeof err === 'string' || !isStorageFault({ ...err, name: err.type });
}

interface Line {
  level: number;
  msg: string;
  duration_ms?: number;
  error?: Logged;
  err?: Logged;
}

type Logged = { type?: string; code?: string; message?: string };
