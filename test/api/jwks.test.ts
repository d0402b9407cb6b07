// Who asks, by the key set of an identity provider: its keys and nobody else's, while it rotates them, and while it is
// slow, wrong or away.

import { createLog } from '@customer-service/runtime';
import { expect } from 'chai';
import { createKeySet } from '../../apps/api/src/tokens/key-set.ts';
import { freePort } from '../helpers/redis.ts';
import { SECRET, type Service, startService } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';
import { claims, craft, hmac, now } from './forged-tokens.ts';
import { json, type KeyServer, makeKey, type Published, sign, startKeyServer } from './key-server.ts';

const startWith = (environment: Record<string, string>) =>
  startService({ environment: { JWT_SECRET: '', ...environment } });

const ask = (service: Service, token: string) =>
  service.request('GET', '/customers', { authorization: `Bearer ${token}` });

async function verdict(service: Service, token: string): Promise<string> {
  const { status, body } = await ask(service, token);
  return status === 200 ? '200' : `${status} ${body.code}`;
}

const REFUSED = '401 invalid-token';

describe('authentication by a key set', () => {
  describe('with keys of many kinds', kinds);
  describe('that rotates', rotation);
  describe('whose provider is away or wrong', outages);
  describe('of Supabase', supabase);
});

function kinds() {
  const rsa = makeKey('rsa', 'rsa');
  const ec = makeKey('ec', 'ec');
  const terse = makeKey('terse', 'ec', { use: undefined, alg: undefined });
  const operations = makeKey('operations', 'rsa', { use: undefined, key_ops: ['verify'] });
  const unusable: Record<string, Published> = {
    'a key without an id': makeKey(undefined, 'ec'),
    'an empty id': makeKey('', 'ec'),
    'a key for encryption': makeKey('encryption', 'rsa', { use: 'enc' }),
    'a key that may not verify': makeKey('operations-2', 'rsa', { key_ops: ['encrypt'] }),
    'a key for another algorithm': makeKey('pss', 'rsa', { alg: 'PS256' }),
    'an RSA key of 1,024 bits': makeKey('short', 'short rsa'),
    'a key on another curve': makeKey('p384', 'p384', { alg: undefined }),
    'a key that is broken': makeKey('broken', 'ec', { x: 'AAAA' }),
  };
  const leaked = makeKey('leaked', 'ec');
  leaked.jwk = { ...leaked.privateKey.export({ format: 'jwk' }), kid: 'leaked', use: 'sig', alg: 'ES256' };
  unusable['a key published with its private half'] = leaked;
  const shared = { kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), kid: 'shared', alg: 'HS256' };

  let provider: KeyServer;
  let evil: KeyServer;
  let service: Service;
  before(async () => {
    provider = await startKeyServer();
    evil = await startKeyServer([makeKey('rsa', 'rsa')]);
    const keys = [rsa, ec, terse, operations, ...Object.values(unusable)].map(({ jwk }) => jwk);
    provider.behave(json({ keys: [null, 'text', 7, [], {}, shared, ...keys] }));
    service = await startWith({ JWKS_URL: provider.url });
  });
  after(() => Promise.all([service.stop(), provider.stop(), evil.stop()]));

  it('accepts RS256 and ES256, each by the key that the token names', async () => {
    for (const key of [rsa, ec, terse, operations]) expect(await verdict(service, sign(key))).to.equal('200');
  });

  for (const [name, key] of Object.entries(unusable)) {
    it(`does not use ${name}`, async () => expect(await verdict(service, sign(key))).to.equal(REFUSED));
  }

  const forged: Record<string, () => string> = {
    'no key id': () => sign(rsa, {}, { kid: undefined }),
    'a key id that is no text': () => sign(rsa, {}, { kid: ['rsa'] }),
    'the id of another key': () => sign(ec, {}, { kid: 'terse' }),
    'the id of a key of another kind': () => sign(ec, {}, { kid: 'rsa' }),
    'an algorithm that is not its key’s': () => sign(rsa, {}, { alg: 'ES256' }),
    'PS256 with an RSA key': () => sign(rsa, {}, { alg: 'PS256' }),
    'the id of a key and the signature of another': () => sign(makeKey('rsa', 'rsa')),
    'HS256 with the public key as secret': () =>
      craft({ alg: 'HS256', kid: 'rsa' }, claims(), hmac(JSON.stringify(rsa.jwk))),
    'HS256 with a secret that is in the set': () => craft({ alg: 'HS256', kid: 'shared' }, claims(), hmac(SECRET)),
    'alg none': () => craft({ alg: 'none', kid: 'rsa' }, claims(), () => Buffer.alloc(0)),
    'the id of something of the prototype': () => sign(rsa, {}, { kid: '__proto__' }),
    crit: () => sign(rsa, {}, { crit: ['exp'] }),
    'an end ten seconds ago': () => sign(rsa, { exp: now() - 10 }),
  };
  for (const [name, make] of Object.entries(forged)) {
    it(`refuses a token with ${name}`, async () => expect(await verdict(service, make())).to.equal(REFUSED));
  }

  it('never follows a token to keys of its own', async () => {
    const mallory = makeKey('rsa', 'rsa');
    const { kid: _kid, ...jwk } = mallory.jwk;
    for (const header of [{ jku: evil.url }, { x5u: evil.url }, { jwk }, { jwk: mallory.jwk, kid: undefined }]) {
      expect(await verdict(service, sign(mallory, {}, header))).to.equal(REFUSED);
    }
    expect(evil.asked()).to.equal(0);
  });

  it('leaves five seconds for clocks that differ', async () => {
    expect(await verdict(service, sign(rsa, { exp: now() - 1 }))).to.equal('200');
    expect(await verdict(service, sign(rsa, { nbf: now() + 3 }))).to.equal('200');
    expect(await verdict(service, sign(rsa, { nbf: now() + 30 }))).to.equal(REFUSED);
  });

  it('asks the provider once more at the most, whatever is made up', async () => {
    const before = provider.asked();
    await Promise.all(Array.from({ length: 150 }, (_, n) => ask(service, sign(rsa, {}, { kid: `made-up-${n}` }))));
    for (let n = 0; n < 20; n += 1) await ask(service, sign(rsa, {}, { kid: `again-${n}` }));
    expect(provider.asked() - before).to.be.at.most(1);
    expect(await verdict(service, sign(rsa))).to.equal('200');
  });
}

