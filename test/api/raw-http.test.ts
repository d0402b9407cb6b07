// HTTP as it comes over the wire, right and wrong, written byte by byte: each wrong request gets its own status as a
// problem document, costs the process nothing, and hinders nobody else.

import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createLog } from '@customer-service/runtime';
import { expect } from 'chai';
import { type HttpServer, listen } from '../../apps/api/src/listen.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';

interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

interface Talk {
  answers: RawAnswer[];
  /** From the first byte sent to the end of the connection. */
  duration_ms: number;
}

/** The answers on one connection, in order; an answer that breaks off is left out. */
function readAnswers(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return answers;
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    if (body.length < length) return answers;
    answers.push({ status: Number(first.split(' ')[1]), headers, text: body });
    rest = rest.slice(end + 4 + length);
  }
}

/** Sends the parts with 0.5 s between them and listens until the server ends the connection, or `enough` has come. */
function talk(url: string, parts: string[], enough = Number.POSITIVE_INFINITY): Promise<Talk> {
  const { hostname, port } = new URL(url);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    let received = '';
    const socket: Socket = connect(Number(port), hostname, async () => {
      for (const part of parts) {
        if (!socket.writable) return;
        socket.write(part, 'latin1');
        if (parts.length > 1) await pause(500);
      }
    });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      received += text;
      if (readAnswers(received).length >= enough) socket.destroy();
    });
    // A reset after the answer is one way for a server to be rid of the rest of a request.
    socket.on('error', (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED' && reject(error));
    socket.on('close', () => resolve({ answers: readAnswers(received), duration_ms: performance.now() - started }));
  });
}

const HOST = 'Host: service.example\r\n';
const GET = `GET /health HTTP/1.1\r\n${HOST}`;
const token = `Authorization: Bearer ${tokenFor('admin')}\r\n`;
const POST = `POST /customers HTTP/1.1\r\n${HOST}${token}Content-Type: application/json\r\n`;
const long = (length: number) => 'a'.repeat(length);
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

