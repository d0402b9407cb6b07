// What a key that verifies tokens is: for one algorithm only, which follows from the key itself.

import type { KeyObject } from 'node:crypto';
import type { TokenConfig } from '@customer-service/runtime';

export type Algorithm = TokenConfig['algorithms'][number];

export interface TokenKey {
  key: KeyObject;
  algorithm: Algorithm;
}

/** What of a token's header chooses a key. */
export interface KeyChoice {
  alg: string;
  kid: string | undefined;
}

export interface TokenKeys {
  /**
   * The keys a token with this header may have been signed with; none when it can't be one of ours.
   * @throws Problem `keys-unavailable` when no key is known yet and none can be fetched
   */
  find(choice: KeyChoice): Promise<TokenKey[]>;
  /** Whether a key that `find` gave before still verifies; false once it has left its set. */
  holds(key: TokenKey): boolean;
}

export const MIN_RSA_BITS = 2_048;

/** The algorithm a public key is for; undefined for keys we don't take: short RSA, other curves, other kinds. */
export function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= MIN_RSA_BITS ? 'RS256' : undefined;
  return key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1' ? 'ES256' : undefined;
}