function rotation() {
  it('accepts a new key at once, and nothing more of the old one, not even a token it knows', async () => {
    const [old, next, later] = [makeKey('1', 'rsa'), makeKey('2', 'ec'), makeKey('3', 'rsa')] as const;
    const provider = await startKeyServer([old]);
    const service = await startWith({ JWKS_URL: provider.url });
    try {
      const token = sign(old);
      expect([await verdict(service, token), await verdict(service, token)]).to.deep.equal(['200', '200']);
      provider.publish(next);
      expect(await verdict(service, sign(next))).to.equal('200');
      expect(await verdict(service, token)).to.equal(REFUSED);
      provider.publish(next, later);
      expect(await verdict(service, sign(later)), 'a second unknown key within 30 s').to.equal(REFUSED);
      expect(await verdict(service, sign(next))).to.equal('200');
    } finally {
      await Promise.all([service.stop(), provider.stop()]);
    }
  });

  it('notices by itself, in the time between two fetches, that a key has left or has another value', async () => {
    const [key, other] = [makeKey('1', 'ec'), makeKey('1', 'ec')] as const;
    const provider = await startKeyServer([key]);
    const keys = createKeySet(provider.url, createLog('test', 'silent'), { refresh_ms: 50 });
    const find = async () => (await keys.find({ alg: 'ES256', kid: '1' }))[0];
    const first = await find();
    expect(first && keys.holds(first)).to.equal(true);
    provider.publish(other);
    await until(() => first && !keys.holds(first));
    const second = await find();
    expect(second?.key.export({ format: 'jwk' })).to.include({ x: other.jwk.x });
    await provider.stop();
  });
}

