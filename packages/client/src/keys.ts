// The idempotency keys of movements that are not known to have been accepted. The same movement asked for again (the same
// operation on the same customer with the same contents) gets the same key, until the service has answered it: so a
// program that was killed, or gave up, calls again as it did before, and nothing is doubled.

/** Where keys outlive the process: a file, localStorage, a table. `Map` is one. `name` is a SHA-256 in hex. */
export interface KeyStore {
  get(name: string): Promise<string | null | undefined> | string | null | undefined;
  set(name: string, key: string): unknown;
  delete(name: string): unknown;
}

interface Key {
  value: string;
  /** Whether another call has sent it or may be about to: a refusal of one says nothing of the others. */
  used: boolean;
}

export interface Keys {
  /** The key of a movement: the one it has, or a new one, stored before it is given. */
  take(movement: string): Promise<Key>;
  /** To be called when the service has answered: the same movement again is another one from then on. */
  settle(movement: string, key: Key): Promise<void>;
}

export function openKeys(store: KeyStore = new Map<string, string>()): Keys {
  // Calls at the same time must not make two keys for one movement while the store is being asked.
  const taken = new Map<string, Promise<Key>>();
  return {
    async take(movement) {
      const name = await sha256(movement);
      const before = taken.get(name);
      if (before !== undefined) {
        const key = await before;
        key.used = true;
        return key;
      }
      const key = load(store, name);
      taken.set(name, key);
      key.catch(() => taken.delete(name));
      return key;
    },
    async settle(movement, key) {
      const name = await sha256(movement);
      if ((await taken.get(name))?.value !== key.value) return;
      await store.delete(name);
      taken.delete(name);
    },
  };
}

async function load(store: KeyStore, name: string): Promise<Key> {
  const stored = await store.get(name);
  if (stored) return { value: stored, used: true };
  const value = crypto.randomUUID();
  await store.set(name, value);
  return { value, used: false };
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** JSON in which the order of the fields doesn't matter: what another version of a program writes is the same movement. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
