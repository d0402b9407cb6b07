// What clients get wrong, by accident and on purpose: every case of corpus.json has exactly one right answer.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Contract, readContract } from '../helpers/contract.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';
import { type RawResponse, sendBytes, sendRaw } from './raw-http.ts';

/**
 * In path, headers and body `{repeat:TEXT:N}` stands for N times TEXT; in the path also `{customer}`, `{transaction}`
 * and `{missing}`. Token, Content-Type and a new Idempotency-Key are added unless `headers` says otherwise; null
 * leaves one out.
 */
interface Case {
  /** Begins with the letter of its category. */
  name: string;
  method: string;
  path: string;
  headers?: Record<string, string | null>;
  /** Sent as it is. */
  body?: string;
  body_base64?: string;
  expect: {
    status: number;
    /** Of the problem; absent for what is accepted. */
    code?: string;
    /** A fault that must be among `errors`: in the body, or in the query. */
    pointer?: string;
    parameter?: string;
    /** Its code. */
    fault?: string;
  };
}

const CATEGORIES: Record<string, string> = {
  A: 'JSON syntax',
  B: 'media types',
  C: 'size and depth',
  E: 'ids and paths',
  F: 'query parameters',
  G: 'idempotency keys',
  H: 'points and amounts',
  I: 'texts and types',
  J: 'dates and times',
  K: 'fields that are not the client’s to set',
  M: 'preconditions and preferences',
};

const corpus: Case[] = JSON.parse(readFileSync(new URL('./corpus.json', import.meta.url), 'utf8'));

let service: Service;
let contract: Contract;
const ids: Record<string, string> = {};
const created = { customers: 0, transactions: 0 };

describe('bad input', () => {
  before(async () => {
    service = await startService({ workers: 0, environment: { LOG_LEVEL: 'silent' } });
    contract = await readContract(service.url);
    ids.customer = await createCustomer(service);
    ids.transaction = (await earn(service, ids.customer, { points: 1 })).body.id;
    ids.missing = randomUUID();
  });
  after(async () => {
    await service.stop();
    console.log(`    ${corpus.length} cases of bad input`);
  });

  it('has a category for every case, and cases in every category', () => {
    expect([...new Set(corpus.map(({ name }) => name.split(' ')[0]))].sort()).to.deep.equal(Object.keys(CATEGORIES));
    expect(new Set(corpus.map(({ name }) => name)).size, 'names are unique').to.equal(corpus.length);
  });
  for (const [letter, title] of Object.entries(CATEGORIES)) describe(`of ${title}`, () => cases(letter));
  describe('in bulk', bulk);
  describe('that is no HTTP', noHttp);
  describe('afterwards', aftermath);
});

function cases(letter: string) {
  for (const one of corpus.filter(({ name }) => name.startsWith(`${letter} `))) {
    const { status, code = 'accepted' } = one.expect;
    it(`${one.name.slice(2)} → ${status} ${code}`, async () => {
      const answer = await run(one);
      if (answer.status === 201) created.customers += 1;
      if (answer.status === 202) created.transactions += 1;
      check(one, answer);
    });
  }
}

const expand = (text: string): string =>
  text.replace(/\{repeat:(.*?):(\d+)\}/gs, (_, piece: string, times: string) => piece.repeat(Number(times)));

function run(one: Case): Promise<RawResponse> {
  const path = expand(
    one.path.replace(/\{(customer|transaction|missing)\}/g, (_, name: string) => ids[name] as string),
  );
  const body = one.body_base64 ? Buffer.from(one.body_base64, 'base64') : one.body && expand(one.body);
  const headers: Record<string, string | null> = {
    Authorization: `Bearer ${tokenFor('admin')}`,
    'Content-Type': 'application/json',
    'Idempotency-Key': randomUUID(),
    ...one.headers,
  };
  const lines = Object.entries(headers).filter((line): line is [string, string] => line[1] !== null);
  return sendRaw(service.url, {
    method: one.method,
    path,
    headers: lines.map(([name, value]) => [name, expand(value)]),
    body: one.method === 'GET' ? undefined : (body ?? ''),
  });
}

