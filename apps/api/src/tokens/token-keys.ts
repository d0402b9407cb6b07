// The keys that verify tokens, from wherever the configuration says they come. Knows no claims and no HTTP of ours.

import { createPublicKey, createSecretKey } from 'node:crypto';
import type { Log, TokenConfig } from '@customer-service/runtime';
import { createKeySet } from './key-set.ts';
import { type Algorithm, algorithmOf, MIN_RSA_BITS, type TokenKey, type TokenKeys } from './token-key.ts';

type FixedSource = Exclude<TokenConfig['keys'], { kind: 'jwks' }>;

/** @throws Error with its cure when the public key can't be used */
export function openTokenKeys({ keys, algorithms }: TokenConfig, log: Log): TokenKeys {
  const source = keys.kind === 'jwks' ? createKeySet(keys.url, log) : fixedKeys(makeKeys(keys, algorithms));
  return {
    find: async (choice) => (algorithms.some((allowed) => allowed === choice.alg) ? source.find(choice) : []),
    holds: source.holds,
  };
}

/** Made once: jsonwebtoken would otherwise make a KeyObject of the text for every request. */
function makeKeys(source: FixedSource, algorithms: Algorithm[]): TokenKey[] {
  if (source.kind === 'secret') {
    const secrets = source.previous === null ? [source.secret] : [source.secret, source.previous];
    return secrets.map((secret) => ({ key: createSecretKey(Buffer.from(secret)), algorithm: 'HS256' }));
  }
  const key = createPublicKey(source.pem);
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new Error(`JWT_PUBLIC_KEY: must be an RSA key of ${MIN_RSA_BITS} bits or more, or an EC key on P-256`);
  }
  if (!algorithms.includes(algorithm)) {
    throw new Error(`JWT_ALGORITHMS: must include ${algorithm}, which is what JWT_PUBLIC_KEY is for`);
  }
  return [{ key, algorithm }];
}

function fixedKeys(keys: TokenKey[]): TokenKeys {
  return {
    find: async ({ alg }) => keys.filter(({ algorithm }) => algorithm === alg),
    holds: (key) => keys.includes(key),
  };
}
