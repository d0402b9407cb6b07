// The keys an operator sets: a second secret while the first is being changed, and public keys that are refused.

import { createPublicKey } from 'node:crypto';
import { createLog } from '@customer-service/runtime';
import { expect } from 'chai';
import { openTokenKeys } from '../../apps/api/src/tokens/token-keys.ts';
import { startService, tokenFor } from '../helpers/service.ts';
import { claims, craft, hmac, now } from './forged-tokens.ts';
import { makeKey } from './key-server.ts';

describe('the keys of the configuration', () => {
  const previous = 'the secret before this one, also long enough';

  it('accept tokens of both secrets, and of no third', async () => {
    const service = await startService({ environment: { JWT_SECRET_PREVIOUS: previous } });
    const ask = (token: string) => service.request('GET', '/customers', { authorization: `Bearer ${token}` });
    try {
      expect((await ask(tokenFor('admin'))).status).to.equal(200);
      expect((await ask(tokenFor('admin', 'x', previous))).status).to.equal(200);
      expect((await ask(tokenFor('admin', 'x', `${previous}.`))).status).to.equal(401);
      const expired = craft({ alg: 'HS256' }, claims({ exp: now() - 10 }), hmac(previous));
      expect((await ask(expired)).body.detail).to.equal('The token has expired.');
    } finally {
      await service.stop();
    }
  });

  it('include no public key that is too short to be safe, or not for the algorithms allowed', () => {
    const log = createLog('test', 'silent');
    const open = (kind: 'rsa' | 'short rsa' | 'ec' | 'p384', algorithms: ('RS256' | 'ES256')[]) => {
      const pem = createPublicKey(makeKey('1', kind).privateKey).export({ type: 'spki', format: 'pem' }) as string;
      const rest = { issuer: null, audience: null, role_claim: 'role' };
      return () => openTokenKeys({ keys: { kind: 'public_key', pem }, algorithms, ...rest }, log);
    };
    expect(open('rsa', ['RS256', 'ES256'])).not.to.throw();
    expect(open('short rsa', ['RS256', 'ES256'])).to.throw(/^JWT_PUBLIC_KEY: .*2048 bits/);
    expect(open('p384', ['RS256', 'ES256'])).to.throw(/^JWT_PUBLIC_KEY: .*P-256/);
    expect(open('ec', ['RS256'])).to.throw(/^JWT_ALGORITHMS: must include ES256/);
  });
});
