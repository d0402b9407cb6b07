// The part of the environment that says who may come in and how often: keys for tokens, limits, origins.
// Reads nothing itself: config.ts hands it what it found.

import Joi from 'joi';

export type Algorithm = 'HS256' | 'RS256' | 'ES256';

/** Where the keys that verify tokens come from: exactly one of three. */
export type KeySource =
  /** `previous` verifies as well, so that a secret can be changed without refusing the tokens of the old one. */
  | { kind: 'secret'; secret: string; previous: string | null }
  | { kind: 'public_key'; pem: string }
  /** A JSON Web Key Set (RFC 7517) behind this URL. */
  | { kind: 'jwks'; url: string };

export interface TokenConfig {
  keys: KeySource;
  algorithms: Algorithm[];
  issuer: string | null;
  audience: string | null;
  /** Path of the claim that names the role, parts joined by dots. */
  role_claim: string;
}

export interface RateLimit {
  requests: number;
  window_s: number;
}

/**
 * Who or what is counted. A role's limit is for each principal of that role, `default` for the other roles. A batch
 * counts as many requests as it has items; it passes while one is left, so that no limit keeps every batch out.
 */
export const RATE_LIMITS = {
  service: { requests: 10_000, window_s: 1 },
  admin: { requests: 10_000, window_s: 1 },
  default: { requests: 1_000, window_s: 1 },
  customer: { requests: 100, window_s: 1 },
  /** Movements of points of one customer, whoever posts them one by one; those in a batch count for its caller only. */
  movements: { requests: 1_000, window_s: 10 },
  /** Requests without a good token from one address. */
  failures: { requests: 20, window_s: 60 },
} as const satisfies Record<string, RateLimit>;

export type RateLimitName = keyof typeof RATE_LIMITS;
/** Null: not limited. */
export type RateLimits = Record<RateLimitName, RateLimit | null>;

/** Where people of the console sign in: an OpenID provider, to which the console is a public client. */
export interface OidcConfig {
  issuer: string;
  client_id: string;
  scope: string;
}

export interface AccessConfig {
  jwt: TokenConfig;
  /** Null: the console takes tokens alone. */
  oidc: OidcConfig | null;
  rate_limits: RateLimits;
  /** Origins whose pages may call this API from a browser; none by default. */
  cors_origins: string[];
}

const MIN_SECRET_BYTES = 32;
const DEFAULT_ALGORITHMS: Record<KeySource['kind'], readonly Algorithm[]> = {
  secret: ['HS256'],
  public_key: ['RS256', 'ES256'],
  jwks: ['RS256', 'ES256'],
};

const secret = () =>
  Joi.string()
    .min(MIN_SECRET_BYTES, 'utf8')
    .pattern(/^-----BEGIN/, { invert: true })
    .messages({
      'string.min': `must have at least ${MIN_SECRET_BYTES} bytes: make one with "openssl rand -hex 32"`,
      'string.pattern.invert.base': 'is a key in PEM, which others may know: a public one goes into JWT_PUBLIC_KEY',
    });

/** A value that `parse` throws at is refused with the message it threw; the message must not quote the value. */
const parsed = (parse: (value: string) => unknown) =>
  Joi.string().custom((value: string, helpers) => {
    try {
      return parse(value);
    } catch (error) {
      return helpers.message({ custom: (error as Error).message });
    }
  });

