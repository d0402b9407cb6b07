// What every answer has and lacks, whichever it is; what browsers of other origins get; what requests can't talk the
// service into.

import { expect } from 'chai';
import { routes } from '../../apps/api/src/routes.ts';
import { type RequestOptions, type Response, type Service, startService, tokenFor } from '../helpers/service.ts';
import { createCustomer } from '../helpers/shop.ts';
import { sendRaw } from './raw-http.ts';

const STRICT = "default-src 'none'; frame-ancestors 'none'";
const ORIGIN = 'https://shop.example';

let service: Service;
let browsers: Service;
let customer: string;

describe('hardening', () => {
  before(async () => {
    [service, browsers] = await Promise.all([
      startService({ workers: 0 }),
      startService({ environment: { CORS_ORIGINS: `${ORIGIN},http://localhost:8080`, RATE_LIMITS: 'default=1/min' } }),
    ]);
    customer = await createCustomer(service);
  });
  after(() => Promise.all([service.stop(), browsers.stop()]));

  describe('of every answer', headers);
  describe('against other origins', origins);
  describe('against requests that claim to be something else', claims);
});

/** An answer of each kind, by what was asked. */
async function everyAnswer(): Promise<[what: string, answer: Response][]> {
  const paths = routes.map(({ method, path }) => {
    const filled = path.replace(':customer_id', customer).replace(':file', 'start.js').replace(':code', 'not-found');
    return [method.toUpperCase(), filled] as const;
  });
  const asked: [string, string, RequestOptions?][] = [
    ...paths.map(([method, path]) => [method, path, method === 'GET' ? {} : { body: {} }] as [string, string, object]),
    ...paths.map(([, path]) => ['OPTIONS', path] as [string, string]),
    ...paths.map(([, path]) => ['DELETE', path] as [string, string]),
    ['GET', '/customers', { role: null }],
    ['GET', '/customers', { authorization: 'Bearer a.b.c' }],
    ['GET', '/customers', { role: 'ops' }],
    ['GET', '/nowhere'],
    ['GET', '/%E0%A4%A'],
    ['POST', '/customers', { body: '{' }],
    ['POST', '/customers', { body: 'x'.repeat(70_000) }],
    ['POST', '/customers', { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }],
  ];
  return Promise.all(
    asked.map(
      async ([method, path, options]): Promise<[string, Response]> => [
        `${method} ${path} ${JSON.stringify(options ?? {}).slice(0, 80)}`,
        await service.request(method, path, options),
      ],
    ),
  );
}

const typeOf = ({ headers }: Response) => headers.get('content-type') ?? '';

function headers() {
  let answers: [string, Response][];
  before(async () => {
    answers = await everyAnswer();
    const statuses = new Set(answers.map(([, { status }]) => status));
    expect([...statuses]).to.include.members([200, 204, 400, 401, 403, 404, 405, 413, 415, 422]);
  });

  it('say what a browser may do with it', () => {
    for (const [what, { headers }] of answers) {
      expect(headers.get('x-content-type-options'), what).to.equal('nosniff');
      expect(headers.get('referrer-policy'), what).to.equal('no-referrer');
      expect(headers.get('cross-origin-resource-policy'), what).to.equal('same-origin');
      expect(headers.get('vary'), what).to.equal('Authorization');
      expect(headers.get('x-request-id'), what).to.match(/^[\w-]{8,64}$/);
    }
  });

  it('let a page load what is ours, and anything else nothing', () => {
    const pages = answers.filter(([, answer]) => typeOf(answer).startsWith('text/html'));
    expect(pages.map(([what]) => what.split(' ')[1])).to.have.members([
      ...['/docs', '/problems', '/problems/not-found', '/console'],
    ]);
    for (const [what, { headers }] of pages) {
      const policy = headers.get('content-security-policy');
      expect(policy, what).to.match(/default-src 'self'.*frame-ancestors 'none'/);
      expect(policy, what).not.to.match(/unsafe|\*|https?:/);
    }
    for (const [what, answer] of answers.filter((each) => !pages.includes(each))) {
      expect(answer.headers.get('content-security-policy'), what).to.equal(STRICT);
    }
  });

  it('are kept by nobody, but for the files of the documentation', () => {
    for (const [what, { headers }] of answers) {
      const wanted = what.startsWith('GET /docs/start.js') ? /no-store|max-age/ : /^no-store$/;
      expect(headers.get('cache-control'), what).to.match(wanted);
    }
  });

  it('say nothing of what runs here, and nothing of TLS, which is for others to say', () => {
    for (const [what, { headers }] of answers) {
      for (const name of ['server', 'x-powered-by', 'x-xss-protection', 'strict-transport-security', 'set-cookie'])
        expect(headers.has(name), `${name} of ${what}`).to.equal(false);
      for (const name of headers.keys()) expect(name, what).not.to.match(/^access-control-/);
    }
  });

  it('are those of GET for HEAD, without its body', async () => {
    for (const path of ['/health', '/customers', '/nowhere']) {
      const authorization: [string, string][] = [['Authorization', `Bearer ${tokenFor('admin')}`]];
      const [head, get] = await Promise.all(
        ['HEAD', 'GET'].map((method) => sendRaw(service.url, { method, path, headers: authorization })),
      );
      expect(head?.text).to.equal('');
      expect(head?.status).to.equal(get?.status);
      for (const name of ['content-type', 'content-security-policy', 'cache-control', 'vary'])
        expect(head?.headers.get(name), name).to.equal(get?.headers.get(name));
    }
  });
}

