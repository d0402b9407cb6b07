// Who asks, with a shared secret: no token, good tokens, and every forged one that came to mind.

import { expect } from 'chai';
import { type Response, SECRET, type Service, startService, tokenFor } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { claims, craft, forgedAuthorizations, hmac, now } from './forged-tokens.ts';
import { sendRaw } from './raw-http.ts';

let service: Service;

describe('authentication by a shared secret', () => {
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());

  describe('without a token', anonymous);
  describe('with a good token', accepted);
  describe('with a forged token', forged);
});

const get = (authorization: string, path = '/customers'): Promise<Response> =>
  service.request('GET', path, { authorization });

const HS256 = { alg: 'HS256', typ: 'JWT' };

function anonymous() {
  const good = tokenFor('admin');
  const WAYS: [name: string, path: string, headers: [string, string][]][] = [
    ['no header', '/customers', []],
    ['an empty header', '/customers', [['Authorization', '']]],
    ['a token in the query', `/customers?access_token=${good}`, []],
    ['a token in a cookie', '/customers', [['Cookie', `token=${good}`]]],
    ['a token in a header of another name', '/customers', [['X-Authorization', `Bearer ${good}`]]],
  ];
  for (const [name, path, headers] of WAYS) {
    it(`answers 401 and a bare challenge to ${name}`, async () => {
      const answer = await sendRaw(service.url, { method: 'GET', path, headers });
      expect(answer.status).to.equal(401);
      expect(answer.body.code).to.equal('unauthenticated');
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer');
    });
  }

  it('asks for the token before it looks at anything else', async () => {
    const answers = await Promise.all([
      service.request('POST', '/customers', { role: null, body: '{' }),
      service.request('GET', '/customers?limit=x', { role: null }),
      service.request('PUT', '/customers/abc', { role: null, body: {} }),
      service.request('POST', '/customers/abc/loyalty/earn', { role: null, body: {} }),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal([401, 401, 401, 401]);
  });
}

function accepted() {
  it('accepts a token made by hand, so that what is refused below is refused for its fault', async () => {
    expect((await get(`Bearer ${craft(HS256, claims(), hmac(SECRET))}`)).status).to.equal(200);
  });

  it('accepts the scheme in any case, and headers and claims it does not know', async () => {
    const token = craft({ ...HS256, kid: 'k1' }, claims({ iat: now(), jti: 'x', name: 'é' }), hmac(SECRET));
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) expect((await get(`${scheme} ${token}`)).status).to.equal(200);
  });

  it('refuses a role nobody has with 403 and not 401, whatever it is called', async () => {
    for (const role of ['root', 'Admin', 'admin ', '', '__proto__', 'constructor', 'toString']) {
      const { status, body, headers } = await get(`Bearer ${tokenFor(role)}`);
      expect({ role, status, code: body.code }).to.deep.equal({ role, status: 403, code: 'forbidden' });
      expect(headers.get('www-authenticate')).to.match(/^Bearer error="insufficient_scope", scope="customers:list"$/);
    }
  });

  it('stops accepting a token it knows the moment it expires, five seconds being left for clocks that differ', async () => {
    const exp = now();
    const authorization = `Bearer ${craft(HS256, claims({ exp }), hmac(SECRET))}`;
    expect((await get(authorization)).status).to.equal(200);
    const refused = await until(
      async () => {
        const answer = await get(authorization);
        return answer.status !== 200 && answer;
      },
      { what: 'the end of the token', every_ms: 100 },
    );
    expect(refused.status).to.equal(401);
    expect(Date.now()).to.be.at.least((exp + 5) * 1_000);
  });

  it('takes one header of two that disagree, and never mixes them', async () => {
    const headers: [string, string][] = [
      ['Authorization', `Bearer ${tokenFor('customer')}`],
      ['Authorization', `Bearer ${tokenFor('admin')}`],
    ];
    const { status } = await sendRaw(service.url, { method: 'GET', path: '/customers', headers });
    expect(status, 'the first one’s').to.equal(403);
  });
}

function forged() {
  for (const [name, authorization] of Object.entries(forgedAuthorizations())) {
    it(`refuses ${name}`, async () => {
      const { status, body, headers } = await get(authorization);
      expect({ status, code: body.code }).to.deep.equal({ status: 401, code: 'invalid-token' });
      expect(headers.get('www-authenticate')).to.equal('Bearer error="invalid_token"');
      for (const part of authorization.split(/[ .]/).filter((text) => text.length > 20))
        expect(JSON.stringify(body), 'the token is not repeated').not.to.include(part);
      expect(JSON.stringify(body)).not.to.match(/secret|jwt|hmac|stack|node_modules/i);
    });
  }

  it('refuses a token of 9 KB before anybody reads it', async () => {
    const token = craft(HS256, claims({ noise: 'x'.repeat(7_000) }), hmac(SECRET));
    const { status } = await sendRaw(service.url, {
      method: 'GET',
      path: '/customers',
      headers: [['Authorization', `Bearer ${token}`]],
    });
    expect(status).to.equal(431);
  });

  it('still accepts a good one after all of these', async () => {
    expect((await get(`Bearer ${tokenFor('admin')}`)).status).to.equal(200);
  });
}
