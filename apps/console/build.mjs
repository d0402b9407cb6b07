// Builds the console into dist/site, from where the API serves it: `--if-older` only when a source is newer than what is
// there, and silent otherwise; `--watch` again with every change. It runs before anything is compiled.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SOURCES = [
  'src',
  'index.html',
  'build.mjs',
  'package.json',
  '../../packages/client/src',
  '../../packages/domain/src',
];
const BUILT = join(HERE, 'dist/site/index.html');

function changedAt(path) {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(own.mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}

const isOlder = () =>
  !existsSync(BUILT) || SOURCES.some((path) => changedAt(join(HERE, path)) > statSync(BUILT).mtimeMs);

const asked = process.argv.slice(2);
if (!asked.includes('--if-older') || isOlder()) {
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: HERE,
    base: '/console/',
    logLevel: 'warn',
    // The client as it lies here, so that nothing has to be compiled first.
    resolve: { conditions: ['@customer-service/source', 'module', 'browser', 'production'] },
    build: {
      outDir: 'dist/site',
      emptyOutDir: true,
      // Data URLs and inline scripts are more than the content security policy lets in.
      assetsInlineLimit: 0,
      modulePreload: false,
      assetsDir: '',
      watch: asked.includes('--watch') ? {} : null,
    },
  });
}
