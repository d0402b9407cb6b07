// Who may do what, over HTTP: every route with every kind of caller, once as the policy table says and once as it is
// spelled out here, so that a change of the table has to be made twice.

import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { POLICY, PROGRAMME, ROLES, scopeOf } from '@customer-service/domain';
import { expect } from 'chai';
import type { Route } from '../../apps/api/src/route.ts';
import { routes } from '../../apps/api/src/routes.ts';
import { type RequestOptions, type Service, startService, tokenFor } from '../helpers/service.ts';
import { createCustomer, earn } from '../helpers/shop.ts';
import { EXPECTED } from './authorization-table.ts';
import { sendRaw } from './raw-http.ts';

const { version: _version, effective_from: _from, ...RULES } = PROGRAMME;

const PRINCIPALS = [
  ...['anonymous', 'bad token', 'customer self', 'customer other'],
  ...['service', 'staff', 'manager', 'admin', 'ops', 'unknown role'],
] as const;
type Principal = (typeof PRINCIPALS)[number];
type Verdict = 'allowed' | 401 | 403 | 404;

/** The only routes that need no token. */
const PUBLIC = [
  ...['/health', '/openapi.json', '/docs', '/docs/:file', '/problems', '/problems/:code'],
  ...['/console', '/console/config.json', '/console/:file'],
];

/** A request each route accepts, of whoever may make it. */
const bodies = (): Record<string, object> => ({
  'post /customers': { first_name: 'A', last_name: 'B' },
  'put /customers/:customer_id': { gender: 'x' },
  'patch /customers/:customer_id': { gender: 'x' },
  'post /customers/batch': { items: [{}] },
  'post /loyalty/transactions/batch': { items: [{}] },
  'post /customers/:customer_id/merge': { from_customer_id: merged },
  'post /customers/:customer_id/loyalty/earn': { points: 1 },
  'post /customers/:customer_id/loyalty/redeem': { points: 1 },
  'post /customers/:customer_id/loyalty/holds': { points: 1 },
  'post /customers/:customer_id/loyalty/adjustments': { direction: 'credit', points: 1, reason_code: 'other' },
  'post /customers/:customer_id/loyalty/reversals': { order_id: 'o' },
  'put /loyalty/programme': RULES,
  'put /test-clock': { now: new Date(Date.now() + 60_000).toISOString() },
  // Nobody listens there, where the endpoints are tried out.
  'post /webhook-endpoints': { url: 'http://127.0.0.1:9/' },
  'patch /webhook-endpoints/:endpoint_id': { description: 'x' },
  'post /webhook-endpoints/:endpoint_id/replay': { since: new Date().toISOString() },
});

/** What a route must be asked, besides. */
const QUERIES: Record<string, string> = { 'get /customers/analytics/daily': '?metric=visits' };

const nameOf = (route: Route): string => `${route.method} ${route.path}`;

const PATHS = [...new Set(routes.map((route) => route.path))];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods of a path, as Allow should name them. */
const allowed = (path: string): string[] =>
  routes
    .filter((route) => route.path === path)
    .flatMap((route) => (route.method === 'get' ? ['GET', 'HEAD'] : [route.method.toUpperCase()]))
    .concat('OPTIONS')
    .sort();

let service: Service;
let customer: string;
/** Of one customer that many merge into the other, and of one that many erase: both may be done again and again. */
let merged: string;
let erased: string;
let transaction: string;
let hold: string;
let approved: string;
let refused: string;
let endpoint: string;
let deleted: string;
let cells = 0;

describe('authorization', () => {
  before(async () => {
    service = await startService({ workers: 0, environment: { TEST_CLOCK: '1', WEBHOOKS_ALLOW_PRIVATE: '1' } });
    [customer, merged, erased] = (await Promise.all([1, 2, 3].map(() => createCustomer(service)))) as [
      string,
      string,
      string,
    ];
    transaction = (await earn(service, customer, { points: 50 })).body.id;
    hold = (await post(`/customers/${customer}/loyalty/holds`, { points: 5 })).body.id;
    const request = { direction: 'credit', points: 5_001, reason_code: 'other' };
    const asked = () => post(`/customers/${customer}/loyalty/adjustments`, request);
    const hooked = () => service.request('POST', '/webhook-endpoints', { body: { url: 'http://127.0.0.1:9/' } });
    [endpoint, deleted] = [(await hooked()).body.id, (await hooked()).body.id];
    [approved, refused] = [(await asked()).body.id, (await asked()).body.id];
  });
  after(async () => {
    await service.stop();
    console.log(`    ${cells} authorization cells: ${routes.length} routes × ${PRINCIPALS.length} callers`);
  });

  describe('of every route', matrix);
  describe('of the table itself', table);
  describe('around the routes', methods);
});

