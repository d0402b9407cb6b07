// The product's sources once more, in a folder of their own, with a bug planted in them. The checkout is not touched.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const OURS = '@customer-service';

export interface Patch {
  /** From the root of the checkout. */
  file: string;
  /** As it stands in the file, exactly once. */
  find: string;
  replace: string;
}

export interface Sources {
  path: string;
  /** Puts these bugs in, instead of those before. @throws Error when the text of a patch is not there any more */
  plant(patches: readonly Patch[]): void;
  remove(): void;
}

export function copySources(): Sources {
  const path = mkdtempSync(join(tmpdir(), 'customer-service-mutants-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  // What is compiled comes along, with its times, so that only what is planted has to be compiled.
  const copied = {
    recursive: true,
    preserveTimestamps: true,
    filter: (from: string) => basename(from) !== 'node_modules',
  };
  for (const each of ['apps', 'packages', 'migrations', 'tsconfig.base.json'])
    cpSync(join(ROOT, each), join(path, each), copied);
  linkModules(path);
  let planted = new Set<string>();
  return {
    path,
    remove,
    plant: (patches) => {
      for (const file of planted) cpSync(join(ROOT, file), join(path, file));
      planted = new Set(patches.map(({ file }) => file));
      for (const patch of patches) plantOne(path, patch);
    },
  };
}

function plantOne(path: string, { file, find, replace }: Patch): void {
  const text = readFileSync(join(path, file), 'utf8');
  const found = text.split(find).length - 1;
  if (found !== 1) {
    throw new Error(
      `${file} has the text of a planted bug ${found} times instead of once. Bring it up to date:\n${find}`,
    );
  }
  // By function, because `$` has a meaning in a text that replaces.
  writeFileSync(
    join(path, file),
    text.replace(find, () => replace),
  );
}

/** What npm installed, and our own packages from the copy. */
function linkModules(path: string): void {
  const modules = join(path, 'node_modules');
  mkdirSync(join(modules, OURS), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== OURS && !name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  for (const name of readdirSync(join(path, 'packages'))) {
    symlinkSync(join(path, 'packages', name), join(modules, OURS, name));
  }
}
