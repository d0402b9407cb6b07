// The command line for people who look after the service, as they call it: in a process of its own.

import { execFile } from 'node:child_process';
import { compiled } from './command.ts';

export const OPS_MAIN = compiled('ops');

export interface OpsAnswer {
  code: number;
  stdout: string;
  stderr: string;
  // biome-ignore lint/suspicious/noExplicitAny: each command has a document of its own
  json: any;
}

/** Runs `npm run ops -- …args` without npm; `json` is what was printed, when it is JSON. */
export function runOps(environment: Record<string, string>, ...args: string[]): Promise<OpsAnswer> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, ...environment };
    execFile(process.execPath, [OPS_MAIN, ...args], { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({
        code,
        stdout,
        stderr,
        json: args.includes('--json') && stdout !== '' ? JSON.parse(stdout) : undefined,
      });
    });
  });
}
