// The style guide as a test: who may import whom, one door for each technology, and what no file may hold.
// Each rule is first shown a file that breaks it, then every file there is.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NEVER = new Set(['node_modules', 'dist', 'coverage']);

interface SourceFile {
  /** From the root, with slashes. */
  path: string;
  text: string;
}

function walk(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isFile()) return [path];
    return entry.isDirectory() && !NEVER.has(entry.name) && !entry.name.startsWith('.') ? walk(path) : [];
  });
}

/** What git knows or would add; without git, what lies there. */
function listFiles(): string[] {
  const git = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8' });
  const listed = git.status === 0 ? git.stdout.split('\0').filter((path) => path !== '') : [];
  return (listed.length > 0 ? [...new Set(listed)] : walk('')).filter((path) => existsSync(join(ROOT, path)));
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** The code with its comments blanked out, and its strings too when they don't matter; line for line the same. */
function codeOf(text: string, keep: 'strings' | 'nothing' = 'nothing'): string {
  const tokens = /\/\*[\s\S]*?\*\/|(?<![:\\/])\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return text.replace(tokens, (token) => {
    const comment = token.startsWith('/');
    return !comment && keep === 'strings' ? token : token.replace(/[^\n]/g, ' ');
  });
}

/** Whatever a file imports, exports from or loads later. */
function importsOf(text: string): string[] {
  const statements = /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm;
  const calls = /\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g;
  const code = codeOf(text, 'strings');
  const bare = codeOf(text);
  const matches = [...code.matchAll(statements), ...code.matchAll(calls)];
  // One that is spoken of in a string has gone when strings are blanked out.
  const real = matches.filter((match) => /^\s*(import|export|require)\b/.test(bare.slice(match.index)));
  return real.map((match) => (match[1] ?? match[2]) as string);
}

/** The workspace a file belongs to: `apps/api`, `packages/store`, `scripts`, `examples`, `bench`, `test`. */
function workspaceOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'apps' || first === 'packages' ? `${first}/${second}` : first;
}

/** Which of our packages a workspace may import. */
function allowedFor(workspace: string): string[] {
  if (workspace === 'packages/store') return ['domain'];
  if (workspace === 'examples') return ['client'];
  if (workspace === 'apps/console') return ['client', 'domain'];
  if (workspace.startsWith('packages/')) return [];
  return ['store', 'runtime', 'domain', ...(workspace.startsWith('apps/') ? [] : ['client'])];
}

