// Nobody's data in the logs or in the queue: persons and secrets are sent through everything that can be asked, at the
// most talkative log level and with a database that fails in ways that quote whole rows. Then what the processes wrote,
// and what the queue and Redis hold, is searched for them.

import { randomBytes } from 'node:crypto';
import type { Database } from '@customer-service/store';
import { expect } from 'chai';
import { createDatabase, type TestDatabase } from '../helpers/database.ts';
import { backends, endProcess, nextRedisUrl, type QueueBackend, SECRET, tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { type Captured, dumpQueue, dumpRedis, start } from './captured.ts';
import { sendBytes } from './raw-http.ts';

/** What must not be found again, by where it is sent. Each is unlike anything else that is logged. */
const PLACES = [
  ...['first_name', 'last_name', 'email', 'alternate_email', 'street', 'city', 'postal_code', 'notes', 'tag', 'gender'],
  ...['metadata_name', 'metadata_value', 'external_id', 'referral_source', 'favorite_cuisine', 'customer_search'],
  ...['filter', 'unknown_parameter', 'cursor', 'unknown_field', 'wrong_value', 'malformed_json', 'not_json', 'lines'],
  ...['path', 'customer_id', 'problem_code', 'subject', 'staff_subject', 'role', 'bad_token', 'cookie', 'user_agent'],
  ...['idempotency_key', 'description', 'order_id', 'source', 'external_reference', 'if_match', 'prefer', 'request_id'],
  ...['header', 'raw_header', 'raw_url', 'garbage', 'failing_row', 'raised', 'frozen', 'second_email'],
] as const;
type Place = (typeof PLACES)[number];

const secrets = Object.fromEntries(PLACES.map((place) => [place, `pii${randomBytes(8).toString('hex')}`])) as Record<
  Place,
  string
>;
const digits = () => String(randomBytes(6).readUIntBE(0, 6)).padStart(15, '7').slice(0, 11);
const phones = [digits(), digits()];
const BIRTHDAY = '1903-02-01';
const tokens = {
  service: tokenFor('service', secrets.subject),
  staff: tokenFor('staff', secrets.staff_subject),
  unknown: tokenFor(secrets.role),
  foreign: tokenFor('admin', secrets.bad_token, 'another secret, longer than 32 bytes, too'),
};
const hidden = [
  ...Object.values(secrets),
  ...phones,
  BIRTHDAY,
  SECRET,
  ...Object.values(tokens).flatMap((token) => token.split('.').slice(1)),
];

const person = {
  ...{ first_name: secrets.first_name, last_name: secrets.last_name, email: `${secrets.email}@example.com` },
  ...{
    phone: `+${phones[0]}`,
    alternate_email: `${secrets.alternate_email}@example.com`,
    alternate_phone: `+${phones[1]}`,
  },
  addresses: [
    { street: secrets.street, city: secrets.city, postal_code: secrets.postal_code.slice(0, 16), country: 'GB' },
  ],
  ...{
    date_of_birth: BIRTHDAY,
    gender: secrets.gender,
    notes: `${secrets.notes}\r\n{"level":60}`,
    tags: [secrets.tag],
  },
  ...{ external_id: secrets.external_id, referral_source: secrets.referral_source },
  metadata: { [secrets.metadata_name]: secrets.metadata_value },
  preferences: { favorite_cuisines: [secrets.favorite_cuisine] },
};

type Ask = (method: string, path: string, options?: AskOptions) => Promise<{ status: number; body: { id?: string } }>;
interface AskOptions {
  body?: object | string;
  token?: string;
  headers?: Record<string, string>;
}

const asker =
  (url: string): Ask =>
  async (method, path, { body, token = tokens.staff, headers = {} } = {}) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : {} };
  };

const movement = (key: string, more: object = {}): AskOptions => ({
  token: tokens.service,
  headers: { 'Idempotency-Key': key },
  body: {
    ...{ points: 1, description: secrets.description, order_id: secrets.order_id, source: secrets.source },
    ...{ external_reference: secrets.external_reference, ...more },
  },
});

