// Everything that happens to the rig, each with its end: when `happen` is over the fault is, and what it broke may still
// be coming back. Most are short, so that there are many; some last longer than the time limits that they run into.

import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '@customer-service/store';
import { Redis } from 'ioredis';
import type { Random } from '../../helpers/random.ts';
import type { Moment, TcpProxy, Weather } from '../../helpers/tcp-proxy.ts';
import { until } from '../../helpers/until.ts';
import type { Ending } from './postgres.ts';
import type { Rig } from './rig.ts';
import type { Member } from './supervisor.ts';

export interface Fault {
  name: string;
  happen(rig: Rig, random: Random): Promise<unknown>;
}

/** Those that this machine can make; where the queue is in PostgreSQL there are none of Redis. */
export function faultsFor({ servers, queue }: Rig): Fault[] {
  return [
    ...PROCESSES,
    ...CRASHES.filter(({ needsRedis }) => !needsRedis || queue === 'redis'),
    ...POSTGRES,
    ...NETWORK,
    ...(queue === 'redis' ? REDIS : []),
    ...(servers.postgres.no_small_disk === null ? [DISK_FULL] : []),
  ];
}

const PROCESSES: Fault[] = [
  ...(['api', 'worker'] as const).flatMap((role): Fault[] => [
    { name: `kill -9 ${role}`, happen: async (rig, random) => one(rig, random, role).signal('SIGKILL') },
    { name: `restart ${role}`, happen: async (rig, random) => one(rig, random, role).signal('SIGTERM') },
    {
      name: `freeze ${role}`,
      happen: async (rig, random) => {
        const member = one(rig, random, role);
        member.signal('SIGSTOP');
        await pause(random.mostly(300, 4_500));
        member.signal('SIGCONT');
      },
    },
  ]),
  {
    name: 'kill -9 all workers',
    happen: async ({ workers }) => {
      for (const worker of workers) worker.signal('SIGKILL');
    },
  },
];

const one = (rig: Rig, random: Random, role: Member['role']): Member =>
  random.one(role === 'api' ? rig.apis : rig.workers);

/**
 * The moments on the wire between two of which a process dies. Whatever it did in between nobody else can tell, so these
 * are all the points at which it can crash; and the code needs to know nothing of them.
 */
export const MOMENTS = {
  'api before insert': { text: 'insert into loyalty_transactions', what: 'question' },
  'api after commit': { text: 'insert into loyalty_transactions', what: 'answer' },
  'worker before commit': { after: 'update loyalty_transactions', text: 'COMMIT', what: 'question' },
  'worker after commit': { after: 'update loyalty_transactions', text: 'COMMIT', what: 'answer' },
} satisfies Record<string, Moment>;

/** With what BullMQ rings: the script that adds jobs. Not what it says of itself whenever it has connected. */
export const RING: Moment = { text: 'bull:loyalty:wait', what: 'question' };

const CRASHES: (Fault & { needsRedis?: boolean })[] = [
  ...(Object.entries(MOMENTS) as [keyof typeof MOMENTS, Moment][]).map(([name, moment]) => ({
    name: `crash ${name}`,
    happen: (rig: Rig, random: Random) => crash(one(rig, random, name.startsWith('api') ? 'api' : 'worker'), moment),
  })),
  {
    name: 'crash api before ring',
    needsRedis: true,
    happen: async (rig, random) => {
      const member = one(rig, random, 'api');
      await crash(member, RING, { way: member.redis as TcpProxy });
    },
  },
  ...(['api', 'worker'] as const).map((role) => ({
    name: `lose an answer to the ${role}`,
    happen: async (rig: Rig, random: Random) => {
      const moment = MOMENTS[`${role} after commit`];
      const caught = await soon(one(rig, random, role).postgres, moment);
      caught?.cut();
    },
  })),
];

/** Kills the process at that moment, if it comes to it in time. @returns whether it did */
export async function crash(
  member: Member,
  moment: Moment,
  { way = member.postgres, within_ms = MOMENT_MS }: { way?: TcpProxy; within_ms?: number } = {},
): Promise<boolean> {
  const caught = await soon(way, moment, within_ms);
  if (caught === undefined) return false;
  member.signal('SIGKILL');
  // Dead or not, nothing of what was held arrives.
  caught.cut();
  return true;
}

const MOMENT_MS = 2_000;

async function soon(proxy: TcpProxy, moment: Moment, within_ms = MOMENT_MS) {
  const { caught, cancel } = proxy.catch(moment);
  const timer = setTimeout(cancel, within_ms);
  const found = await caught;
  clearTimeout(timer);
  return found;
}

async function on<T>(port: number, act: (client: Redis) => Promise<T>): Promise<void> {
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  try {
    await act(client);
  } finally {
    client.disconnect();
  }
}

const redisOf = (rig: Rig) => rig.servers.redis as NonNullable<typeof rig.servers.redis>;

