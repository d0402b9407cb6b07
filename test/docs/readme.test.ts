// The README's examples, run as they stand.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { routes } from '../../apps/api/src/routes.ts';
import { type Service, startService, tokenFor } from '../helpers/service.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  let service: Service;
  before(async () => {
    service = await startService({ workers: 1 });
  });
  after(() => service.stop());

  it('has a first conversation that earns and redeems', function () {
    if (spawnSync('curl', ['--version']).status !== 0) {
      console.log("LEFT OUT: the README's curl examples, because there is no curl");
      this.skip();
    }
    const section = /## A first conversation[\s\S]*?(?=\n## )/.exec(README)?.[0] ?? '';
    const scripts = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, script]) => script);
    const folder = mkdtempSync(join(tmpdir(), 'customer-service-readme-'));
    const files = { KEYS: join(folder, 'keys.json'), SALES: join(folder, 'sales') };
    const { status, stdout } = spawnSync('bash', ['-euc', scripts.join('')], {
      env: { PATH: process.env.PATH, URL: service.url, TOKEN: tokenFor('admin'), ...files },
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect(status).to.equal(0);
    expect(stdout).to.include('"status":"pending"');
    expect(stdout).to.match(/"type":"redeem","status":"applied","points":100/);
    expect(stdout).to.include('"points_available":23');
    expect(stdout).to.include('"next_cursor":null');
    expect(stdout).to.include('You have 146 points.\nHere is your voucher.').and.include('1 accepted');
  });

  it('names every route of the API', () => {
    const contract = routes.filter((route) => route.answers !== undefined && !route.path.endsWith(':transaction_id'));
    for (const { method, path } of contract) expect(README).to.include(`| \`${method.toUpperCase()} ${path}\` |`);
  });
});