/** @returns the statuses, so that the test knows what it went through */
async function sendRequests(ask: Ask): Promise<number[]> {
  const statuses: number[] = [];
  const send: Ask = async (...request) => {
    const answer = await ask(...request);
    statuses.push(answer.status);
    return answer;
  };
  const { id } = (await send('POST', '/customers', { body: person })).body;
  await send('POST', '/customers', { body: person });
  await send('GET', `/customers?search=${secrets.customer_search}&email=${secrets.filter}%40example.com`);
  await send('GET', `/customers?${secrets.unknown_parameter}=1&limit=${secrets.wrong_value}&cursor=${secrets.cursor}`);
  await send('PUT', `/customers/${id}`, {
    body: { notes: secrets.lines },
    headers: { 'If-Match': `"${secrets.if_match}"` },
  });
  await send('PUT', `/customers/${id}`, { body: { notes: 'x' }, headers: { 'If-Match': secrets.if_match } });
  await send('PUT', `/customers/${id}`, { body: { notes: `${secrets.lines}\n\r\u2028` } });
  await send('POST', '/customers', {
    body: { ...person, [secrets.unknown_field]: secrets.wrong_value, email: secrets.email },
  });
  await send('POST', '/customers', { body: `{"first_name": ${secrets.malformed_json}}` });
  await send('POST', '/customers', { body: secrets.not_json, headers: { 'Content-Type': `text/${secrets.not_json}` } });
  for (const path of [
    `/${secrets.path}%0d%0a`,
    `/customers/${secrets.customer_id}`,
    `/problems/${secrets.problem_code}`,
  ])
    await send('GET', path);
  for (const token of [tokens.unknown, tokens.foreign, secrets.bad_token]) await send('GET', '/customers', { token });
  const headers = {
    'X-Request-Id': `${secrets.request_id} @`,
    'X-Any': secrets.header,
    Cookie: `sid=${secrets.cookie}`,
  };
  await send('GET', '/customers', {
    headers: { ...headers, 'User-Agent': secrets.user_agent, Referer: `https://${secrets.header}` },
  });

  const earn = `/customers/${id}/loyalty/earn`;
  for (let turn = 0; turn < 5; turn += 1) await send('POST', earn, movement(secrets.idempotency_key));
  await send('POST', earn, movement(secrets.idempotency_key, { points: 2 }));
  await send('POST', earn, movement(`bad key ${secrets.idempotency_key}`));
  await send('POST', earn, {
    ...movement('waits'),
    headers: { 'Idempotency-Key': 'waits', Prefer: `wait=1, x=${secrets.prefer}` },
  });
  await send('POST', `/customers/${id}/loyalty/redeem`, movement('redeem', { external_reference: 'r', points: 9_999 }));
  return statuses;
}