const post = (path: string, body: object) =>
  service.request('POST', path, { role: 'manager', body, headers: { 'Idempotency-Key': randomUUID() } });

/** Whom a route is asked about: what erases needs a customer of its own. */
const subjectOf = (route: Route): string => (route.method === 'delete' ? erased : customer);

/** One that the build has left, whatever its hash. */
const consoleFile = () =>
  readdirSync(new URL('../../apps/console/dist/site', import.meta.url)).find((file) => file.endsWith('.js')) as string;

const pathOf = (route: Route): string =>
  route.path
    .replace(':customer_id', subjectOf(route))
    .replace(':transaction_id', transaction)
    .replace(':hold_id', hold)
    .replace(':adjustment_id', route.path.endsWith('/refuse') ? refused : approved)
    .replace(':endpoint_id', route.method === 'delete' ? deleted : endpoint)
    .replace(':file', route.path.startsWith('/console') ? consoleFile() : 'start.js')
    .replace(':code', 'not-found');

function callerOf(principal: Principal, self = customer): RequestOptions {
  switch (principal) {
    case 'anonymous':
      return { role: null };
    case 'bad token':
      return { authorization: `Bearer ${tokenFor('admin', 'x', 'another secret, longer than 32 bytes, too')}` };
    case 'customer self':
      return { role: 'customer', sub: self };
    case 'customer other':
      return { role: 'customer', sub: randomUUID() };
    case 'unknown role':
      return { authorization: `Bearer ${tokenFor('superuser')}` };
    default:
      return { role: principal };
  }
}

async function verdictOf(route: Route, principal: Principal): Promise<Verdict> {
  const { status, body } = await service.request(
    route.method.toUpperCase(),
    `${pathOf(route)}${QUERIES[nameOf(route)] ?? ''}`,
    {
      ...callerOf(principal, subjectOf(route)),
      ...(route.body && { body: bodies()[nameOf(route)] ?? {} }),
      headers: { 'Idempotency-Key': randomUUID() },
    },
  );
  if (status >= 200 && status < 300) return 'allowed';
  const codes: Record<number, string[]> = {
    401: ['unauthenticated', 'invalid-token'],
    403: ['forbidden'],
    404: ['customer-not-found'],
  };
  expect(codes[status], `${status} ${body.code}`).to.include(body.code);
  return status as Verdict;
}

/** What POLICY says. */
function policyOf(route: Route, principal: Principal): Verdict {
  if (route.permission === 'public') return 'allowed';
  if (principal === 'anonymous' || principal === 'bad token') return 401;
  const role = principal.startsWith('customer') ? 'customer' : principal;
  const scope = scopeOf(role, route.permission);
  if (scope === undefined) return 403;
  return scope === 'own' && principal !== 'customer self' ? 404 : 'allowed';
}

function matrix() {
  for (const route of routes) {
    it(`${nameOf(route)} answers each caller as the policy and as this file say`, async () => {
      const answers = await Promise.all(PRINCIPALS.map((principal) => verdictOf(route, principal)));
      const byCaller = (verdicts: unknown[]) => Object.fromEntries(PRINCIPALS.map((name, i) => [name, verdicts[i]]));
      const spelled = EXPECTED[nameOf(route)]?.split(' ').map((word) => (word === 'ok' ? 'allowed' : Number(word)));
      expect(byCaller(answers), 'as POLICY says').to.deep.equal(
        byCaller(PRINCIPALS.map((principal) => policyOf(route, principal))),
      );
      expect(byCaller(answers), 'as spelled out').to.deep.equal(byCaller(spelled ?? []));
      cells += answers.length;
    });
  }
}

