// How the console's files are served: what they are, how long they may be kept, and nothing beside them.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { consoleIn } from '../../apps/api/src/console/handlers.ts';
import type { ApiRequest } from '../../apps/api/src/route.ts';
import { type Service, startService } from '../helpers/service.ts';
import { sendRaw } from './raw-http.ts';

describe('the files of the console', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.stop());
  const get = (path: string) => service.request('GET', path, { role: null });

  it('are a page that nobody keeps, and what it names, which may be kept for ever', async () => {
    const page = await get('/console');
    expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).to.equal('no-store');
    expect(page.headers.get('content-security-policy')).to.match(/^default-src 'self'; /);
    const named = [...page.body.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, path]) => path as string);
    expect(named.map((path) => path.replace(/^.*\./, '')).sort()).to.deep.equal(['css', 'js']);
    for (const path of named) {
      const { status, headers } = await get(path);
      expect(status, path).to.equal(200);
      expect(headers.get('content-type')).to.match(/^text\/(javascript|css); charset=utf-8$/);
      expect(headers.get('cache-control')).to.equal('public, max-age=31536000, immutable');
    }
  });

  it('have a configuration beside them, which says that tokens are all there is', async () => {
    const { status, body, headers } = await get('/console/config.json');
    expect({ status, body }).to.deep.equal({ status: 200, body: { oidc: null } });
    expect(headers.get('cache-control')).to.equal('no-store');
    expect((await get('/console')).headers.get('content-security-policy')).not.to.include('connect-src');
  });

  it('are those of the build alone, however one asks', async () => {
    const strange = [
      ...['index.html', 'nothing.js', '.js', 'types', '%2e%2e', '..%2f..%2fpackage.json', '..%2ftypes%2fapp.d.ts'],
      ...['%2e%2e%2f%2e%2e%2fbuild.mjs', '..%5c..%5cbuild.js', '%00.js', 'constructor', 'file:%2f%2f%2fetc%2fpasswd'],
    ];
    for (const file of strange) {
      const { status, body } = await get(`/console/${file}`);
      expect({ file, status, code: body.code }).to.deep.equal({ file, status: 404, code: 'not-found' });
    }
    const { status } = await sendRaw(service.url, { method: 'GET', path: '/console/../package.json' });
    expect(status).to.equal(404);
  });

  it('are told how to be built when they are not there, and seen when they are', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'customer-service-console-'));
    const { page, asset } = consoleIn(new URL(`${pathToFileURL(folder)}/`));
    const nobody = {} as ApiRequest;
    const config = { oidc: null };
    const missing = await page(nobody, { config });
    expect(missing.status).to.equal(503);
    expect(missing.body).to.include('npm run build');
    writeFileSync(join(folder, 'index.html'), '<p>');
    expect((await page(nobody, { config })).status).to.equal(200);
    const oidc = { issuer: 'https://id.example:8443/realms/desk/', client_id: 'console', scope: 'openid' };
    const { headers = {} } = await page(nobody, { config: { oidc } });
    expect(headers['Content-Security-Policy']).to.match(/; connect-src 'self' https:\/\/id\.example:8443$/);
    writeFileSync(join(folder, 'a-1.css'), 'p {}');
    expect(await asset({ params: { file: 'a-1.css' } } as unknown as ApiRequest)).to.include({ status: 200 });
    expect(readdirSync(folder)).to.have.length(2);
    rmSync(folder, { recursive: true });
  });
});