const DOORS: [RegExp, ...string[]][] = [
  [/^(koa|@koa\/.+|koa-.+)$/, 'apps/api/'],
  [/^knex(\/|$)/, 'packages/store/'],
  [/^pg(\/|$)/, 'packages/store/', 'packages/runtime/src/queue'],
  [/^(bullmq|ioredis)(\/|$)/, 'packages/runtime/src/queue'],
  [/^(@opentelemetry\/api|bullmq-otel)$/, 'packages/'],
  [/^@opentelemetry\//, 'packages/tracing/'],
  [/^(preact|vite|oauth4webapi)(\/|$)/, 'apps/console/'],
];
const isProduct = (path: string) => /^(apps|packages)\//.test(path);
const isSource = (path: string) => /^(apps|packages|scripts)\//.test(path);
/** The bench stands beside the service: it may use whatever those use with whom it compares. */
const isCommented = (path: string) => isSource(path) || /^(bench|examples)\//.test(path);
/** Written by a tool out of the contract. */
const isGenerated = (path: string) => path === 'packages/client/src/contract.ts';

/** @returns why `path` may not import `name`, or nothing */
function importBreach(path: string, name: string): string | undefined {
  const workspace = workspaceOf(path);
  const [, own, deeper] = /^@customer-service\/([^/]+)(\/.*)?$/.exec(name) ?? [];
  if (own !== undefined) {
    if (deeper !== undefined) return 'enters a package past its index';
    return allowedFor(workspace).includes(own) ? undefined : `may not import ${own}`;
  }
  if (name.startsWith('.')) {
    const target = workspaceOf(posix.join(posix.dirname(path), name));
    if (target === workspace) return undefined;
    const free =
      (path.startsWith('test/') && !target.startsWith('packages/')) ||
      (path.startsWith('bench/') && target === 'scripts');
    return free ? undefined : 'leaves its own package';
  }
  if (workspace === 'packages/domain') return 'the domain imports nothing';
  if (workspace === 'packages/client') return 'the client imports nothing';
  const [, ...doors] = DOORS.find(([pattern]) => pattern.test(name)) ?? [];
  if (doors.length === 0 || !isSource(path) || doors.some((door) => path.startsWith(door))) return undefined;
  return `belongs behind ${doors.join(' or ')}`;
}

/** A name of the package an import comes from; undefined for our own, for files and for Node. */
function packageOf(name: string): string | undefined {
  if (/^(\.|node:|@customer-service\/)/.test(name)) return undefined;
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

type Rule = (file: SourceFile) => string[];

/** A rule on the code alone: what matches `pattern`, wherever `where` says that it may not. */
const never =
  (pattern: RegExp, where: (path: string) => boolean = () => true): Rule =>
  ({ path, text }) => {
    if (!where(path)) return [];
    const lines = text.split('\n');
    return codeOf(text)
      .split('\n')
      .flatMap((line, index) => {
        const excused = lines[index - 1]?.includes('biome-ignore');
        return pattern.test(line) && !excused ? [`line ${index + 1}`] : [];
      });
  };

interface StyleRule {
  breaches: Rule;
  /** Files that break it once each: [path, text]. */
  broken: [string, string][];
}

const style: Record<string, StyleRule> = {
  'imports only what its place allows': {
    breaches: ({ path, text }) =>
      importsOf(text).flatMap((name) => {
        const breach = importBreach(path, name);
        return breach === undefined ? [] : [`${name}: ${breach}`];
      }),
    broken: [
      ['apps/worker/src/a.ts', `import { routes } from '@customer-service/api';`],
      ['apps/worker/src/a.ts', `import { routes } from '../../api/src/routes.ts';`],
      ['apps/worker/src/a.ts', `import Koa from 'koa';`],
      ['apps/api/src/a.ts', `import {\n  a,\n} from '@customer-service/store/src/a.ts';`],
      ['apps/api/src/a.ts', `export * from '../../../packages/store/src/a.ts';`],
      ['apps/api/src/a.ts', `import knex from 'knex';`],
      ['packages/store/src/a.ts', `import type { Log } from '@customer-service/runtime';`],
      ['packages/store/src/a.ts', `import Router from '@koa/router';`],
      ['packages/runtime/src/a.ts', `import { A } from '@customer-service/domain';`],
      ['packages/runtime/src/a.ts', `import 'pg';`],
      ['packages/runtime/src/a.ts', `import { Queue } from 'bullmq';`],
      ['packages/domain/src/a.ts', `import { A } from '@customer-service/store';`],
      ['packages/client/src/a.ts', `import type { A } from '@customer-service/domain';`],
      ['packages/client/src/a.ts', `import { createHash } from 'node:crypto';`],
      ['apps/worker/src/a.ts', `import { createClient } from '@customer-service/client';`],
      ['apps/console/src/a.tsx', `import { openDatabase } from '@customer-service/store';`],
      ['apps/console/src/a.tsx', `import { routes } from '../../api/src/routes.ts';`],
      ['apps/api/src/a.ts', `import { render } from 'preact';`],
      ['examples/a.ts', `import { A } from '@customer-service/domain';`],
      ['examples/a.ts', `import { createClient } from '../packages/client/src/index.ts';`],
      ['packages/domain/src/a.ts', `import { createHash } from 'node:crypto';`],
      ['packages/domain/src/a.ts', `const joi = await import('joi');`],
      ['scripts/a.ts', `import { Queue } from 'bullmq';`],
      ['packages/runtime/src/a.ts', `import { W3CTraceContextPropagator } from '@opentelemetry/core';`],
      ['apps/api/src/a.ts', `import { trace } from '@opentelemetry/api';`],
      ['bench/src/a.ts', `import { a } from '../../packages/store/src/a.ts';`],
      ['bench/src/a.ts', `import { a } from '../../apps/api/src/app.ts';`],
      ['test/api/a.test.ts', `import { a } from '../../packages/store/src/a.ts';`],
    ],
  },
  'imports no package that its own package.json does not name': {
    breaches: ({ path, text }) => {
      const manifest = `${workspaceOf(path)}/package.json`;
      if (!existsSync(join(ROOT, manifest))) return [];
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(manifest));
      const named = new Set(Object.keys({ ...dependencies, ...devDependencies }));
      return importsOf(text).filter((name) => packageOf(name) !== undefined && !named.has(packageOf(name) as string));
    },
    broken: [['apps/worker/src/a.ts', `import Joi from 'joi';`]],
  },
  'leaves the environment to packages/runtime/src/config.ts': {
    breaches: never(
      /\bprocess\s*(\.|\?\.|\[)\s*env\b|^\s*import\b.*\benv\b.*\bfrom\b/,
      (path) => isProduct(path) && path !== 'packages/runtime/src/config.ts',
    ),
    broken: [
      ['apps/api/src/a.ts', 'const { PORT } = process.env;'],
      ['packages/store/src/a.ts', `import { env } from 'node:process';`],
    ],
  },
  'knows no clock and no chance in the domain': {
    breaches: never(
      /\bDate\s*\.\s*now\b|\bDate\s*\(\s*\)|(?<!\bnew\s+)\bDate\s*\(|\bnew\s+Date\b(?!\s*\(\s*[^\s)])|\bMath\s*\.\s*random\b/,
      (path) => path.startsWith('packages/domain/'),
    ),
    broken: [
      ['packages/domain/src/a.ts', 'const now = Date.now();'],
      ['packages/domain/src/a.ts', 'const now = new Date();'],
      ['packages/domain/src/a.ts', 'const now = new Date( ).getTime();'],
      ['packages/domain/src/a.ts', 'const now = new Date;'],
      ['packages/domain/src/a.ts', 'const now = Date();'],
    ],
  },
  'has no `any`': {
    breaches: never(/(?:[:<|&]|\bas)\s*any\b(?!\s*[:(])|,\s*any\s*>|\bany\[\]/),
    broken: [
      ['test/a.ts', 'function f(a: any) {}'],
      ['apps/api/src/a.ts', 'const a = b as any;'],
      ['apps/api/src/a.ts', 'const a = new Map<string, any>();'],
    ],
  },
  'has no enum': {
    breaches: never(/\benum\s+\w+\s*\{/),
    broken: [['packages/domain/src/a.ts', 'export const enum Tier { Bronze }']],
  },
  'has no default export': {
    breaches: never(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/),
    broken: [['apps/api/src/a.ts', 'export default function () {}']],
  },
  'leaves no work for later': {
    breaches: ({ text }) => text.match(/\b(TO[D]O|FIX[M]E)\b/g) ?? [],
    broken: [['apps/api/src/a.ts', `// ${'TO'}DO: later`]],
  },
  'has 300 lines at the most': {
    breaches: ({ path, text }) => {
      const lines = text.trimEnd().split('\n').length;
      return lines > 300 && !isGenerated(path) ? [`${lines} lines`] : [];
    },
    broken: [['apps/api/src/a.ts', '// a\n'.repeat(301)]],
  },
  'opens with a comment': {
    breaches: ({ path, text }) => {
      const first = text.replace(/^#!.*\n/, '').trimStart();
      return isCommented(path) && !first.startsWith('//') && !first.startsWith('/*') ? ['no comment'] : [];
    },
    broken: [
      ['scripts/a.ts', `import { a } from './b.ts';`],
      ['bench/src/a.ts', `import { a } from './b.ts';`],
    ],
  },
};

const sound = `// Breaks nothing: process.env, any[], enum A {, Date.now() and import 'pg' are only spoken of here.
import { A } from './b.ts';
const text = "export default new Date() as any // process.env";
const converted = new Date(ms).toISOString();
`;

describe('every source file', () => {
  const files: SourceFile[] = listFiles()
    .filter((path) => /\.(ts|tsx|mts|mjs)$/.test(path))
    .map((path) => ({ path, text: read(path) }));

  it('is looked at', () => {
    const some = ['test/tidy.test.ts', 'packages/domain/src/index.ts', 'apps/console/src/app.tsx'];
    expect(files.map((file) => file.path)).to.include.members(some);
  });

  for (const [name, { breaches, broken }] of Object.entries(style)) {
    it(name, () => {
      for (const [path, text] of broken) expect(breaches({ path, text }), text.slice(0, 80)).to.have.length(1);
      expect(breaches({ path: 'packages/domain/src/a.ts', text: sound })).to.deep.equal([]);
      const found = files.flatMap((file) => breaches(file).map((breach) => `${file.path}: ${breach}`));
      expect(found).to.deep.equal([]);
    });
  }
});

describe('the dependencies', () => {
  const manifests = listFiles().filter((path) =>
    /^((apps|packages)\/[^/]+|scripts|examples|bench|test)\/package\.json$/.test(path),
  );

  it('pin bullmq exactly, because its wire format may change with any release', () => {
    const versions = manifests.flatMap((path) => {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(path));
      return [dependencies.bullmq, devDependencies.bullmq].filter((version) => version !== undefined);
    });
    expect(versions).to.have.length.above(0);
    for (const version of versions) expect(version).to.match(/^\d+\.\d+\.\d+$/);
  });

  it('are locked by their checksums and not to the address of one registry', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
    const addressed = Object.entries(packages).filter(([, entry]) => entry.resolved?.startsWith('http'));
    expect(Object.keys(packages)).to.have.length.above(100);
    expect(addressed.map(([path]) => path)).to.deep.equal([]);
    expect(read('.npmrc')).to.contain('omit-lockfile-registry-resolved=true');
  });
});
