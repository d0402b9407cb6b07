// What `npm start` leaves for the other commands on this machine: where the service is, and how to get in. Kept beside
// the data, readable by its owner only, while the service runs.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '@customer-service/domain';
import { defaultDataDir } from './embedded-postgres.ts';

export interface Local {
  url: string;
  /** Metrics and probes of the API. */
  ops_url: string;
  tokens: Record<Role, string>;
  database_url: string;
  redis_url: string | null;
}

const file = () => join(process.env.DATA_DIR || defaultDataDir(), 'running.json');

export function writeLocal(local: Local): void {
  rmSync(file(), { force: true });
  writeFileSync(file(), JSON.stringify(local, null, 2), { mode: 0o600 });
}

/**
 * The service that a command is for: the one it names, or else the one of `npm start` on this machine, whose admin token
 * goes to that service only, never to another one.
 * @throws Error that says what is missing
 */
export function findService(named: { url?: string | undefined; token?: string | undefined }): {
  url: string;
  token: string;
} {
  const local = named.url && named.token ? undefined : readLocal();
  const url = named.url ?? local?.url;
  const token = named.token ?? (url === local?.url ? local?.tokens.admin : undefined);
  if (!url || !token) throw new Error('No service: give --url and --token, or run `npm start` first.');
  if (!URL.canParse(url)) throw new Error(`--url ${url} is not a URL.`);
  return { url, token };
}

/** Undefined when `npm start` does not run here. */
export function readLocal(): Local | undefined {
  return existsSync(file()) ? JSON.parse(readFileSync(file(), 'utf8')) : undefined;
}

export function forgetLocal(): void {
  rmSync(file(), { force: true });
}