function table() {
  it('has an expectation for every route, and none for routes that are gone', () => {
    expect(Object.keys(EXPECTED).sort()).to.deep.equal(routes.map(nameOf).sort());
  });

  it('gives every route that is not on the list of public ones a permission somebody has', () => {
    for (const route of routes) {
      if (PUBLIC.includes(route.path)) expect(route.permission, nameOf(route)).to.equal('public');
      else if (route.permission === 'public') expect.fail(`${nameOf(route)} is public`);
      else expect(Object.keys(POLICY[route.permission]), nameOf(route)).not.to.have.length(0);
    }
  });

  it('knows the roles and scopes this file knows', () => {
    expect([...ROLES].sort()).to.deep.equal(['admin', 'customer', 'manager', 'ops', 'service', 'staff']);
    const own = Object.entries(POLICY).flatMap(([name, roles]) =>
      Object.entries(roles).map(([role, scope]) => ({ name, role, scope })),
    );
    for (const { role, scope } of own) expect(scope === 'own', role).to.equal(role === 'customer');
  });
}

const namesIn = (header: string | null): string[] => (header ?? '').split(', ').sort();

function methods() {
  for (const path of PATHS) {
    it(`${path} answers OPTIONS, HEAD and methods it does not know`, async () => {
      const url = pathOf(routes.find((route) => route.path === path) as Route);
      const options = await service.request('OPTIONS', url, { role: null });
      expect(options.status).to.equal(204);
      expect(namesIn(options.headers.get('allow'))).to.deep.equal(allowed(path));
      for (const method of METHODS.filter((name) => !allowed(path).includes(name))) {
        for (const role of ['admin', null] as const) {
          const answer = await service.request(method, url, { role, ...(method !== 'GET' && { body: {} }) });
          expect({ method, status: answer.status, code: answer.body.code }).to.deep.equal({
            method,
            status: 405,
            code: 'method-not-allowed',
          });
          expect(namesIn(answer.headers.get('allow'))).to.deep.equal(allowed(path));
        }
      }
      await headFollowsGet(path, url);
    });
  }

  it('is not talked into another method by a header', async () => {
    const { status } = await service.request('GET', `/customers/${customer}`, {
      role: 'ops',
      headers: { 'X-HTTP-Method-Override': 'PUT', 'X-Method-Override': 'DELETE' },
    });
    expect(status).to.equal(403);
  });

  it('knows no other spelling of a path, which a rule in front of it might miss', async () => {
    const spellings = ['/customers/', '//customers', '/Customers', '/v1/customers', '/customers;a=b', '/./customers/.'];
    for (const path of [...spellings, `/customers/${customer}/`, `/customers/${customer}/loyalty/earn/`, '/health/']) {
      const answer = await sendRaw(service.url, {
        method: 'GET',
        path,
        headers: [['Authorization', `Bearer ${tokenFor('admin')}`]],
      });
      expect({ path, status: answer.status, code: answer.body.code }).to.deep.equal({
        path,
        status: 404,
        code: 'not-found',
      });
    }
  });

  it('answers other origins nothing that a browser would let them read', async () => {
    const { headers } = await service.request('GET', '/health', { headers: { Origin: 'https://evil.example' } });
    const preflight = await service.request('OPTIONS', '/customers', {
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    });
    for (const answer of [headers, preflight.headers])
      expect([...answer.keys()].filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
  });
}

/** HEAD is guarded like GET and tells the same without a body. */
async function headFollowsGet(path: string, url: string): Promise<void> {
  if (!allowed(path).includes('GET')) return;
  for (const principal of PRINCIPALS) {
    const { authorization, role, sub } = callerOf(principal);
    const token = authorization ?? (role ? `Bearer ${tokenFor(role, sub)}` : undefined);
    const headers: [string, string][] = token === undefined ? [] : [['Authorization', token]];
    const head = await sendRaw(service.url, { method: 'HEAD', path: url, headers });
    const get = await sendRaw(service.url, { method: 'GET', path: url, headers });
    expect(head.text).to.equal('');
    expect([principal, head.status]).to.deep.equal([principal, get.status]);
    expect(head.headers.get('content-type')).to.equal(get.headers.get('content-type'));
  }
}
