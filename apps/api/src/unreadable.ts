// Answers what Node's parser refuses before there is a request for the app: a problem document like any other, written
// on the bare connection, which is closed after it.

import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '@customer-service/runtime';
import { PROBLEMS, Problem, type ProblemCode, problemDocument } from './problems.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

interface ParserError extends Error {
  code?: string;
  rawPacket?: Buffer;
}

/** How long a refused CONNECT may take to read its answer. */
const CONNECT_LINGER_MS = 1_000;

const DETAILS: Partial<Record<ProblemCode, string>> = {
  'bad-request': 'What was sent is not an HTTP/1.1 request.',
  'uri-too-long': 'The URL does not fit into the 8 KiB that URL and headers may have.',
  'headers-too-large': 'The headers do not fit into the 8 KiB that URL and headers may have.',
  'request-timeout': 'The request did not arrive in time.',
  'payload-too-large': 'The chunk extensions of the body are too large.',
  'method-not-implemented': 'Nothing here knows this method.',
};

export function answerUnreadable(server: Server, log: Log): void {
  /** The last exchange on each connection: its answer comes before that to what followed on the same connection. */
  const latest = new WeakMap<Duplex, { request: IncomingMessage; response: ServerResponse }>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    latest.set(request.socket, { request, response });
  });

  server.on('clientError', (error: ParserError, socket) => {
    // ECONNRESET and the like: nobody is there any more.
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const refuse = () => writeProblem(socket, codeOf(error), log);
    const { request, response } = latest.get(socket) ?? {};
    if (response === undefined || response.writableFinished) refuse();
    else if (request?.complete) response.once('close', refuse);
    else if (response.headersSent) socket.destroy();
    else refuse();
  });
  // Node would close the connection without a word. From here on it is ours alone: Node has taken its listeners and its
  // time limits off.
  server.on('connect', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    writeProblem(socket, 'method-not-implemented', log);
    socket.resume();
    setTimeout(() => socket.destroy(), CONNECT_LINGER_MS).unref();
  });
}

function codeOf({ code, rawPacket }: ParserError): ProblemCode {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-timeout';
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 'payload-too-large';
  if (code !== 'HPE_HEADER_OVERFLOW') return 'bad-request';
  // Too large before the end of its first line: that is the URL.
  const overflowsInFirstLine =
    rawPacket !== undefined && /^[A-Z]+ [^\r\n]*$/.test(rawPacket.toString('latin1', 0, 8_192));
  return overflowsInFirstLine ? 'uri-too-long' : 'headers-too-large';
}

function writeProblem(socket: Duplex, code: ProblemCode, log: Log): void {
  if (!socket.writable) return void socket.destroy();
  const request_id = randomUUID();
  const { status } = PROBLEMS[code];
  const body = JSON.stringify(problemDocument(new Problem(code, DETAILS[code] ?? ''), { path: '', request_id }));
  const headers = {
    ...SECURITY_HEADERS,
    'X-Request-Id': request_id,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  log.info({ request_id, status, code }, 'unreadable request');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}