function outages() {
  const key = makeKey('1', 'ec');
  const log = createLog('test', 'silent');
  const choice = { alg: 'ES256', kid: '1' };

  it('starts without its provider, says 503 until that answers, and then needs no restart', async () => {
    const port = await freePort();
    const service = await startWith({ JWKS_URL: `http://127.0.0.1:${port}/jwks.json`, LOG_LEVEL: 'silent' });
    let provider: KeyServer | undefined;
    try {
      const refused = await ask(service, sign(key));
      expect([refused.status, refused.body.code]).to.deep.equal([503, 'keys-unavailable']);
      expect(refused.headers.get('retry-after')).to.match(/^[1-9]\d*$/);
      expect((await service.request('GET', '/health', { role: null })).status, 'health').to.equal(200);

      provider = await startKeyServer([key], port);
      await until(async () => (await verdict(service, sign(key))) === '200', { what: 'the provider to be found' });
      await provider.stop();
      expect(await verdict(service, sign(key, { sub: 'somebody else' })), 'known keys go on').to.equal('200');
      expect(await verdict(service, sign(makeKey('2', 'ec'))), 'others can not be known').to.equal(REFUSED);
      provider = undefined;
    } finally {
      await Promise.all([service.stop(), provider?.stop()]);
    }
  });

  const wrong: Record<string, Parameters<KeyServer['behave']>[0]> = {
    'an error': json({ keys: [key.jwk] }, 500),
    'another status': json({ keys: [key.jwk] }, 203),
    'a redirect': (answer) => void answer.writeHead(302, { Location: '/elsewhere' }).end(),
    'no JSON': (answer) => void answer.end('<html>'),
    'JSON that is no key set': json([key.jwk]),
    'keys that are no list': json({ keys: { '1': key.jwk } }),
    null: json(null),
    'more than 256 KiB': json({ keys: [key.jwk], noise: 'x'.repeat(300_000) }),
    'a body without end': (answer) => void setInterval(() => answer.write(' '.repeat(50_000)), 5).unref(),
    'nothing in time': () => {},
    'half an answer': (answer) => {
      answer.writeHead(200, { 'Content-Length': '1000' }).write('{"keys":');
      setTimeout(() => answer.destroy(), 20);
    },
  };
  for (const [name, behaviour] of Object.entries(wrong)) {
    it(`knows no key from ${name}, and keeps those it has`, async () => {
      const provider = await startKeyServer();
      provider.behave(behaviour);
      const none = createKeySet(provider.url, log, { timeout_ms: 150 });
      const refusal = await none.find(choice).catch((error) => error);
      expect(refusal).to.include({ code: 'keys-unavailable' });

      provider.publish(key);
      const some = createKeySet(provider.url, log, { timeout_ms: 1_000, refresh_ms: 100 });
      expect(await some.find(choice)).to.have.length(1);
      const asked = provider.asked();
      provider.behave(behaviour);
      await until(() => provider.asked() > asked + 1, { what: 'two more fetches' });
      expect(await some.find(choice)).to.have.length(1);
      await provider.stop();
    });
  }

  it('asks a provider that is away once a second at the most while it knows no key', async () => {
    const provider = await startKeyServer();
    provider.behave(json({}, 500));
    const keys = createKeySet(provider.url, log);
    const started = performance.now();
    const refusals = await Promise.all(
      Array.from({ length: 100 }, () => keys.find(choice).catch((error) => error.code)),
    );
    for (let turn = 0; turn < 20; turn += 1) refusals.push(await keys.find(choice).catch((error) => error.code));
    expect(new Set(refusals)).to.deep.equal(new Set(['keys-unavailable']));
    expect(provider.asked()).to.be.at.most(2 + Math.floor((performance.now() - started) / 1_000));
    await provider.stop();
  });

  it('finds a new key after a flood of made-up ones, once the time between two questions is over', async () => {
    const provider = await startKeyServer([key]);
    const keys = createKeySet(provider.url, log, { unknown_ms: 100 });
    await Promise.all(Array.from({ length: 50 }, (_, n) => keys.find({ alg: 'ES256', kid: `made-up-${n}` })));
    provider.publish(key, makeKey('2', 'ec'));
    await until(async () => (await keys.find({ alg: 'ES256', kid: '2' })).length === 1, { what: 'the new key' });
    await provider.stop();
  });
}

function supabase() {
  it('takes the role from app_metadata, and nothing from what users write', async () => {
    const key = makeKey('b7c9', 'ec', { key_ops: ['verify'], ext: true });
    const provider = await startKeyServer([key]);
    const iss = 'https://project.supabase.co/auth/v1';
    const service = await startWith({
      ...{ JWKS_URL: provider.url, JWT_ISSUER: iss, JWT_AUDIENCE: 'authenticated' },
      JWT_ROLE_CLAIM: 'app_metadata.role',
    });
    const token = (app_metadata: object, user_metadata: object = {}) =>
      sign(key, { iss, aud: 'authenticated', role: 'authenticated', aal: 'aal1', app_metadata, user_metadata });
    try {
      expect(await verdict(service, token({ provider: 'email', role: 'staff' }))).to.equal('200');
      expect(await verdict(service, token({ role: 'customer' }, { role: 'admin' }))).to.equal('403 forbidden');
      expect(await verdict(service, token({ provider: 'email' }, { role: 'admin' }))).to.equal(REFUSED);
    } finally {
      await Promise.all([service.stop(), provider.stop()]);
    }
  });
}