export const access_keys = {
  JWT_SECRET: secret(),
  JWT_SECRET_PREVIOUS: secret(),
  JWT_PUBLIC_KEY: Joi.string().pattern(/^-----BEGIN PUBLIC KEY-----/, 'PEM public key'),
  JWKS_URL: parsed(parseKeySetUrl),
  JWT_ALGORITHMS: Joi.string().when('JWT_SECRET', {
    is: Joi.exist(),
    // biome-ignore lint/suspicious/noThenProperty: Joi's word
    then: Joi.string().pattern(/^HS256$/, 'HS256, which a secret is for'),
    otherwise: Joi.string().pattern(/^(RS256|ES256)(,(RS256|ES256))*$/, 'RS256 or ES256, which a public key is for'),
  }),
  JWT_ISSUER: Joi.string(),
  JWT_AUDIENCE: Joi.string(),
  JWT_ROLE_CLAIM: Joi.string()
    // What identity providers call user_metadata is for users to write: a role from there is whatever one likes.
    .pattern(/^(?!user_metadata\b)\w+(\.\w+)*$/, 'a claim, or a path of claims joined by dots, outside user_metadata')
    .default('role'),
  OIDC_ISSUER: parsed(parseIssuer),
  OIDC_CLIENT_ID: Joi.string(),
  OIDC_SCOPE: Joi.string()
    .pattern(
      /^(?=(.* )?openid( |$))[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      'scopes parted by spaces, openid among them',
    )
    .default('openid'),
  RATE_LIMITS: parsed(parseRateLimits),
  CORS_ORIGINS: parsed(parseOrigins),
};

/** @param value as `access_keys` leaves it */
export function toAccessConfig(value: Partial<Record<string, string>>): AccessConfig {
  const keys = keySource(value);
  return {
    jwt: {
      keys,
      algorithms: (value.JWT_ALGORITHMS?.split(',') ?? DEFAULT_ALGORITHMS[keys.kind]) as Algorithm[],
      issuer: value.JWT_ISSUER ?? null,
      audience: value.JWT_AUDIENCE ?? null,
      role_claim: value.JWT_ROLE_CLAIM as string,
    },
    oidc: toOidcConfig(value),
    rate_limits: (value.RATE_LIMITS as RateLimits | undefined) ?? { ...RATE_LIMITS },
    cors_origins: (value.CORS_ORIGINS as string[] | undefined) ?? [],
  };
}

function toOidcConfig({
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: client_id,
  OIDC_SCOPE: scope,
}: Partial<Record<string, string>>) {
  return issuer === undefined || client_id === undefined ? null : { issuer, client_id, scope: scope as string };
}

function keySource(value: Partial<Record<string, string>>): KeySource {
  if (value.JWKS_URL !== undefined) return { kind: 'jwks', url: value.JWKS_URL };
  if (value.JWT_PUBLIC_KEY !== undefined) return { kind: 'public_key', pem: value.JWT_PUBLIC_KEY };
  return { kind: 'secret', secret: value.JWT_SECRET as string, previous: value.JWT_SECRET_PREVIOUS ?? null };
}

const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

function parseSecureUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url === undefined || !secure) throw new Error('must be an https URL (http only on this machine itself)');
  if (url.username !== '' || url.password !== '') throw new Error('must not have a user or password in it');
  return url;
}

function parseKeySetUrl(value: string): string {
  return parseSecureUrl(value).href;
}

/** As it is given: providers write themselves with a slash at the end or without. */
function parseIssuer(value: string): string {
  const { search, hash } = parseSecureUrl(value);
  if (search !== '' || hash !== '') throw new Error('must have nothing behind its path');
  return value;
}

/** `off`, or `name=requests/window` for the limits that differ from the defaults, such as `customer=50/s,failures=off`. */
function parseRateLimits(value: string): RateLimits {
  const limits: RateLimits = { ...RATE_LIMITS };
  const names = Object.keys(RATE_LIMITS) as RateLimitName[];
  if (value.trim() === 'off') return Object.fromEntries(names.map((name) => [name, null])) as RateLimits;
  for (const part of value.split(',')) {
    const [, name, limit, requests, seconds, unit] =
      /^\s*(\w+)=(off|([1-9]\d{0,8})\/([1-9]\d{0,3})?(s|min))\s*$/.exec(part) ?? [];
    if (name === undefined || !names.includes(name as RateLimitName)) {
      throw new Error(`must be "off" or a list such as customer=50/s,failures=20/min,movements=off of ${names}`);
    }
    const window_s = Number(seconds ?? 1) * (unit === 'min' ? 60 : 1);
    limits[name as RateLimitName] = limit === 'off' ? null : { requests: Number(requests), window_s };
  }
  return limits;
}

function parseOrigins(value: string): string[] {
  const origins = value.split(',').map((origin) => origin.trim());
  if (origins.every(isExactOrigin)) return origins;
  throw new Error('must list exact origins, such as https://shop.example,https://desk.example:8443');
}

function isExactOrigin(value: string): boolean {
  return /^https?:[^*]+$/.test(value) && URL.canParse(value) && new URL(value).origin === value;
}
