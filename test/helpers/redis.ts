// A private redis-server on a free port, without persistence, that ends with the suite.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { until } from './until.ts';

export interface PrivateRedis {
  url: string;
  port: number;
  child: ChildProcess;
  stop(): Promise<void>;
}

/** The server this machine has; undefined when it has neither. */
export function redisProgram(): string | undefined {
  return ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
}

export async function startRedis(program: string, wanted_port?: number): Promise<PrivateRedis> {
  const port = wanted_port ?? (await freePort());
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--databases',
    '1000',
  ];
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // Does not outlive the suite, whatever ends it.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  await until(() => answers(port), { what: `${program} on port ${port}` });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    child,
    stop: async () => {
      end();
      await ended;
      process.off('exit', end);
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const client = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** Below those that the system gives out, and a thousand for each process that runs test files: nobody else takes it. */
const FIRST_PORT = 20_000 + 1_000 * (Number(process.env.MOCHA_WORKER_ID ?? 0) % 12);
let ports = 0;

export function freePort(): Promise<number> {
  const port = FIRST_PORT + (ports++ % 1_000);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(freePort()));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
