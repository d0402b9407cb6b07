// What those who look after a process ask of it: whether it lives, whether it can work, and its metrics. The answers are
// plain, so that the API serves them beside its dashboards, and the worker from the small listener below.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

type Status = 'up' | 'down';

/** `degraded`: everything works, and slower, because the queue is away. */
export interface Health {
  status: 'ok' | 'degraded' | 'down';
  version: string;
  dependencies: { database: { status: Status }; queue: { status: Status; backend: 'redis' | 'postgresql' } };
}

interface Findings {
  version: string;
  /** Null: the queue is in PostgreSQL. */
  redis_url: string | null;
  database: boolean;
  queue: boolean;
}

/** Without the database there is no work, whatever the queue says; without the queue there is. */
export function healthOf({ version, redis_url, database, queue }: Findings): Health {
  const rings = database && queue;
  return {
    status: database ? (rings ? 'ok' : 'degraded') : 'down',
    version,
    dependencies: {
      database: { status: database ? 'up' : 'down' },
      queue: { status: rings ? 'up' : 'down', backend: redis_url === null ? 'postgresql' : 'redis' },
    },
  };
}

export interface ProbeAnswer {
  status: number;
  type: string;
  body: string;
}

/** By path; each answers at once or within the time limits of the database. */
export type Probes = Record<'/metrics' | '/health/live' | '/health/ready', () => Promise<ProbeAnswer>>;

interface Watched {
  metrics: Metrics;
  health(): Promise<Health>;
  /** From then on the process takes nothing new. */
  isEnding(): boolean;
}

const json = (status: number, body: object): ProbeAnswer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});

export function createProbes({ metrics, health, isEnding }: Watched): Probes {
  return {
    '/metrics': async () => ({ status: 200, type: metrics.contentType, body: await metrics.metrics() }),
    // That it answers is the answer: a database that is away is no reason to start the process anew.
    '/health/live': async () => json(200, { status: 'ok' }),
    '/health/ready': async () => {
      if (isEnding()) return json(503, { status: 'ending' });
      const found = await health();
      return json(found.status === 'down' ? 503 : 200, found);
    },
  };
}

export interface ProbeListener {
  url: string;
  close(): Promise<void>;
}

/** @throws Error with its cure when the port is taken */
export async function listenForProbes(
  { host, port }: { host: string; port: number },
  probes: Probes,
  log: Log,
): Promise<ProbeListener> {
  const server = createServer({ headersTimeout: 3_000, requestTimeout: 5_000 }, (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const probe = request.method === 'GET' && Object.hasOwn(probes, path) ? probes[path as keyof Probes] : undefined;
    if (probe === undefined) return void response.writeHead(404).end();
    probe().then(
      ({ status, type, body }) => response.writeHead(status, { 'Content-Type': type }).end(body),
      (error) => {
        log.error({ error }, 'probe');
        response.writeHead(500).end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = `port ${port} is taken: set WORKER_OPS_PORT to another one, 0 for any, or leave it out`;
      reject(error.code === 'EADDRINUSE' ? new Error(taken) : error);
    });
    server.listen(port, host, resolve);
  });
  server.on('error', (error) => log.warn({ error }, 'probes'));
  return {
    url: urlOf(host, (server.address() as AddressInfo).port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Of a server that listens there. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