/** The CORS headers of an answer, without their prefix. */
function corsOf({ headers }: Response): Record<string, string> {
  const names = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
  return Object.fromEntries(names.map((name) => [name.slice('access-control-'.length), headers.get(name) ?? '']));
}

function origins() {
  const from = (origin: string, more: RequestOptions = {}): RequestOptions => ({
    ...more,
    headers: { Origin: origin, ...more.headers },
  });
  const preflight = (origin: string) =>
    browsers.request('OPTIONS', `/customers/${customer}`, {
      role: null,
      headers: {
        ...{ Origin: origin, 'Access-Control-Request-Method': 'PUT' },
        'Access-Control-Request-Headers': 'authorization,content-type,if-match',
      },
    });

  it('lets none in when none is configured', async () => {
    const answer = await service.request('GET', '/customers', from(ORIGIN));
    expect([answer.status, corsOf(answer)]).to.deep.equal([200, {}]);
  });

  it('answers the preflight of a configured origin without a token', async () => {
    for (const origin of [ORIGIN, 'http://localhost:8080']) {
      const answer = await preflight(origin);
      expect(answer.status).to.equal(204);
      const { 'allow-methods': methods, 'allow-headers': names, ...rest } = corsOf(answer);
      expect(rest).to.deep.equal({ 'allow-origin': origin, 'max-age': '600' });
      for (const { method } of routes) expect(methods?.split(', ')).to.include(method.toUpperCase());
      const sent = routes.flatMap((route) => route.headers ?? []);
      expect(names?.split(', ')).to.include.members(['Authorization', 'Content-Type', ...sent]);
    }
  });

  it('lets a page of a configured origin read answers and refusals, and the headers that matter', async () => {
    const ask = (options: RequestOptions, path = '/customers') => browsers.request('GET', path, from(ORIGIN, options));
    const answers = [
      ...[await ask({}), await ask({ role: null }), await ask({ role: 'ops' }), await ask({}, '/nowhere')],
      ...[await ask({}, '/customers?limit=x'), await ask({ role: 'staff' }), await ask({ role: 'staff' })],
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 401, 403, 404, 400, 200, 429]);
    for (const answer of answers) {
      const { 'allow-origin': origin, 'expose-headers': exposed, ...rest } = corsOf(answer);
      expect(origin).to.equal(ORIGIN);
      expect(exposed?.split(', ')).to.include.members(['ETag', 'Location', 'RateLimit', 'Retry-After', 'X-Request-Id']);
      expect(rest, 'no credentials').to.deep.equal({});
      expect(answer.headers.get('vary')).to.equal('Authorization, Origin');
    }
  });

  const foreign = [
    'https://evil.example',
    'null',
    `${ORIGIN}.evil.example`,
    `${ORIGIN}:443`,
    'http://shop.example',
    '*',
  ];
  for (const origin of foreign) {
    it(`tells ${origin} nothing`, async () => {
      const [answer, preflighted] = [await browsers.request('GET', '/health', from(origin)), await preflight(origin)];
      expect([corsOf(answer), corsOf(preflighted)]).to.deep.equal([{}, {}]);
      expect(answer.headers.get('vary'), 'for whoever caches').to.equal('Authorization, Origin');
    });
  }

  it('still needs a token for everything but the preflight', async () => {
    const options = await browsers.request('OPTIONS', '/customers', from(ORIGIN, { role: null }));
    expect([options.status, options.headers.get('allow')]).to.deep.equal([204, 'POST, HEAD, GET, OPTIONS']);
    const post = await browsers.request('POST', '/customers', from(ORIGIN, { role: null, body: {} }));
    expect(post.status).to.equal(401);
  });
}

function claims() {
  const admin: [string, string] = ['Authorization', `Bearer ${tokenFor('admin')}`];

  it('takes no method from a header or the query', async () => {
    const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];
    const answer = await sendRaw(service.url, {
      ...{ method: 'POST', path: `/customers/${customer}?_method=GET` },
      headers: [admin, ...names.map((name): [string, string] => [name, 'GET'])],
    });
    expect([answer.status, answer.body.code]).to.deep.equal([405, 'method-not-allowed']);
  });

  it('builds no address from what a proxy would say', async () => {
    const forged: [string, string][] = ['X-Forwarded-Host', 'Forwarded', 'X-Original-URL', 'X-Rewrite-URL'].map(
      (name) => [name, '/evil.example'],
    );
    const body = '{"first_name":"A","last_name":"B"}';
    const created = await sendRaw(service.url, {
      ...{ method: 'POST', path: '/customers', body },
      headers: [admin, ['Content-Type', 'application/json'], ...forged, ['X-Forwarded-Proto', 'evil']],
    });
    expect(created.headers.get('location')).to.match(/^\/customers\/[0-9a-f-]{36}$/);
    for (const path of ['/docs', '/openapi.json', '/problems', '/nowhere']) {
      const { text } = await sendRaw(service.url, { method: 'GET', path, headers: forged });
      expect(text, path).not.to.include('evil');
    }
  });

  it('writes no line of its own into the header of an answer', async () => {
    const { headers, status } = await service.request('GET', '/customers/%0d%0aX-Evil:%201', {
      headers: { 'X-Request-Id': 'not an id; X-Evil: 1' },
    });
    expect([status, headers.get('x-evil')]).to.deep.equal([404, null]);
    expect(headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
  });
}