const REDIS: Fault[] = [
  { name: 'redis flushall', happen: (rig) => on(redisOf(rig).port, (client) => client.flushall()) },
  {
    name: 'redis kill -9',
    happen: async (rig, random) => {
      await redisOf(rig).kill();
      await pause(random.mostly(0, 3_000));
      await redisOf(rig).start();
    },
  },
  {
    name: 'redis freeze',
    happen: async (rig, random) => {
      redisOf(rig).signal('SIGSTOP');
      await pause(random.mostly(300, 4_000));
      redisOf(rig).signal('SIGCONT');
    },
  },
  {
    name: 'redis full',
    happen: async (rig, random) => {
      await on(redisOf(rig).port, (client) => client.config('SET', 'maxmemory', '1mb'));
      await pause(random.mostly(500, 3_000));
      await on(redisOf(rig).port, (client) => client.config('SET', 'maxmemory', '0'));
    },
  },
  {
    name: 'redis read-only',
    happen: async (rig, random) => {
      await on(redisOf(rig).port, (client) => client.replicaof('127.0.0.1', 1));
      await pause(random.mostly(500, 3_000));
      await on(redisOf(rig).port, (client) => client.replicaof('NO', 'ONE'));
    },
  },
  {
    name: 'redis cuts clients',
    happen: (rig) => on(redisOf(rig).port, (client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal')),
  },
];

/** As long as this, and back empty. */
export const noRedis = (ms: number): Fault => ({
  name: 'no redis',
  happen: async (rig) => {
    await redisOf(rig).kill();
    await pause(ms);
    await redisOf(rig).start();
  },
});

/** Again, where a server that has just come back ends the first tries: the connection may be one from before. */
async function insist(db: Database, sql: string, bindings: number[] = []): Promise<void> {
  let last: unknown;
  const done = () =>
    db.raw(sql, bindings).then(
      () => true,
      (error) => {
        last = error;
        return false;
      },
    );
  await until(done, { what: sql, timeout_ms: 30_000 }).catch((error: Error) => {
    throw new Error(error.message, { cause: last });
  });
}

const POSTGRES: Fault[] = [
  ...(['fast', 'immediate', 'kill -9'] as const).map((how: Ending) => ({
    name: `postgresql ${how}`,
    happen: async ({ servers: { postgres } }: Rig, random: Random) => {
      await postgres.end(how);
      await pause(random.mostly(0, 1_500));
      await postgres.start();
    },
  })),
  {
    name: 'postgresql freeze',
    happen: async ({ servers: { postgres } }, random) => {
      postgres.signal('SIGSTOP');
      await pause(random.mostly(300, 3_500));
      postgres.signal('SIGCONT');
    },
  },
  {
    name: 'postgresql ends backends',
    happen: async ({ db }, random) => {
      await insist(
        db,
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name <> 'oracle' and hashint4(pid + ?) % 2 = 0`,
        [random.between(0, 1_000)],
      );
    },
  },
  {
    name: 'postgresql read-only',
    happen: async ({ db }, random) => {
      const turn = async (on: boolean) => {
        await insist(db, `alter system set default_transaction_read_only = ${on}`);
        await insist(db, 'select pg_reload_conf()');
      };
      await turn(true);
      await insist(
        db,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name <> 'oracle' and pid <> pg_backend_pid()",
      );
      await pause(random.mostly(300, 1_500));
      await turn(false);
    },
  },
  {
    name: 'an account is locked',
    happen: async ({ db }, random) => {
      const lock = db.transaction(async (tx) => {
        await tx.raw('set local idle_in_transaction_session_timeout = 0');
        await tx.raw(
          'select from loyalty_accounts where customer_id = (select customer_id from loyalty_accounts order by random() limit 1) for no key update',
        );
        await pause(random.mostly(300, 2_500));
      });
      // The server may have come back a moment ago, and this be a connection from before.
      await lock.catch(() => {});
    },
  },
];

const DISK_FULL: Fault = {
  name: 'disk full',
  happen: async ({ servers: { postgres } }, random) => {
    await postgres.fillDisk();
    await pause(random.mostly(300, 2_000));
    postgres.emptyDisk();
  },
};

const WEATHER: ((random: Random) => Weather)[] = [
  (random) => ({ mode: 'latency', ms: random.between(5, 200) }),
  (random) => ({ mode: 'bandwidth', bytes_per_s: random.between(20_000, 500_000) }),
  ...(['blackhole', 'half-open', 'drop-up', 'drop-down', 'refuse', 'reset'] as const).map((mode) => () => ({ mode })),
];

/** On one way of one process: to PostgreSQL, or to Redis. */
const NETWORK: Fault[] = WEATHER.map((make) => {
  const { mode } = make({ between: () => 0 } as unknown as Random);
  return {
    name: `network ${mode}`,
    happen: async (rig, random) => {
      const member = random.one(rig.members);
      const way = random.chance(0.5) ? member.postgres : (member.redis ?? member.postgres);
      await way.turn(make(random));
      await pause(random.mostly(200, 4_000));
      await way.mend();
    },
  };
});