type Case = [name: string, bytes: string, status: number, code: string];
const WRONG: Case[] = [
  ['Content-Length and Transfer-Encoding', `${POST}Content-Length: 3\r\n${CHUNKED}\r\n0\r\n\r\n`, 400, 'bad-request'],
  ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `, 400, 'bad-request'],
  ['the same length twice', `${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}`, 400, 'bad-request'],
  ['two transfer encodings', `${POST}${CHUNKED}Transfer-Encoding: x\r\n\r\n0\r\n\r\n`, 400, 'bad-request'],
  ['a chunk whose size is no number', `${POST}${CHUNKED}\r\nzz\r\n{}\r\n0\r\n\r\n`, 400, 'bad-request'],
  ['a chunk that is longer than it says', `${POST}${CHUNKED}\r\n1\r\n{}}\r\n0\r\n\r\n`, 400, 'bad-request'],
  ['chunk extensions without end', `${POST}${CHUNKED}\r\n2;${long(20_000)}\r\n`, 413, 'payload-too-large'],
  ['lines that end without CR', `GET /health HTTP/1.1\nHost: x\n\n`, 400, 'bad-request'],
  ['no Host', `GET /health HTTP/1.1\r\n\r\n`, 400, 'bad-request'],
  ['two Hosts', `${GET}Host: other.example\r\n\r\n`, 400, 'bad-request'],
  ['a header of 20 KB', `${GET}X-Long: ${long(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ['a token of 20 KB', `${GET}Authorization: Bearer ${long(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ['2,000 headers', `${GET}${'a: b\r\n'.repeat(2_000)}\r\n`, 431, 'headers-too-large'],
  ['a URL of 20 KB', `GET /${long(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 414, 'uri-too-long'],
  ['a query of 9 KB', `GET /health?${long(9_000)} HTTP/1.1\r\n${HOST}\r\n`, 414, 'uri-too-long'],
  ['TRACE', `TRACE /health HTTP/1.1\r\n${HOST}\r\n`, 501, 'method-not-implemented'],
  ['CONNECT', `CONNECT service.example:443 HTTP/1.1\r\n${HOST}\r\n`, 501, 'method-not-implemented'],
  ['a method of WebDAV', `PROPFIND /health HTTP/1.1\r\n${HOST}\r\n`, 501, 'method-not-implemented'],
  ['a method in lower case', `get /health HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad-request'],
  ['a method that does not exist', `FETCH /health HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad-request'],
  ['HTTP/0.9', 'GET /health\r\n\r\n', 400, 'bad-request'],
  ['HTTP/2.0', `GET /health HTTP/2.0\r\n${HOST}\r\n`, 400, 'bad-request'],
  ['HTTP/3.0', `GET /health HTTP/3.0\r\n${HOST}\r\n`, 400, 'bad-request'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'bad-request'],
  ['the first bytes of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'bad-request'],
  ['NUL in a header', `${GET}X-Odd: a\0b\r\n\r\n`, 400, 'bad-request'],
  ['NUL in the URL', `GET /health\0 HTTP/1.1\r\n${HOST}\r\n`, 400, 'bad-request'],
  ['a header that goes on in the next line', `${GET}X-Odd: a\r\n  b\r\n\r\n`, 400, 'bad-request'],
  ['a space before the colon', `${GET}X-Odd : a\r\n\r\n`, 400, 'bad-request'],
  ['a header without a name', `${GET}: a\r\n\r\n`, 400, 'bad-request'],
];

const SECURITY = [
  ...['content-security-policy', 'cross-origin-resource-policy', 'referrer-policy', 'x-content-type-options'],
  ...['cache-control', 'vary', 'x-request-id'],
];

function expectProblem(answer: RawAnswer | undefined, status: number, code: string): void {
  expect(answer?.status).to.equal(status);
  expect(answer?.headers['content-type']).to.match(/^application\/problem\+json/);
  expect(answer?.headers).to.include.keys(SECURITY);
  const body = JSON.parse(answer?.text ?? '');
  expect(body).to.have.all.keys('type', 'title', 'status', 'detail', 'instance', 'code', 'request_id');
  expect(body).to.include({ status, code, type: `/problems/${code}`, request_id: answer?.headers['x-request-id'] });
  expect(body.detail).to.be.a('string').that.is.not.empty;
}

describe('HTTP on the wire', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  afterEach(async () => {
    expect(service.api.exitCode).to.equal(null);
    expect((await service.request('GET', '/health')).status).to.equal(200);
  });

  for (const [name, bytes, status, code] of WRONG) {
    it(`answers ${status} ${code} to ${name}`, async () => {
      const { answers } = await talk(service.url, [bytes], 1);
      expect(answers).to.have.length(1);
      expectProblem(answers[0], status, code);
    });
  }

  it('answers 100 requests that were sent at once, in their order', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `pipelined-${index}`);
    const { answers } = await talk(service.url, [ids.map((id) => `${GET}X-Request-Id: ${id}\r\n\r\n`).join('')], 100);
    expect(answers.map((answer) => answer.status)).to.deep.equal(ids.map(() => 200));
    expect(answers.map((answer) => answer.headers['x-request-id'])).to.deep.equal(ids);
  });

  it('answers what came before garbage on the same connection, then the garbage', async () => {
    const { answers } = await talk(service.url, [`${GET}\r\n${GET}\r\n\x01\x02\x03 garbage\r\n\r\n`]);
    expect(answers.map((answer) => answer.status)).to.deep.equal([200, 200, 400]);
    expectProblem(answers[2], 400, 'bad-request');
  });

  it('closes a connection after the answer to what it could not read', async () => {
    const { answers, duration_ms } = await talk(service.url, [`GET /health HTTP/3.0\r\n${HOST}\r\n${GET}\r\n`]);
    expect(answers.map((answer) => answer.status)).to.deep.equal([400]);
    expect(answers[0]?.headers.connection).to.equal('close');
    // The connection would be kept for 5 s otherwise.
    expect(duration_ms).to.be.below(4_000);
  });

  it('asks for another connection after 1,000 requests', async () => {
    const { answers } = await talk(service.url, [`GET /problems HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000)], 1_000);
    expect(answers.map((answer) => answer.status)).to.deep.equal(answers.map(() => 200));
    expect(answers[998]?.headers.connection).to.equal('keep-alive');
    expect(answers[999]?.headers.connection).to.equal('close');
  });

  it('takes a request in absolute form for its path, and never goes where it points', async () => {
    const request = `GET http://evil.example/health HTTP/1.1\r\n${HOST}\r\n`;
    const { answers } = await talk(service.url, [request], 1);
    expect(answers[0]?.status).to.equal(200);
  });

  it('knows HTTP/1.0, with and without Host', async () => {
    for (const header of [HOST, '']) {
      const { answers } = await talk(service.url, [`GET /health HTTP/1.0\r\n${header}\r\n`]);
      expect(answers[0]?.status).to.equal(200);
    }
  });

  it('goes on without what it is told to expect', async () => {
    const { answers } = await talk(service.url, [`${GET}Expect: the-unexpected\r\n\r\n`], 1);
    expect(answers[0]?.status).to.equal(200);
    const body = '{"first_name":"A","last_name":"B"}';
    const request = [`${POST}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`, body];
    const [first, second] = (await talk(service.url, request, 2)).answers;
    expect([first?.status, second?.status]).to.deep.equal([100, 201]);
    expect(second?.headers.location, 'nothing of Host').to.match(/^\/customers\/[0-9a-f-]{36}$/);
  });

  it('survives clients that hang up at any byte', async () => {
    const body = '{"first_name":"A","last_name":"B"}';
    const request = `${POST}Content-Length: ${body.length}\r\n\r\n${body}`;
    const { hostname, port } = new URL(service.url);
    await Promise.all(
      Array.from({ length: 40 }, (_, turn) => Math.round((request.length * turn) / 39)).map(async (length) => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => {});
        await new Promise((resolve) => socket.write(request.slice(0, length), resolve));
        socket.resetAndDestroy();
      }),
    );
  });

  describe('slowly', slow);
});

/** For how long the slow ones would go on: 30 pieces, half a second apart. A limit that works ends them long before. */
const DRIPPING_MS = 14_000;

/** All of it at the same time: it is mostly waiting. */
function slow() {
  let service: Service;
  let server: HttpServer;
  let idle: Socket[];
  let talks: Record<'silent' | 'headers' | 'body' | 'answer', Promise<Talk>>;
  const closed_after: number[] = [];

  before(async () => {
    service = await startService();
    const slowly = async (_request: unknown, response: { end(text: string): void }) => {
      await pause(7_000);
      response.end('late');
    };
    server = await listen(slowly, { host: '127.0.0.1', port: 0, variable: 'PORT' }, createLog('test', 'silent'));

    const drip = (text: string) => Array.from({ length: 30 }, () => text);
    talks = {
      silent: talk(service.url, []),
      headers: talk(service.url, [GET, ...drip('X-Slow: a\r\n')]),
      body: talk(service.url, [`${POST}Content-Length: 60\r\n\r\n{`, ...drip(' ')]),
      answer: talk(server.url, [`${GET}\r\n`], 1),
    };
    const { hostname, port } = new URL(service.url);
    const opened = performance.now();
    idle = Array.from({ length: 500 }, (_, index) => {
      const socket = connect(Number(port), hostname, () => void socket.write(index % 2 ? 'GET /health HTT' : GET));
      socket.on('error', () => {});
      socket.on('close', () => closed_after.push(performance.now() - opened));
      return socket.resume();
    });
    await until(() => idle.every((socket) => !socket.connecting), { what: '500 connections' });
  });
  after(async () => {
    for (const socket of idle) socket.destroy();
    await Promise.all([service.stop(), server.close()]);
  });

  it('answers honest clients at once while 500 others say nothing', async () => {
    expect(closed_after, 'they are still there').to.have.length.below(500);
    const durations = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const started = performance.now();
        expect((await service.request('GET', '/customers')).status).to.equal(200);
        return performance.now() - started;
      }),
    );
    // Whoever had to wait for the others would wait until the first of them are given up, for 3 s.
    expect(Math.max(...durations)).to.be.below(2_900);
  });

  it('gives up on headers after 3 seconds', async () => {
    const { answers, duration_ms } = await talks.headers;
    expectProblem(answers[0], 408, 'request-timeout');
    expect(duration_ms).to.be.within(2_900, DRIPPING_MS);
  });

  it('gives up on a connection that says nothing', async () => {
    expect((await talks.silent).duration_ms).to.be.below(DRIPPING_MS);
  });

  it('gives up on all of 500 such connections', async () => {
    await until(() => closed_after.length === 500, { what: 'the end of 500 connections' });
    expect(Math.max(...closed_after)).to.be.below(DRIPPING_MS);
  });

  it('gives up on a body after 5 seconds', async () => {
    const { answers, duration_ms } = await talks.body;
    expectProblem(answers[0], 408, 'request-timeout');
    expect(answers).to.have.length(1);
    expect(duration_ms).to.be.within(4_900, DRIPPING_MS);
  });

  it('gives an answer all the time it needs: the limits are for what arrives', async () => {
    const { answers, duration_ms } = await talks.answer;
    expect(answers.map((answer) => answer.text)).to.deep.equal(['late']);
    expect(duration_ms).to.be.at.least(6_900);
  });
}
