// What production depends on and under which licence, as the lock file says: docs/dependency-licences.md is made of it.
// `npm run licences` writes it.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);

interface Locked {
  name?: string;
  version?: string;
  license?: string;
  link?: boolean;
  dev?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export interface Dependency {
  name: string;
  version: string;
  licence: string;
}

/** Licences that ask for no more than their text; anything else is to be looked at by a person first. */
export const PERMISSIVE = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Python-2.0',
];

/** Everything that the image brings along, ourselves apart, by name. */
export function productionDependencies(packages: Record<string, Locked>): Dependency[] {
  const waiting = ['apps/api', 'apps/worker', 'apps/ops', 'apps/console'];
  const seen = new Set<string>();
  const found: Dependency[] = [];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const entry = packages[path] as Locked;
    const name = path.split('node_modules/').at(-1) as string;
    if (path.includes('node_modules/'))
      found.push({ name, version: entry.version ?? '', licence: entry.license ?? 'unknown' });
    for (const needed of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      const place = resolve(packages, path, needed);
      if (place !== undefined) waiting.push(place);
    }
  }
  return found.sort((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
}

/** As Node does: beside it, then further up; a link leads to a workspace. Undefined: optional, and not for here. */
function resolve(
  packages: Record<string, Locked & { resolved?: string }>,
  from: string,
  name: string,
): string | undefined {
  for (
    let folder = from;
    ;
    folder = folder.includes('/node_modules/') ? folder.slice(0, folder.lastIndexOf('/node_modules/')) : ''
  ) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    const entry = packages[place];
    if (entry !== undefined) return entry.link ? entry.resolved : place;
    if (folder === '') return undefined;
  }
}

export function licencesDocument(): string {
  const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', ROOT), 'utf8'));
  const dependencies = productionDependencies(packages);
  const counts = new Map<string, number>();
  for (const { licence } of dependencies) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const sums = [...counts].sort((a, b) => b[1] - a[1]).map(([licence, count]) => `${licence} ${count}`);
  return [
    '# Licences of the dependencies',
    '',
    'What the image brings along: API, worker and `ops`, from package-lock.json. Written by `npm run licences`, held against the lock by a test.',
    '',
    `${dependencies.length} packages: ${sums.join(' · ')}.`,
    '',
    '| package | version | licence |',
    '|---|---|---|',
    ...dependencies.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`),
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('docs/dependency-licences.md', ROOT), licencesDocument());
}
