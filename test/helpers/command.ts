// A command of the repository, run as a process to its end.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

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
  const flags = ['--import', 'tsx', '--conditions=@customer-service/source', path, ...args];
  return runProgram(process.execPath, flags, environment);
}