/** A database that fails, saying in its own words what it was given. @returns the statuses */
async function sendIntoFaults(ask: Ask, db: Database): Promise<number[]> {
  const body = { ...person, email: null, phone: null, external_id: null, alternate_phone: null };
  const failing = { ...body, first_name: secrets.failing_row };
  await db.raw(`alter table customers add constraint nobody check (first_name <> '${secrets.failing_row}')`);
  await db.raw('create unique index once on customers (alternate_email)');
  await db.raw(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no % here', new.notes using detail = new.first_name, hint = new.last_name; end $$`);
  await db.raw(`create trigger refuse before insert on customers for each row
    when (new.notes = '${secrets.raised}') execute function refuse()`);
  const statuses = [
    (await ask('POST', '/customers', { body: { ...failing, alternate_email: null } })).status,
    (await ask('POST', '/customers', { body })).status,
    (await ask('POST', '/customers', { body: { ...body, notes: secrets.raised, alternate_email: null } })).status,
  ];
  const locked = db.transaction(async (tx) => {
    await tx.raw('set local idle_in_transaction_session_timeout = 0');
    await tx.raw('lock table customers');
    const other = { ...body, alternate_email: `${secrets.second_email}@example.com`, last_name: secrets.frozen };
    statuses.push((await ask('POST', '/customers', { body: other })).status);
  });
  await locked;
  return statuses;
}

/** A worker whose transaction fails for a row that it is given. */
async function failInTheWorker(ask: Ask, db: Database): Promise<void> {
  await db.raw(`create function refuse_movement() returns trigger language plpgsql as
    $$ begin raise exception 'not %', new.description; end $$`);
  await db.raw(`create trigger refuse before update on loyalty_transactions for each row
    when (new.idempotency_key = 'fails') execute function refuse_movement()`);
  const { body } = await ask('POST', '/customers', { body: { first_name: 'A', last_name: 'B' } });
  const sent = await ask('POST', `/customers/${body.id}/loyalty/earn`, movement('fails'));
  expect(sent.status).to.equal(202);
}

const foundIn = (text: string): string[] => [
  ...PLACES.filter((place) => text.includes(secrets[place])),
  ...hidden.filter((value) => text.includes(value) && !Object.values(secrets).includes(value)),
];

for (const backend of backends) describe(`the logs and the queue on ${backend}`, () => privacy(backend));

function privacy(backend: QueueBackend) {
  let database: TestDatabase;
  let api: Captured;
  let worker: Captured;
  let redis_url: string | undefined;
  before(async () => {
    database = await createDatabase();
    redis_url = backend === 'redis' ? nextRedisUrl() : undefined;
    const environment = {
      ...{ DATABASE_URL: database.url, JWT_SECRET: SECRET, PORT: '0', LOG_LEVEL: 'trace' },
      ...{ RATE_LIMITS: 'service=20/min', ...(redis_url && { REDIS_URL: redis_url }) },
    };
    [api, worker] = await Promise.all([start('api', environment), start('worker', environment)]);
  });
  after(async () => {
    await Promise.all([endProcess(api.child), endProcess(worker.child)]);
    await database.drop();
  });

  it('hold nobody and no secret after everything that can be asked', async () => {
    const ask = asker(api.url);
    const statuses = await sendRequests(ask);
    expect([...new Set(statuses)].sort()).to.deep.equal([200, 201, 202, 400, 401, 403, 404, 409, 412, 415, 422]);
    await sendBytes(api.url, `GET / HTTP/1.1\r\nHost: x\r\n${secrets.raw_header} : 1\r\n\r\n`);
    await sendBytes(api.url, `GET /${secrets.raw_url}${'x'.repeat(9_000)} HTTP/1.1\r\n\r\n`);
    await sendBytes(api.url, `\x01${secrets.garbage}\r\n\r\n`);
    expect(await sendIntoFaults(ask, database.db)).to.deep.equal([500, 500, 500, 503]);
    await failInTheWorker(ask, database.db);
    await until(() => /applying failed|sweeping failed/.test(worker.output.join('')), {
      what: 'a fault in the worker',
    });

    const stored = JSON.stringify(await database.db('customers').select('*'));
    expect(foundIn(stored), 'it did arrive').to.include.members([
      'first_name',
      'email',
      'street',
      'metadata_value',
      'lines',
    ]);
    expect(foundIn(api.output.join('')), 'the API’s log').to.deep.equal([]);
    expect(foundIn(worker.output.join('')), 'the worker’s log').to.deep.equal([]);
    const queue = redis_url ? await dumpRedis(redis_url) : await dumpQueue(database.db);
    expect(queue, 'jobs are there to be searched').to.match(/transactions/);
    if (redis_url) expect(queue).to.include('rate-limit:principal:');
    expect(foundIn(queue), 'the queue').to.deep.equal([]);
  });

  it('have one line for each event, and say enough to find the fault', () => {
    // What has no end of line yet is still being written.
    const lines = [api, worker]
      .flatMap(({ output }) => output.join('').split('\n').slice(0, -1))
      .map((line) => JSON.parse(line));
    for (const line of lines) expect(line).to.include.keys('level', 'time', 'name', 'msg');
    const failed = lines.filter(({ msg }) => msg === 'request failed');
    expect(failed.map(({ error }) => error.code)).to.deep.equal(['23514', '23505', 'P0001', '55P03']);
    expect(failed.map(({ error }) => error.constraint ?? null)).to.deep.equal(['nobody', 'once', null, null]);
    for (const { error, request_id } of failed) {
      expect(error).to.have.all.keys('type', 'code', 'stack', ...(error.constraint ? ['constraint', 'table'] : []));
      expect(error.stack).to.match(/^ {4}at .+:\d+:\d+/);
      expect(lines.filter((line) => line.request_id === request_id && line.msg === 'request')).to.have.length(1);
    }
  });
}
