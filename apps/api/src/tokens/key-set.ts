// A JSON Web Key Set (RFC 7517) fetched from an identity provider and kept. Trade-off: a new key is found at once, a
// withdrawn one is forgotten within `refresh_ms`, and nobody who sends made-up key ids can make us fetch more than once
// in `unknown_ms`. While the provider is away, the keys that are known go on working.

import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { Log } from '@customer-service/runtime';
import { Problem } from '../problems.ts';
import { algorithmOf, type KeyChoice, type TokenKey, type TokenKeys } from './token-key.ts';

const TIMING = {
  /** The set is fetched again this often, whether anybody asks or not. */
  refresh_ms: 5 * 60_000,
  /** And for a key id it does not have, at most this often. */
  unknown_ms: 30_000,
  /** As long as no key is known at all. */
  none_ms: 1_000,
  timeout_ms: 2_000,
};
const MAX_BYTES = 256 * 1_024;

/** Begins to fetch at once. @param timing other limits, for tests */
export function createKeySet(url: string, log: Log, timing: Partial<typeof TIMING> = {}): TokenKeys {
  const { refresh_ms, unknown_ms, none_ms, timeout_ms } = { ...TIMING, ...timing };
  let known = new Map<string, TokenKey>();
  let held = new Set<TokenKey>();
  let fetching: Promise<void> | undefined;
  let asked_at = Number.NEGATIVE_INFINITY;

  function refresh(): Promise<void> {
    fetching ??= fetchKeySet(url, timeout_ms)
      .then((keys) => {
        known = keys;
        held = new Set(keys.values());
        if (keys.size === 0) log.warn('the key set has no key that can be used');
      })
      .catch((error) => log.warn({ error, known: known.size }, 'the key set could not be fetched'))
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  }

  /** Waits for a fetch that may bring the key, if one is under way or due. */
  async function lookAgain(): Promise<void> {
    const now = performance.now();
    if (fetching === undefined && now - asked_at < (known.size === 0 ? none_ms : unknown_ms)) return;
    if (fetching === undefined) asked_at = now;
    await refresh();
  }

  setInterval(() => void refresh(), refresh_ms).unref();
  void refresh();

  return {
    find: async (choice) => {
      if (choice.kid === undefined) return [];
      if (!known.has(nameOf(choice))) await lookAgain();
      if (known.size === 0)
        throw new Problem('keys-unavailable', 'The keys that verify tokens can not be fetched now.');
      const key = known.get(nameOf(choice));
      return key === undefined ? [] : [key];
    },
    holds: (key) => held.has(key),
  };
}

const nameOf = ({ alg, kid }: KeyChoice): string => `${alg} ${kid}`;

/** @throws Error when there is no answer in time, or none that is a key set of bounded size */
async function fetchKeySet(url: string, timeout_ms: number): Promise<Map<string, TokenKey>> {
  const answer = await fetch(url, {
    headers: { Accept: 'application/jwk-set+json, application/json' },
    // Whoever could redirect us could choose our keys.
    redirect: 'error',
    signal: AbortSignal.timeout(timeout_ms),
  });
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  const { keys } = (JSON.parse(await readText(answer)) ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('no list of keys');
  const usable = new Map<string, TokenKey>();
  for (const jwk of keys) {
    const key = toTokenKey(jwk);
    if (key === undefined) continue;
    const name = nameOf({ alg: key.algorithm, kid: jwk.kid });
    if (!usable.has(name)) usable.set(name, key);
  }
  return usable;
}

async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Undefined for a key that is not meant to verify signatures of an algorithm we take, or that we can't choose by id. */
function toTokenKey(jwk: JsonWebKey | null): TokenKey | undefined {
  if (typeof jwk !== 'object' || jwk === null || typeof jwk.kid !== 'string' || jwk.kid === '') return undefined;
  if (jwk.use !== undefined && jwk.use !== 'sig') return undefined;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) return undefined;
  // A set is public: a shared secret or a private key in it is one that everybody has.
  if ((jwk.kty !== 'RSA' && jwk.kty !== 'EC') || jwk.d !== undefined) return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const algorithm = algorithmOf(key);
    const fits = algorithm !== undefined && (jwk.alg === undefined || jwk.alg === algorithm);
    return fits ? { key, algorithm } : undefined;
  } catch {
    return undefined;
  }
}
