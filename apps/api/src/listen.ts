// The HTTP server around the app: its limits, its answers to what never becomes a request, and an end that lets running
// requests finish.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '@customer-service/runtime';
import { answerUnreadable } from './unreadable.ts';

const LIMITS = {
  headersTimeout: 3_000,
  // For the arrival of a request, header and body; an answer may take longer, as with `Prefer: wait`.
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8 * 1_024,
  // The app looks at Host itself, so that its absence is answered like any other problem.
  requireHostHeader: false,
};
const MAX_REQUESTS_PER_CONNECTION = 1_000;
const MAX_CONNECTIONS = 2_000;
/** A connection on which nothing moves, in either direction; longer than any answer takes. */
const SILENT_MS = 30_000;
/** Running requests may take this long after the end was asked for. */
const DRAIN_MS = 8_000;

export interface HttpServer {
  url: string;
  close(): Promise<void>;
}

/** @throws Error with its cure when the port is taken */
export async function listen(
  handler: RequestListener,
  address: { host: string; port: number },
  log: Log,
): Promise<HttpServer> {
  const server = createServer(LIMITS, handler);
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = SILENT_MS;
  // An expectation we don't know is not a reason to refuse (RFC 9110 §10.1.1).
  server.on('checkExpectation', handler);
  answerUnreadable(server, log);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = `port ${address.port} is taken: set PORT to another one, or 0 for any`;
      reject(error.code === 'EADDRINUSE' ? new Error(taken) : error);
    });
    server.on('error', (error) => log.warn({ error }, 'server'));
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // A connection that is idle now may have been busy when the end began.
      const idle = setInterval(() => server.closeIdleConnections(), 250);
      const limit = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      server.closeIdleConnections();
      await closed;
      clearInterval(idle);
      clearTimeout(limit);
    },
  };
}
