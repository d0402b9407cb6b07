// The HTTP server around the app: its limits, its answers to what never becomes a request, and an end that lets running
// requests finish.

import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { type Log, urlOf } from '@customer-service/runtime';
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
/** Connections without a request stay open for as long: their clients may be about to send one, and hear to go. */
const GRACE_MS = 300;

export interface HttpServer {
  url: string;
  close(): Promise<void>;
}

/** @param address `variable`: what sets the port. @throws Error with its cure when the port is taken */
export async function listen(
  handler: RequestListener,
  address: { host: string; port: number; variable: 'PORT' | 'OPS_PORT' },
  log: Log,
): Promise<HttpServer> {
  const server = createServer(LIMITS, handler);
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = SILENT_MS;
  // An expectation we don't know is not a reason to refuse (RFC 9110 §10.1.1).
  server.on('checkExpectation', handler);
  answerUnreadable(server, log);
  const answerLast = trackAnswers(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = `port ${address.port} is taken: set ${address.variable} to another one, or 0 for any`;
      reject(error.code === 'EADDRINUSE' ? new Error(taken) : error);
    });
    server.on('error', (error) => log.warn({ error }, 'server'));
    server.listen(address.port, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: urlOf(address.host, port),
    close: async () => {
      // Not the HTTP server's own way, which ends idle connections at once, under requests that are on their way.
      const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
      answerLast();
      const began = performance.now();
      const idle = setInterval(() => performance.now() - began > GRACE_MS && server.closeIdleConnections(), 50);
      const limit = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(limit);
    },
  };
}

/** @returns what to call at the end: from then on every answer says that it is the last one on its connection */
function trackAnswers(server: Server): () => void {
  const open = new Set<ServerResponse>();
  let ending = false;
  server.prependListener('request', (_request, response: ServerResponse) => {
    if (ending) response.shouldKeepAlive = false;
    open.add(response);
    response.once('close', () => open.delete(response));
  });
  return () => {
    ending = true;
    for (const response of open) response.shouldKeepAlive = false;
  };
}
