// A redis-server of this run's own, as a queue wants it: nothing is evicted, and what is acknowledged is appended to a file
// each second, as Redis recommends where data matters.

import { spawn, spawnSync } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';

export interface OwnRedis {
  url: string;
  version: string;
  stop(): Promise<void>;
}

// The pipe closes when its owner dies in whatever way, and then the server is killed.
const GUARD = '"$@" </dev/null & p=$!; read -r _; kill -KILL "$p"';

/** @param data_dir its own, where it writes. @returns undefined where there is neither redis-server nor valkey-server */
export async function startRedis(data_dir: string): Promise<OwnRedis | undefined> {
  const found = ['redis-server', 'valkey-server'].map((name) => ({ name, ...spawnSync(name, ['--version']) }));
  const { name: program, stdout } = found.find(({ status }) => status === 0) ?? {};
  if (program === undefined) return undefined;
  const port = await freePort();
  const options = { port, bind: '127.0.0.1', databases: 64, dir: data_dir, save: '', appendonly: 'yes' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => guard.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    guard.stdout.on('data', (text) => /ready to accept connections/i.test(String(text)) && resolve());
    guard.stdout.once('end', () => reject(new Error(`${program} did not start on port ${port}`)));
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    version: /v=(\S+)/.exec(String(stdout))?.[1] ?? 'unknown',
    stop: () => {
      guard.stdin.end();
      return ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
