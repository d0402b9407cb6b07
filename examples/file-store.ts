// Keys that outlive a till's process, in one small file. Written to the side and renamed, so that it is never half.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { KeyStore } from '@customer-service/client';

export function fileStore(path: string): KeyStore {
  const keys = new Map<string, string>(existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []);
  const save = () => {
    writeFileSync(`${path}.new`, JSON.stringify([...keys]), { flush: true });
    renameSync(`${path}.new`, path);
  };
  return {
    get: (name) => keys.get(name),
    set: (name, key) => {
      keys.set(name, key);
      save();
    },
    delete: (name) => {
      keys.delete(name);
      save();
    },
  };
}
