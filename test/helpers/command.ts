// A command of the repository, run as a process to its end.

import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What Node needs to run a file of TypeScript with the sources of the workspaces. */
export const SOURCE_FLAGS = ['--import', 'tsx', '--conditions=@customer-service/source'];

const DEPLOYED = ['packages/tracing', 'packages/client', 'apps/api', 'apps/worker', 'apps/ops'];

/**
 * Compiles the processes and commands as they are deployed. They start in half the time that their sources take.
 * @param checkout another one, whose types are its own affair
 */
export function compile(checkout?: string): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = checkout === undefined ? DEPLOYED : ['--noCheck', ...DEPLOYED];
  execFileSync(process.execPath, [tsc, '-b', ...args], { cwd: checkout ?? ROOT, stdio: 'inherit' });
  if (checkout === undefined)
    execFileSync(process.execPath, ['apps/console/build.mjs', '--if-older'], { cwd: ROOT, stdio: 'inherit' });
}

/** The compiled main file of one. */
export const compiled = (name: 'api' | 'worker' | 'ops', checkout = ROOT): string =>
  join(checkout, 'apps', name, 'dist/main.js');

export interface Ended {
  code: number | null;
  output: string;
}

/** Runs a program with nothing but PATH and `environment` in its environment. @returns its exit code and what it printed */
export function runProgram(program: string, args: string[], environment: Record<string, string> = {}): Promise<Ended> {
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Runs a TypeScript file, named from the root of the repository. */
export function runScript(path: string, environment: Record<string, string>, ...args: string[]): Promise<Ended> {
  return runProgram(process.execPath, [...SOURCE_FLAGS, path, ...args], environment);
}
