// An API or a worker as a deployment runs it: a process that is started again whenever it ends, with a piece of network
// of its own to PostgreSQL and to Redis. Every line it logs is handed on, none is kept.

import { type ChildProcess, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { forkProcess } from '../../helpers/service.ts';
import type { TcpProxy } from '../../helpers/tcp-proxy.ts';
import { until } from '../../helpers/until.ts';

export type MemberRole = 'api' | 'worker';

export interface MemberOptions {
  role: MemberRole;
  name: string;
  environment: Record<string, string>;
  /** To PostgreSQL and to Redis. */
  postgres: TcpProxy;
  redis: TcpProxy | null;
  /** Another one, compiled. */
  checkout?: string | undefined;
  onLine(line: string, member: string): void;
}

export interface Member {
  role: MemberRole;
  name: string;
  postgres: TcpProxy;
  redis: TcpProxy | null;
  /** The ends it put to itself after it had been ready: nobody asked for them. */
  collapses: string[];
  /** How often it was started. */
  starts(): number;
  isReady(): boolean;
  /** Where it is watched, while it is ready. */
  opsUrl(): string | undefined;
  ready(timeout_ms?: number): Promise<unknown>;
  signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Resident memory in bytes; 0 while there is none. */
  memory(): Promise<number>;
  /** Ends it for good, however it is. @returns the exit code of an orderly end */
  stop(): Promise<number | null>;
}

/** As systemd does, unless it is told otherwise. */
const AGAIN_AFTER_MS = 100;
const STOP_LIMIT_MS = 15_000;

export function supervise(options: MemberOptions): Member {
  const { role, name, environment, postgres, redis, checkout, onLine } = options;
  let [child, starts, ready, asked, stopping]: [ChildProcess | undefined, number, boolean, boolean, boolean] = [
    ...([undefined, 0, false, false, false] as const),
  ];
  const collapses: string[] = [];
  let ops_url: string | undefined;
  /** Why it ends, as it says itself. */
  let fatal = '';

  const start = (): Promise<number | null> => {
    [ready, asked, fatal] = [false, false, ''];
    starts += 1;
    const started = forkProcess(role, environment, { silent: true, checkout });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (line.includes('"level":60')) fatal = `: ${line.slice(0, 1_500)}`;
        onLine(line, name);
      });
    }
    started.once('message', (said) => {
      ready = true;
      ops_url = (said as { ops_url?: string }).ops_url;
    });
    return new Promise((resolve) => {
      started.once('exit', (code, signal) => {
        // Before it is ready it may give up, as when PostgreSQL is away: that is what it is started again for.
        if (ready && !asked) collapses.push(`${name} ended by itself: ${signal ?? `exit code ${code}`}${fatal}`);
        ready = false;
        resolve(code);
      });
    });
  };

  // A frozen one does not notice that its rig is gone.
  const killAtExit = () => void child?.kill('SIGKILL');
  process.once('exit', killAtExit);

  let last: number | null = null;
  const running = (async () => {
    while (!stopping) {
      last = await start();
      if (!stopping) await pause(AGAIN_AFTER_MS);
    }
  })();

  return {
    ...{ role, name, postgres, redis, collapses },
    starts: () => starts,
    isReady: () => ready,
    opsUrl: () => (ready ? ops_url : undefined),
    ready: (timeout_ms = 60_000) => until(() => ready, { what: `${name} to be ready`, timeout_ms }),
    signal: (signal) => {
      if (signal === 'SIGKILL' || signal === 'SIGTERM') asked = true;
      child?.kill(signal);
    },
    memory: () => residentMemory(child?.pid),
    stop: async () => {
      stopping = true;
      asked = true;
      child?.kill('SIGCONT');
      child?.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_LIMIT_MS);
      await running;
      clearTimeout(timer);
      process.off('exit', killAtExit);
      return last;
    },
  };
}

/** From where Linux has it: to start a program for it would hold up all of the rig, its proxies included. */
async function residentMemory(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)]);
    return Number(stdout.toString().trim() || 0) * 1024;
  }
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}
