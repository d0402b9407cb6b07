// The service as it is deployed: API and worker as processes of their own, on a database and a queue of their own.
// Requests go over real HTTP, and every answer is held against the OpenAPI document that the API itself serves.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Role } from '@customer-service/domain';
import jwt from 'jsonwebtoken';
import { type Contract, readContract } from './contract.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { redisProgram } from './redis.ts';

export const SECRET = 'a secret of the tests, longer than 32 bytes';

export type QueueBackend = 'postgresql' | 'redis';

/** The backends that this machine can test; global.ts says so when one is left out. */
export const backends: QueueBackend[] =
  process.env.TEST_REDIS_URL || redisProgram() ? ['postgresql', 'redis'] : ['postgresql'];

export interface ServiceOptions {
  backend?: QueueBackend;
  /** How many worker processes; none leaves everything pending. */
  workers?: number;
  environment?: Record<string, string>;
}

export interface RequestOptions {
  /** `null` sends no token. */
  role?: Role | null;
  /** The whole Authorization header, instead of a role's. */
  authorization?: string;
  sub?: string;
  /** An object is sent as JSON, a string or bytes as they are. */
  body?: object | string | Uint8Array;
  headers?: Record<string, string>;
  /** Gives a redirect as it is, instead of following it. */
  redirect?: 'manual';
}

export interface Response {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what tests look into is the contract's to say, not the compiler's
  body: any;
}

export interface Service {
  url: string;
  database: TestDatabase;
  environment: Record<string, string>;
  workers: ChildProcess[];
  api: ChildProcess;
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
  startWorker(environment?: Record<string, string>): Promise<ChildProcess>;
  stop(): Promise<void>;
}

let redisDatabases = 0;

/** A Redis database that nobody else of this run has; the server of the suite has 64 (redis.ts), others at least 16. */
export function nextRedisUrl(): string {
  return `${process.env.TEST_REDIS_URL}/${redisDatabases++}`;
}

export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const database = await createDatabase();
  const environment: Record<string, string> = {
    DATABASE_URL: database.url,
    ...(options.backend === 'redis' && { REDIS_URL: nextRedisUrl() }),
    JWT_SECRET: SECRET,
    PORT: '0',
    LOG_LEVEL: 'error',
    ...options.environment,
  };
  const api = await startProcess('api', environment);
  const contract = await readContract(api.url as string);
  const workers: ChildProcess[] = [];
  const startWorker = async (more: Record<string, string> = {}) => {
    const { child } = await startProcess('worker', { ...environment, ...more });
    workers.push(child);
    return child;
  };
  await Promise.all(Array.from({ length: options.workers ?? 0 }, () => startWorker()));
  const url = api.url as string;
  return {
    url,
    database,
    environment,
    workers,
    api: api.child,
    request: (method, path, request = {}) => send(url, contract, { method, path, ...request }),
    startWorker,
    stop: async () => {
      await Promise.all([...workers, api.child].map(endProcess));
      await database.drop();
    },
  };
}

/** @returns the process once it has announced that it is ready */
export function startProcess(
  name: 'api' | 'worker',
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; url?: string }> {
  const main = fileURLToPath(new URL(`../../apps/${name}/src/main.ts`, import.meta.url));
  const child = fork(main, {
    env: { PATH: process.env.PATH, ...environment },
    execArgv: ['--import', 'tsx', '--conditions=@customer-service/source'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (ready) => resolve({ child, url: (ready as { url?: string }).url }));
    child.once('exit', (code) => reject(new Error(`${name} ended with code ${code} before it was ready`)));
  });
}

/** Asks a process to end as a deployment does, and waits for it. @returns its exit code */
export function endProcess(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
    child.once('exit', resolve);
    child.kill('SIGCONT');
    child.kill('SIGTERM');
  });
}

export function tokenFor(role: string, sub = `test-${role}`, secret = SECRET): string {
  return jwt.sign({ sub, role }, secret, { algorithm: 'HS256', expiresIn: '1h' });
}

async function send(
  url: string,
  contract: Contract,
  request: RequestOptions & { method: string; path: string },
): Promise<Response> {
  const { method, path, role = 'admin', body, sub } = request;
  const authorization = request.authorization ?? (role === null ? undefined : `Bearer ${tokenFor(role, sub)}`);
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${url}${path}`, {
    method,
    ...(request.redirect && { redirect: request.redirect }),
    headers: {
      ...(authorization !== undefined && { Authorization: authorization }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...request.headers,
    },
    ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = /json/.test(response.headers.get('content-type') ?? '');
  const answer = {
    status: response.status,
    headers: response.headers,
    body: json && text !== '' ? JSON.parse(text) : text,
  };
  contract.check(method, path, answer);
  return answer;
}
