// The environment: what a process refuses to start with, said all at once and without giving a value away.

import { generateKeyPairSync } from 'node:crypto';
import { loadApiConfig, loadWorkerConfig } from '@customer-service/runtime';
import { expect } from 'chai';

const DATABASE_URL = 'postgresql://app:pass@db:5432/service';
const JWT_SECRET = 'exactly 32 bytes, not one fewer.';
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const JWT_PUBLIC_KEY = publicKey.export({ type: 'spki', format: 'pem' }) as string;
const SECRET_VALUE = 'hunter2';

const JWKS_URL = 'https://id.example/.well-known/jwks.json';
const RATE_LIMITS = {
  service: { requests: 10_000, window_s: 1 },
  admin: { requests: 10_000, window_s: 1 },
  default: { requests: 1_000, window_s: 1 },
  customer: { requests: 100, window_s: 1 },
  movements: { requests: 1_000, window_s: 10 },
  failures: { requests: 20, window_s: 60 },
};

type Environment = Record<string, string | undefined>;
const sound: Environment = { DATABASE_URL, JWT_SECRET };

/** @returns the lines of the error, each for one fault, without its first */
function faultsOf(load: (environment: Environment) => unknown, environment: Environment): string[] {
  try {
    load(environment);
  } catch (error) {
    const [title, ...faults] = (error as Error).message.split('\n');
    expect(title).to.equal('The environment is not right:');
    return faults;
  }
  return [];
}
type Refused = [what: string, fields: Environment, name: string];
const keySetOnly: Environment = { DATABASE_URL, JWKS_URL };
const issuer = (OIDC_ISSUER: string): Refused => [
  `the issuer ${OIDC_ISSUER}`,
  { JWT_SECRET: '', JWKS_URL, OIDC_ISSUER, OIDC_CLIENT_ID: 'console' },
  'OIDC_ISSUER',
];
const keySet = (url: string): Refused => [`a key set at ${url}`, { JWT_SECRET: '', JWKS_URL: url }, 'JWKS_URL'];
const limits = (value: string): Refused => [`the rate limits ${value}`, { RATE_LIMITS: value }, 'RATE_LIMITS'];
const origins = (value: string): Refused => [`the origins ${value}`, { CORS_ORIGINS: value }, 'CORS_ORIGINS'];
const names = (faults: string[]) => faults.map((fault) => /^- (\w+): ./.exec(fault)?.[1]);

