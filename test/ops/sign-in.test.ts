// Who may come to the ops pages, asked over HTTP: what a browser would never send is refused as well.

import { expect } from 'chai';
import { type Service, startService, tokenFor } from '../helpers/service.ts';

const PASSWORD = 'a password of the tests';

describe('the sign-in of the ops pages', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 0, environment: { OPS_PASSWORD: PASSWORD } });
  });
  after(() => service.stop());

  const ask = (method: string, path: string, init: { cookie?: string; form?: object; headers?: object } = {}) =>
    fetch(`${service.ops_url}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...(init.cookie && { Cookie: init.cookie }), ...init.headers },
      ...(init.form && { body: new URLSearchParams({ ...init.form }) }),
    });
  const signIn = async (form: object, headers = {}) => {
    const answer = await ask('POST', '/ops/login', { form, headers });
    return { status: answer.status, cookie: answer.headers.get('Set-Cookie')?.split(';')[0] };
  };

  it('lets in the roles that look after the service, and no others', async () => {
    for (const [role, status] of [
      ...([
        ['admin', 204],
        ['ops', 204],
        ['manager', 204],
      ] as const),
      ...([
        ['staff', 403],
        ['service', 403],
        ['customer', 403],
      ] as const),
    ]) {
      expect({ role, ...(await signIn({ token: tokenFor(role) })) }.status, role).to.equal(status);
    }
    expect(await signIn({ user: 'admin', password: PASSWORD })).to.include({ status: 401 });
    expect(await signIn({ token: 'not.a.token' })).to.include({ status: 401 });
  });

  it('shows nothing and changes nothing without a session', async () => {
    const page = await ask('GET', '/ops', { headers: { Accept: 'text/html' } });
    expect([page.status, page.headers.get('Location')]).to.deep.equal([302, '/ops/login']);
    const paths = [
      '/ops/overview.json',
      '/ops/queues/api/queues',
      '/ops/queues/static/x',
      '/ops//queues',
      '/ops/%71ueues',
    ];
    for (const path of paths)
      expect((await ask('GET', path, { headers: { Accept: '*/*' } })).status, path).to.be.oneOf([302, 401, 404]);
    for (const path of ['/ops/reconcile', '/ops/failed/1/retry', '/ops/queues/api/queues/pause'])
      expect((await ask('POST', path)).status, path).to.equal(401);
    const forged = `ops_session=${tokenFor('admin')}`;
    expect((await ask('POST', '/ops/reconcile', { cookie: forged })).status).to.equal(401);
  });

  it('makes a session that opens nothing else', async () => {
    const { cookie } = await signIn({ user: 'ops', password: PASSWORD });
    const session = cookie?.split('=')[1];
    const { status } = await service.request('GET', '/customers', { authorization: `Bearer ${session}` });
    expect(status).to.equal(401);
  });

  it('refuses what another site sends, whatever cookie comes along', async () => {
    const { cookie } = await signIn({ user: 'ops', password: PASSWORD });
    const from = (headers: object) => ask('POST', '/ops/reconcile', { cookie: cookie as string, headers });
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ])
      expect((await from(headers)).status, JSON.stringify(headers)).to.equal(403);
    expect((await from({ Origin: service.ops_url, 'Sec-Fetch-Site': 'same-origin' })).status).to.equal(202);
  });

  it('says the cookie is for encrypted connections only, where there is one', async () => {
    const secure = async (headers = {}) => {
      const form = { user: 'ops', password: PASSWORD };
      return (await ask('POST', '/ops/login', { form, headers })).headers.get('Set-Cookie');
    };
    expect(await secure({ 'X-Forwarded-Proto': 'https' })).to.match(/; Secure$/);
    expect(await secure()).not.to.match(/Secure/);
  });

  it('takes no more attempts of an address after ten failures in a minute', async () => {
    for (let attempt = 0; attempt < 10; attempt++) await signIn({ user: 'ops', password: 'wrong' });
    expect(await signIn({ user: 'ops', password: PASSWORD })).to.include({ status: 429 });
  });
});
