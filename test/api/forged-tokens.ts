// Tokens made by hand, so that they can be wrong in ways no library would make them, and the list of those that a
// service with a shared HS256 secret has to refuse.

import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { SECRET } from '../helpers/service.ts';

type Signer = (input: string) => Buffer;

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A string as part is taken as it is, anything else as JSON. */
export function craft(header: unknown, payload: unknown, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

export const hmac =
  (secret: string | Buffer, hash = 'sha256'): Signer =>
  (input) =>
    createHmac(hash, secret).update(input).digest();

export const asymmetric =
  (key: KeyObject): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

const nothing: Signer = () => Buffer.alloc(0);

export const makeRsa = () => generateKeyPairSync('rsa', { modulusLength: 2_048 });
export const makeEc = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const now = (): number => Math.floor(Date.now() / 1_000);

/** What a good token says. `undefined` leaves a claim out. */
export const claims = (more: object = {}) => ({ sub: 'mallory', role: 'admin', exp: now() + 3_600, ...more });

const HS256 = { alg: 'HS256', typ: 'JWT' };
const OTHER = 'another secret, as long as the tests’ own one';

const right = (more: object = {}, header: object = {}) => craft({ ...HS256, ...header }, claims(more), hmac(SECRET));

/** Signed with a key that the token itself would have us fetch or believe. */
const elsewhere = (header: object) => craft({ ...HS256, ...header }, claims(), hmac(OTHER));

function wrongAlgorithms(): Record<string, string> {
  const rsa = makeRsa().privateKey;
  const ec = makeEc().privateKey;
  const unsigned = ['none', 'None', 'NONE', 'nOnE', 'none ', '', 'null'].map((alg) => [
    `alg ${JSON.stringify(alg)} and no signature`,
    craft({ alg, typ: 'JWT' }, claims(), nothing),
  ]);
  return {
    ...Object.fromEntries(unsigned),
    'alg none and a signature of noise': craft({ alg: 'none' }, claims(), hmac(OTHER)),
    'alg none and the right signature': craft({ alg: 'none' }, claims(), hmac(SECRET)),
    'no alg': craft({ typ: 'JWT' }, claims(), hmac(SECRET)),
    'alg null': craft({ alg: null }, claims(), hmac(SECRET)),
    'alg in lower case': craft({ alg: 'hs256' }, claims(), hmac(SECRET)),
    'alg as a list': craft({ alg: ['HS256'] }, claims(), hmac(SECRET)),
    'HS384 with the right secret': craft({ alg: 'HS384' }, claims(), hmac(SECRET, 'sha384')),
    'HS512 with the right secret': craft({ alg: 'HS512' }, claims(), hmac(SECRET, 'sha512')),
    'RS256 with a key of its own': craft({ alg: 'RS256' }, claims(), asymmetric(rsa)),
    'PS256 with a key of its own': craft({ alg: 'PS256' }, claims(), asymmetric(rsa)),
    'ES256 with a key of its own': craft({ alg: 'ES256' }, claims(), asymmetric(ec)),
    'RS256 in the header and HMAC in truth': craft({ alg: 'RS256' }, claims(), hmac(SECRET)),
  };
}

function wrongSignatures(): Record<string, string> {
  const [header, payload, signature] = right().split('.') as [string, string, string];
  const other = right({ sub: 'somebody else' }).split('.')[2];
  return {
    'another secret': craft(HS256, claims(), hmac(OTHER)),
    'an empty secret': craft(HS256, claims(), hmac('')),
    'the secret, cut by a byte': craft(HS256, claims(), hmac(SECRET.slice(0, -1))),
    'no signature': `${header}.${payload}.`,
    'neither signature nor dot': `${header}.${payload}`,
    'no dots': header + payload + signature,
    'a part too many': `${header}.${payload}.${signature}.${signature}`,
    'an empty payload': `${header}..${signature}`,
    'nothing but dots': '..',
    'the signature of another token': `${header}.${payload}.${other}`,
    'a signature cut short': `${header}.${payload}.${signature.slice(0, -8)}`,
    'a signature with a tail': `${header}.${payload}.${signature}AAAA`,
    'a payload changed after signing': `${header}.${encode(claims({ sub: 'root' }))}.${signature}`,
    'a header changed after signing': `${encode({ ...HS256, kid: '1' })}.${payload}.${signature}`,
    'a payload that is no JSON': craft(HS256, 'sub=mallory', hmac(SECRET)),
    'a payload that is a string': craft(HS256, '"mallory"', hmac(SECRET)),
    'a payload that is a list': craft(HS256, [claims()], hmac(SECRET)),
    'a payload that is null': craft(HS256, 'null', hmac(SECRET)),
    'a header that is no JSON': craft('HS256', claims(), hmac(SECRET)),
    '7 KB of noise, signed with another secret': craft(HS256, claims({ noise: 'x'.repeat(5_000) }), hmac(OTHER)),
  };
}

function wrongClaims(): Record<string, string> {
  return {
    'expired an hour ago': right({ exp: now() - 3_600 }),
    'expired ten seconds ago': right({ exp: now() - 10 }),
    'not valid before an hour from now': right({ nbf: now() + 3_600 }),
    'no exp': right({ exp: undefined }),
    'exp as text': right({ exp: String(now() + 3_600) }),
    'exp null': right({ exp: null }),
    'nbf as text': right({ nbf: 'now' }),
    'no sub': right({ sub: undefined }),
    'an empty sub': right({ sub: '' }),
    'sub as a number': right({ sub: 17 }),
    'sub as a list': right({ sub: ['mallory'] }),
    'sub null': right({ sub: null }),
    'a sub that PostgreSQL can not store': right({ sub: 'till\u00003' }),
    'no role': right({ role: undefined }),
    'role as a list': right({ role: ['admin'] }),
    'role as an object': right({ role: { admin: true } }),
    'role null': right({ role: null }),
    'role true': right({ role: true }),
    'a role of the prototype only': craft(
      HS256,
      '{"__proto__":{"role":"admin"},"sub":"m","exp":9999999999}',
      hmac(SECRET),
    ),
  };
}

function wrongHeaders(): Record<string, string> {
  const jwk = { kty: 'oct', k: Buffer.from(OTHER).toString('base64url') };
  return {
    'kid that is a path': elsewhere({ kid: '../../../../../../dev/null' }),
    'kid that is SQL': elsewhere({ kid: "x' union select 'another secret' --" }),
    'kid that is a URL': elsewhere({ kid: 'http://127.0.0.1/keys' }),
    'jku that points elsewhere': elsewhere({ jku: 'http://127.0.0.1:1/jwks.json' }),
    'x5u that points elsewhere': elsewhere({ x5u: 'http://127.0.0.1:1/cert.pem' }),
    'jwk that brings its own key': elsewhere({ jwk }),
    'x5c that brings its own certificate': elsewhere({ x5c: ['MIIB'] }),
    'crit that names what nobody here knows': right(
      {},
      { crit: ['http://example.com/must'], 'http://example.com/must': 1 },
    ),
    'crit b64': right({}, { crit: ['b64'], b64: false }),
    'crit empty': right({}, { crit: [] }),
  };
}

/** By what is wrong with it, a whole Authorization header. */
export function forgedAuthorizations(): Record<string, string> {
  const tokens = { ...wrongAlgorithms(), ...wrongSignatures(), ...wrongClaims(), ...wrongHeaders() };
  const good = right();
  return {
    ...Object.fromEntries(Object.entries(tokens).map(([name, token]) => [name, `Bearer ${token}`])),
    'the scheme Basic': `Basic ${Buffer.from('admin:admin').toString('base64')}`,
    'the scheme Token': `Token ${good}`,
    'no scheme': good,
    'the scheme alone': 'Bearer',
    'a token in quotes': `Bearer "${good}"`,
    'a space within the token': `Bearer ${good.replace('.', '. ')}`,
    'two tokens': `Bearer ${good} ${good}`,
    'two schemes': `Bearer ${good}, Basic YQ==`,
    padding: `Bearer ${good}==`,
  };
}
