// Who asks, with a public key: RS256 and ES256, issuer and audience, and a role that lies deeper in the token.

import type { KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { SECRET, type Service, startService } from '../helpers/service.ts';
import { asymmetric, claims, craft, hmac, makeEc, makeRsa, now } from './forged-tokens.ts';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;

const statusOf = async (service: Service, token: string): Promise<number> =>
  (await service.request('GET', '/customers', { authorization: `Bearer ${token}` })).status;

describe('authentication by a public key', () => {
  const rsa = makeRsa();
  const ec = makeEc();
  let byRsa: Service;
  let byEc: Service;
  before(async () => {
    const environment = (key: KeyObject, more: Record<string, string>) => ({
      environment: { JWT_SECRET: '', JWT_PUBLIC_KEY: pem(key), ...more },
    });
    [byRsa, byEc] = await Promise.all([
      startService(environment(rsa.publicKey, { JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'customer-service' })),
      startService(environment(ec.publicKey, { JWT_ROLE_CLAIM: 'app_metadata.role' })),
    ]);
  });
  after(() => Promise.all([byRsa.stop(), byEc.stop()]));

  describe('of RSA, with issuer and audience', () => {
    const good = { iss: 'https://id.example', aud: 'customer-service' };
    const token = (more: object, key = rsa.privateKey) =>
      craft({ alg: 'RS256', typ: 'JWT' }, claims({ ...good, ...more }), asymmetric(key));
    const CASES: [name: string, status: number, token: () => string][] = [
      ['accepts its own tokens', 200, () => token({})],
      ['accepts a list of audiences with its own in it', 200, () => token({ aud: ['other', 'customer-service'] })],
      ['refuses another issuer', 401, () => token({ iss: 'https://id.example.evil' })],
      ['refuses no issuer', 401, () => token({ iss: undefined })],
      ['refuses another audience', 401, () => token({ aud: 'another-service' })],
      ['refuses a list of other audiences', 401, () => token({ aud: ['a', 'b'] })],
      ['refuses no audience', 401, () => token({ aud: undefined })],
      ['refuses an expired token', 401, () => token({ exp: now() - 10 })],
      ['refuses another RSA key', 401, () => token({}, makeRsa().privateKey)],
      ['refuses HS256 with the public key as secret', 401, () => confused(rsa.publicKey, good)],
      ['refuses HS256 with the public key in DER as secret', 401, () => confusedDer(rsa.publicKey, good)],
      ['refuses HS256 with any secret', 401, () => craft({ alg: 'HS256' }, claims(good), hmac(SECRET))],
      ['refuses alg none', 401, () => craft({ alg: 'none' }, claims(good), () => Buffer.alloc(0))],
      ['refuses ES256', 401, () => craft({ alg: 'ES256' }, claims(good), asymmetric(ec.privateKey))],
      ['refuses PS256 of the right key', 401, () => craft({ alg: 'PS256' }, claims(good), asymmetric(rsa.privateKey))],
    ];
    for (const [name, status, make] of CASES)
      it(name, async () => expect(await statusOf(byRsa, make())).to.equal(status));
  });

  describe('of ECDSA, with the role in app_metadata', () => {
    const token = (more: object, key = ec.privateKey) =>
      craft({ alg: 'ES256', typ: 'JWT' }, claims({ role: 'authenticated', ...more }), asymmetric(key));
    const staff = { app_metadata: { role: 'staff' } };
    const CASES: [name: string, status: number, token: () => string][] = [
      ['accepts its own tokens', 200, () => token(staff)],
      ['goes by app_metadata.role', 403, () => token({ app_metadata: { role: 'customer' }, role: 'admin' })],
      ['takes no role from the top', 401, () => token({ role: 'admin' })],
      ['takes no role from what users may write', 401, () => token({ user_metadata: { role: 'admin' } })],
      ['is not moved by user_metadata', 403, () => token({ app_metadata: { role: 'x' }, user_metadata: staff })],
      ['takes no claim whose name has the dot in it', 401, () => token({ 'app_metadata.role': 'admin' })],
      ['refuses app_metadata that is text', 401, () => token({ app_metadata: 'role' })],
      ['refuses another EC key', 401, () => token(staff, makeEc().privateKey)],
      ['refuses a signature of zeros', 401, () => craft({ alg: 'ES256' }, claims(staff), () => Buffer.alloc(64))],
      ['refuses HS256 with the public key as secret', 401, () => confused(ec.publicKey, staff)],
      ['refuses RS256', 401, () => craft({ alg: 'RS256' }, claims(staff), asymmetric(rsa.privateKey))],
    ];
    for (const [name, status, make] of CASES)
      it(name, async () => expect(await statusOf(byEc, make())).to.equal(status));
  });
});

/** The classic: a verifier that lets the token choose HMAC takes the public key for its secret. */
function confused(key: KeyObject, more: object): string {
  return craft({ alg: 'HS256', typ: 'JWT' }, claims(more), hmac(pem(key)));
}

function confusedDer(key: KeyObject, more: object): string {
  return craft({ alg: 'HS256', typ: 'JWT' }, claims(more), hmac(key.export({ type: 'spki', format: 'der' })));
}
