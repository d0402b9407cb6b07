// The service as it is deployed: API and worker as processes of their own, on a database and a queue of their own.
// Requests go over real HTTP, and every answer is held against the OpenAPI document that the API itself serves.

import { type ChildProcess, fork } from 'node:child_process';
import type { Role } from '@customer-service/domain';
import jwt from 'jsonwebtoken';
import { compiled } from './command.ts';
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
  /** One that is there already; dropped with the service. */
  database?: TestDatabase;
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
  /** Where the API is watched. */
  ops_url: string;
  database: TestDatabase;
  environment: Record<string, string>;
  workers: ChildProcess[];
  api: ChildProcess;
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
  startWorker(environment?: Record<string, string>): Promise<ChildProcess>;
  stop(): Promise<void>;
}

/** Test files run in several processes at once, each with a part of the databases of Redis. */
const REDIS_DATABASES = 100;
let redisDatabases = Number(process.env.MOCHA_WORKER_ID ?? 0) * REDIS_DATABASES;

/** A Redis database that nobody else of this run has. */
export function nextRedisUrl(): string {
  return `${process.env.TEST_REDIS_URL}/${redisDatabases++}`;
}

/** As the first service of this process serves it: they all have the same sources, and to prepare it takes half a second. */
let contract: Promise<Contract> | undefined;

export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const database = options.database ?? (await createDatabase());
  const environment: Record<string, string> = {
    DATABASE_URL: database.url,
    ...(options.backend === 'redis' && { REDIS_URL: nextRedisUrl() }),
    JWT_SECRET: SECRET,
    PORT: '0',
    LOG_LEVEL: 'error',
    ...options.environment,
  };
  const workers: ChildProcess[] = [];
  const startWorker = async (more: Record<string, string> = {}) => {
    const { child } = await startProcess('worker', { ...environment, ...more });
    workers.push(child);
    return child;
  };
  const [api] = await Promise.all([
    startProcess('api', environment),
    ...Array.from({ length: options.workers ?? 0 }, () => startWorker()),
  ]);
  contract ??= readContract(api.url as string);
  const known = await contract;
  const url = api.url as string;
  return {
    url,
    ops_url: api.ops_url as string,
    database,
    environment,
    workers,
    api: api.child,
    request: (method, path, request = {}) => send(url, known, { method, path, ...request }),
    startWorker,
    stop: async () => {
      await Promise.all([...workers, api.child].map(endProcess));
      await database.drop();
    },
  };
}

export interface ProcessOptions {
  /** Another checkout, compiled. */
  checkout?: string | undefined;
  /** Its output can be read from the child, instead of going where ours goes. */
  silent?: boolean;
  /** Modules that are loaded before it. */
  imports?: string[];
}

export function forkProcess(
  name: 'api' | 'worker',
  environment: Record<string, string>,
  { checkout, silent = false, imports = [] }: ProcessOptions = {},
): ChildProcess {
  const env = { PATH: process.env.PATH, OPS_PORT: '0', ...environment };
  const execArgv = imports.map((path) => `--import=${path}`);
  return fork(compiled(name, checkout), { env, execArgv, silent });
}

/** @returns the process once it has announced that it is ready */
export function startProcess(
  name: 'api' | 'worker',
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; url?: string; ops_url?: string }> {
  const child = forkProcess(name, environment);
  return new Promise((resolve, reject) => {
    child.once('message', (ready) => resolve({ child, ...(ready as { url?: string; ops_url?: string }) }));
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