describe('the configuration of the API', () => {
  it('has no test clock in production', () => {
    const production = { ...sound, NODE_ENV: 'production', TEST_CLOCK: '1' };
    expect(names(faultsOf(loadApiConfig, production))).to.deep.equal(['TEST_CLOCK']);
    expect(loadApiConfig({ ...production, NODE_ENV: 'test' }).test_clock).to.equal(true);
  });

  it('needs a database and a key only; the rest has a default', () => {
    expect(loadApiConfig(sound)).to.deep.equal({
      ...{ database_url: DATABASE_URL, direct_database_url: DATABASE_URL, redis_url: null, log_level: 'info' },
      ...{
        host: '127.0.0.1',
        port: 3000,
        max_in_flight: 500,
        ops_host: '127.0.0.1',
        ops_port: 3001,
        ops_password: null,
        test_clock: false,
        webhooks_allow_private: false,
      },
      jwt: {
        keys: { kind: 'secret', secret: JWT_SECRET, previous: null },
        ...{ algorithms: ['HS256'], issuer: null, audience: null, role_claim: 'role' },
      },
      ...{ rate_limits: RATE_LIMITS, cors_origins: [], oidc: null },
    });
  });

  it('takes what is set', () => {
    const environment = {
      ...{ DATABASE_URL, DIRECT_DATABASE_URL: 'postgres://direct/service', REDIS_URL: 'rediss://:pass@redis:6379/1' },
      ...{ OPS_HOST: '::1', OPS_PORT: '0', OPS_PASSWORD: 'a long password', TEST_CLOCK: '1', MAX_IN_FLIGHT: '64' },
      ...{ WEBHOOKS_ALLOW_PRIVATE: '1' },
      ...{ HOST: '0.0.0.0', PORT: '8080', LOG_LEVEL: 'warn', JWT_PUBLIC_KEY, JWT_ALGORITHMS: 'ES256' },
      ...{ JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'shop', JWT_ROLE_CLAIM: 'app_metadata.role' },
      ...{ RATE_LIMITS: 'customer=50/s, failures=off', CORS_ORIGINS: 'https://shop.example, http://localhost:8080' },
    };
    expect(loadApiConfig(environment)).to.deep.equal({
      ...{ database_url: DATABASE_URL, direct_database_url: 'postgres://direct/service' },
      ...{ redis_url: 'rediss://:pass@redis:6379/1', log_level: 'warn', host: '0.0.0.0', port: 8080, test_clock: true },
      max_in_flight: 64,
      ...{ ops_host: '::1', ops_port: 0, ops_password: 'a long password', webhooks_allow_private: true },
      jwt: {
        ...{
          keys: { kind: 'public_key', pem: JWT_PUBLIC_KEY },
          algorithms: ['ES256'],
          issuer: 'https://id.example',
          audience: 'shop',
        },
        role_claim: 'app_metadata.role',
      },
      rate_limits: { ...RATE_LIMITS, customer: { requests: 50, window_s: 1 }, failures: null },
      cors_origins: ['https://shop.example', 'http://localhost:8080'],
      oidc: null,
    });
  });

  it('counts an empty variable as unset', () => {
    const optional =
      'DIRECT_DATABASE_URL REDIS_URL HOST PORT OPS_HOST OPS_PORT LOG_LEVEL JWT_PUBLIC_KEY JWT_ALGORITHMS JWT_ISSUER';
    const empty = Object.fromEntries(
      `${optional} JWT_AUDIENCE JWT_ROLE_CLAIM JWT_SECRET_PREVIOUS JWKS_URL RATE_LIMITS CORS_ORIGINS OIDC_ISSUER OIDC_CLIENT_ID OIDC_SCOPE`
        .split(' ')
        .map((name) => [name, '']),
    );
    expect(loadApiConfig({ ...sound, ...empty })).to.deep.equal(loadApiConfig(sound));
    expect(names(faultsOf(loadApiConfig, { DATABASE_URL: '', JWT_SECRET: '' }))).to.deep.equal(['DATABASE_URL', 'JWT']);
  });

  it('ignores what is not its own', () => {
    expect(loadApiConfig({ ...sound, PATH: '/bin', UNKNOWN: 'x' })).to.deep.equal(loadApiConfig(sound));
  });

  const wrong: Environment = {
    ...{ DATABASE_URL: `mysql://app:${SECRET_VALUE}@db/service`, DIRECT_DATABASE_URL: SECRET_VALUE },
    ...{
      REDIS_URL: `http://:${SECRET_VALUE}@redis`,
      LOG_LEVEL: SECRET_VALUE,
      PORT: SECRET_VALUE,
      OPS_PORT: SECRET_VALUE,
    },
    ...{ JWT_SECRET: SECRET_VALUE, JWT_PUBLIC_KEY: SECRET_VALUE, JWT_ROLE_CLAIM: `${SECRET_VALUE}!` },
    ...{ JWT_SECRET_PREVIOUS: SECRET_VALUE, JWKS_URL: `https://me:${SECRET_VALUE}@id.example` },
    ...{ RATE_LIMITS: `service=${SECRET_VALUE}`, CORS_ORIGINS: `https://${SECRET_VALUE}/` },
  };

  it('tells every fault at once, a line each', () => {
    const expected = [...Object.keys(wrong), 'JWT'].sort();
    expect(names(faultsOf(loadApiConfig, wrong)).sort()).to.deep.equal(expected);
  });

  it('repeats no value, for it may be a password', () => {
    const cases = [wrong, ...Object.entries(wrong).map(([name, value]) => ({ ...sound, [name]: value }))];
    cases.push({ ...sound, JWT_ALGORITHMS: SECRET_VALUE }, { ...sound, OIDC_SCOPE: SECRET_VALUE });
    cases.push({ ...keySetOnly, OIDC_ISSUER: `https://me:${SECRET_VALUE}@id.example`, OIDC_CLIENT_ID: 'c' });
    for (const environment of cases) {
      const faults = faultsOf(loadApiConfig, environment);
      expect(faults, JSON.stringify(environment)).to.have.length.above(0);
      expect(faults.join('\n')).not.to.contain(SECRET_VALUE);
    }
  });

  const refused: Refused[] = [
    ['a secret of 31 bytes', { JWT_SECRET: JWT_SECRET.slice(1) }, 'JWT_SECRET'],
    ['no key at all', { JWT_SECRET: undefined }, 'JWT'],
    ['a secret and a public key', { JWT_PUBLIC_KEY }, 'JWT'],
    ['a secret and a key set', { JWKS_URL }, 'JWT'],
    ['a public key and a key set', { JWT_SECRET: '', JWT_PUBLIC_KEY, JWKS_URL }, 'JWT'],
    ['a secret before this one without this one', { JWT_SECRET: '', JWKS_URL, JWT_SECRET_PREVIOUS: JWT_SECRET }, 'JWT'],
    ['a secret before this one of 31 bytes', { JWT_SECRET_PREVIOUS: JWT_SECRET.slice(1) }, 'JWT_SECRET_PREVIOUS'],
    [
      'a private key in place of the public one',
      { JWT_SECRET: '', JWT_PUBLIC_KEY: '-----BEGIN PRIVATE KEY-----' },
      'JWT_PUBLIC_KEY',
    ],
    ['an algorithm for public keys with a secret', { JWT_ALGORITHMS: 'RS256' }, 'JWT_ALGORITHMS'],
    ['HS256 with a public key', { JWT_SECRET: '', JWT_PUBLIC_KEY, JWT_ALGORITHMS: 'HS256' }, 'JWT_ALGORITHMS'],
    [
      'HS256 next to ES256 with a public key',
      { JWT_SECRET: '', JWT_PUBLIC_KEY, JWT_ALGORITHMS: 'ES256,HS256' },
      'JWT_ALGORITHMS',
    ],
    ['no signature at all', { JWT_ALGORITHMS: 'none' }, 'JWT_ALGORITHMS'],
    ['a port past the last', { PORT: '65536' }, 'PORT'],
    ['a port that is no whole number', { PORT: '3000.5' }, 'PORT'],
    ...['http://id.example/keys', 'ftp://id.example/keys', 'id.example', 'http://127.0.0.1.evil.example/keys'].map(
      keySet,
    ),
    ['HS256 with a key set', { JWT_SECRET: '', JWKS_URL, JWT_ALGORITHMS: 'HS256' }, 'JWT_ALGORITHMS'],
    ['a role that users write themselves', { JWT_ROLE_CLAIM: 'user_metadata.role' }, 'JWT_ROLE_CLAIM'],
    ...['on', 'nobody=1/s', 'service', 'service=0/s', 'service=1', 'service=1/h', 'service=-1/s', 'service=1/s,'].map(
      limits,
    ),
    ...['*', 'null', 'shop.example', 'https://shop.example/', 'https://shop.example/a', 'https://*.example', ','].map(
      origins,
    ),
    ...['http://id.example', 'id.example', 'https://id.example/?tenant=7', 'https://id.example/#x'].map(issuer),
    ['an issuer without a client', { JWT_SECRET: '', JWKS_URL, OIDC_ISSUER: 'https://id.example' }, 'OIDC'],
    ['a client without an issuer', { JWT_SECRET: '', JWKS_URL, OIDC_CLIENT_ID: 'console' }, 'OIDC'],
    ['an issuer beside a secret', { OIDC_ISSUER: 'https://id.example', OIDC_CLIENT_ID: 'console' }, 'OIDC'],
    ...['profile', 'openid  email', 'myopenid', 'openid\nemail'].map(
      (OIDC_SCOPE): Refused => [`the scope ${JSON.stringify(OIDC_SCOPE)}`, { OIDC_SCOPE }, 'OIDC_SCOPE'],
    ),
    ['a role claim with an empty part', { JWT_ROLE_CLAIM: 'app..role' }, 'JWT_ROLE_CLAIM'],
  ];
  for (const [what, fields, name] of refused) {
    it(`refuses ${what}`, () => {
      expect(names(faultsOf(loadApiConfig, { ...sound, ...fields }))).to.deep.equal([name]);
    });
  }

  it('says how to make a secret that is long enough, in bytes and not in characters', () => {
    expect(faultsOf(loadApiConfig, { ...sound, JWT_SECRET: 'short' }).join()).to.contain('openssl rand -hex 32');
    expect(loadApiConfig({ ...sound, JWT_SECRET: 'é'.repeat(16) }).jwt.keys).to.include({ secret: 'é'.repeat(16) });
  });

  it('takes a key set from this machine itself without https', () => {
    for (const url of ['http://localhost:9999/jwks', 'http://127.0.0.1/jwks', 'http://[::1]:80/jwks']) {
      const { jwt } = loadApiConfig({ DATABASE_URL, JWKS_URL: url });
      expect(jwt.keys).to.deep.equal({ kind: 'jwks', url: new URL(url).href });
      expect(jwt.algorithms).to.deep.equal(['RS256', 'ES256']);
    }
  });

  it('takes an issuer as it writes itself, from this machine itself without https', () => {
    for (const url of ['https://id.example/realms/desk', 'https://id.example/', 'http://localhost:8080/auth']) {
      const { oidc } = loadApiConfig({ ...keySetOnly, OIDC_ISSUER: url, OIDC_CLIENT_ID: 'console' });
      expect(oidc).to.deep.equal({ issuer: url, client_id: 'console', scope: 'openid' });
    }
  });

  it('takes limits by name and leaves the others at their defaults', () => {
    const limitsOf = (value: string) => loadApiConfig({ ...sound, RATE_LIMITS: value }).rate_limits;
    expect(Object.values(limitsOf('off'))).to.deep.equal(Object.values(RATE_LIMITS).map(() => null));
    const { service, movements, failures, ...others } = limitsOf('service=5/min, movements=7/30s,failures=off');
    expect(service).to.deep.equal({ requests: 5, window_s: 60 });
    expect(movements).to.deep.equal({ requests: 7, window_s: 30 });
    expect(failures).to.equal(null);
    expect({ ...others, service: null, movements: null, failures: null }).to.deep.equal({
      ...RATE_LIMITS,
      ...{ service: null, movements: null, failures: null },
    });
  });

  it('allows only the algorithms that its key is for, unless told to allow fewer', () => {
    const { jwt } = loadApiConfig({ DATABASE_URL, JWT_PUBLIC_KEY });
    expect(jwt.algorithms).to.deep.equal(['RS256', 'ES256']);
  });
});

describe('the configuration of the worker', () => {
  it('needs a database and no key', () => {
    const alone = {
      ...{ database_url: DATABASE_URL, direct_database_url: DATABASE_URL, redis_url: null, log_level: 'info' },
      ...{ ops_host: '127.0.0.1', ops_port: null, webhooks_allow_private: false },
    };
    expect(loadWorkerConfig({ DATABASE_URL })).to.deep.equal(alone);
    expect(loadWorkerConfig({ DATABASE_URL, WORKER_OPS_PORT: '0' })).to.deep.equal({ ...alone, ops_port: 0 });
  });

  it('tells every fault at once', () => {
    const faults = faultsOf(loadWorkerConfig, { REDIS_URL: 'localhost', LOG_LEVEL: 'loud' });
    expect(names(faults).sort()).to.deep.equal(['DATABASE_URL', 'LOG_LEVEL', 'REDIS_URL']);
  });
});
