// The list of licences is that of the lock file, and none of them asks for more than its text.

import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { licencesDocument, PERMISSIVE, productionDependencies } from '../../scripts/licences.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

describe('the licences of the dependencies', () => {
  const dependencies = productionDependencies(JSON.parse(read('package-lock.json')).packages);

  it('are those that the document lists: `npm run licences` writes it', () => {
    expect(read('docs/dependency-licences.md')).to.equal(licencesDocument());
  });

  it('are found for what the apps need, workspaces looked through, and for no tool', () => {
    const names = dependencies.map(({ name }) => name);
    expect(names).to.include.members(['koa', 'bullmq', 'knex', 'pg', 'ioredis', 'joi']);
    expect(names).to.not.include.members(['mocha']);
    expect(names.filter((name) => name.startsWith('@customer-service/'))).to.deep.equal([]);
  });

  it('are permissive, each of them', () => {
    const odd = dependencies.filter(({ licence }) => !PERMISSIVE.includes(licence));
    expect(odd).to.deep.equal([]);
  });

  it('of a nested package are its own', () => {
    const packages = {
      'apps/api': { dependencies: { a: '1' } },
      'apps/worker': {},
      'apps/ops': {},
      'apps/console': {},
      'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { b: '1' } },
      'node_modules/b': { version: '2.0.0', license: 'GPL-3.0' },
      'node_modules/a/node_modules/b': { version: '1.0.0', license: 'ISC' },
    };
    expect(productionDependencies(packages)).to.deep.equal([
      { name: 'a', version: '1.0.0', licence: 'MIT' },
      { name: 'b', version: '1.0.0', licence: 'ISC' },
    ]);
  });
});

describe('what the documents on security and recovery name', () => {
  for (const path of ['SECURITY.md', 'docs/threat-model.md', 'docs/recovery.md']) {
    it(`is there: ${path}`, () => {
      const text = read(path);
      const files = [...text.matchAll(/\b(?:test|scripts|migrations)\/[\w./-]+\.\w+/g)].map(([file]) => file);
      const folder = path.includes('/') ? 'docs/' : '';
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => `${folder}${link}`);
      const missing = [...files, ...links].filter((file) => !existsSync(new URL(file, ROOT)));
      expect(missing).to.deep.equal([]);
      const { scripts } = JSON.parse(read('package.json'));
      const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name as string);
      expect(commands.filter((name) => scripts[name] === undefined)).to.deep.equal([]);
    });
  }
});

describe('the image', () => {
  it('runs as an ordinary user, with production dependencies and without install scripts', () => {
    const stages = read('Dockerfile').split(/^FROM /m);
    const last = stages.at(-1) as string;
    const users = [...last.matchAll(/^USER (.+)$/gm)].map(([, user]) => user);
    expect(users.at(-1)).to.equal('node');
    expect(last.indexOf('USER node')).to.be.below(last.indexOf('CMD'));
    for (const install of read('Dockerfile').match(/^RUN npm ci.*$/gm) ?? [])
      expect(install).to.include('--ignore-scripts');
    expect(last).to.not.match(/JWT_SECRET|PASSWORD/);
  });
});