/** What no answer may tell: statements, stacks, files, the database's own words. */
const LEAKS = /insert into|select |SQLSTATE|node_modules|\bat \S+ \(|\.(ts|js):\d|PostgreSQL|DatabaseError|pg-protocol/;

function check(one: Case, answer: RawResponse): void {
  const { status, code, pointer, parameter, fault } = one.expect;
  const { body } = answer;
  expect({ status: answer.status, code: body.code }, answer.text.slice(0, 300)).to.deep.equal({ status, code });
  const path = one.path.replace(/\{\w+\}/g, 'x').split('?')[0] as string;
  if (!path.startsWith('/docs') && !path.startsWith('/problems')) contract.check(one.method, path, answer);
  expect(answer.headers.get('x-request-id')).to.match(/^[\w-]{8,64}$/);
  if (code === undefined) return;
  expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/);
  expect(body).to.include({ status, type: `/problems/${code}`, request_id: answer.headers.get('x-request-id') });
  expect(answer.text).not.to.match(LEAKS);
  if (pointer === undefined && parameter === undefined) return;
  const place = pointer === undefined ? { parameter } : { pointer };
  const wanted = { ...place, ...(fault && { code: fault }) };
  const found = body.errors.some((error: Record<string, string>) =>
    Object.entries(wanted).every(([name, value]) => error[name] === value),
  );
  expect(found, `${JSON.stringify(wanted)} in ${JSON.stringify(body.errors.slice(0, 5))}`).to.equal(true);
}

function bulk() {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  const BODIES: [name: string, body: object][] = [
    ['a list of 30,000 wrong items', { tags: Array(30_000).fill(0) }],
    ['6,000 unknown fields', Object.fromEntries(numbers(6_000).map((index) => [`k${index}`, 0]))],
    ['6,000 wrong names within metadata', { metadata: Object.fromEntries(numbers(6_000).map((n) => [` ${n}`, 0])) }],
  ];
  for (const [name, body] of BODIES) {
    it(`answers ${name} with less than was sent`, async () => {
      const sent = JSON.stringify({ first_name: 'A', last_name: 'B', ...body });
      const answer = await service.request('POST', '/customers', { body: sent });
      expect(answer.status).to.be.oneOf([400, 422]);
      expect(JSON.stringify(answer.body).length).to.be.below(sent.length);
    });
  }
}

function noHttp() {
  const token = `Authorization: Bearer ${tokenFor('admin')}\r\n`;
  const REQUESTS: [name: string, bytes: string, status: number][] = [
    ['noise', 'GIMME /customers\r\n\r\n', 400],
    ['a version of the future', 'GET /health HTTP/9.9\r\nHost: x\r\n\r\n', 400],
    ['a header line without a colon', 'GET /health HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n', 400],
    ['NUL in a header', 'GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n', 400],
    [
      'two ways of telling the length',
      `POST /customers HTTP/1.1\r\nHost: x\r\n${token}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['headers of 20 KB', `GET /health HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a path of 20 KB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
  ];
  for (const [name, bytes, status] of REQUESTS) {
    it(`answers ${name} with ${status} and a problem document, and closes`, async () => {
      const [head = '', body = ''] = (await sendBytes(service.url, bytes)).split('\r\n\r\n');
      expect(head.split('\r\n')[0]).to.match(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head).to.match(/^content-type: application\/problem\+json/im);
      expect(head).to.match(/^x-request-id: [\w-]{8,64}$/im);
      expect(JSON.parse(body)).to.include({ status });
    });
  }
}

function aftermath() {
  it('has left no row of what was refused', async () => {
    const count = async (table: string) => Number((await service.database.db(table).count('* as count'))[0]?.count);
    expect({ customers: await count('customers'), transactions: await count('loyalty_transactions') }).to.deep.equal({
      customers: created.customers + 1,
      transactions: created.transactions + 1,
    });
  });

  it('has changed neither the customer nor what can be read of it', async () => {
    const { status, body } = await service.request('GET', `/customers/${ids.customer}`);
    expect({ status, version: body.version }).to.deep.equal({ status: 200, version: 1 });
    const history = await service.request('GET', `/customers/${ids.customer}/loyalty/transactions?limit=200`);
    expect(history.status).to.equal(200);
    expect(history.body.items).to.have.length(created.transactions + 1);
  });

  it('has not ended the process, nor made it ill', async () => {
    expect(service.api.exitCode).to.equal(null);
    expect((await service.request('GET', '/health')).body.status).to.equal('ok');
  });
}
