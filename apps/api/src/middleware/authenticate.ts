// Says who asks: checks the bearer token (RFC 6750) with jsonwebtoken and takes subject and role from it. Keys and
// algorithm are the configuration's to say: of the token's header only `alg` and `kid` are read, to choose among them.

import type { Log, TokenConfig } from '@customer-service/runtime';
import jwt from 'jsonwebtoken';
import type { Middleware } from 'koa';
import { Problem } from '../problems.ts';
import type { Principal } from '../route.ts';
import type { KeyChoice, TokenKey, TokenKeys } from '../tokens/token-key.ts';
import { openTokenKeys } from '../tokens/token-keys.ts';

const CACHED_TOKENS = 10_000;
/** How far the issuer's clock and ours may be apart, for `exp` and `nbf`. */
const CLOCK_TOLERANCE_S = 5;
/** It is kept with what it did, so it must be something that can be. */
const SUBJECT = /^[^\p{C}]{1,255}$/u;

export interface Verified {
  principal: Principal;
  expires_ms: number;
  key: TokenKey;
}

export function createAuthenticator(config: TokenConfig, log: Log): Middleware {
  const identify = createTokenReader(config, log);
  return async (ctx, next) => {
    ctx.state.principal = (await identify(ctx.get('Authorization'))).principal;
    await next();
  };
}

/** Says who an Authorization header names, and until when. @throws Problem */
export function createTokenReader(config: TokenConfig, log: Log): (header: string) => Promise<Verified> {
  const keys = openTokenKeys(config, log);
  // A till sends the same token thousands of times; verifying it once is enough until it, or its key, expires.
  const cache = new Map<string, Verified>();

  return async (header) => {
    const token = bearerToken(header);
    let verified = cache.get(token);
    if (verified === undefined || verified.expires_ms <= Date.now() || !keys.holds(verified.key)) {
      cache.delete(token);
      verified = await verify(token, keys, config);
      if (cache.size >= CACHED_TOKENS) cache.clear();
      cache.set(token, verified);
    }
    return verified;
  };
}

function bearerToken(header: string): string {
  if (header === '') {
    throw new Problem('unauthenticated', 'Send Authorization: Bearer and a token.', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }
  const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header)?.[1];
  if (token === undefined) throw invalidToken('The Authorization header is not "Bearer" and a token.');
  return token;
}

async function verify(token: string, keys: TokenKeys, config: TokenConfig): Promise<Verified> {
  const candidates = await keys.find(keyChoice(token));
  const { claims, key } = verifySignature(token, candidates, config);
  if (typeof claims === 'string' || typeof claims.exp !== 'number') throw invalidToken('The token has no exp claim.');
  const role = claimAt(claims, config.role_claim);
  if (typeof claims.sub !== 'string' || !SUBJECT.test(claims.sub)) throw invalidToken('The token has no usable sub.');
  if (typeof role !== 'string') throw invalidToken(`The token has no ${config.role_claim} claim.`);
  return { principal: { sub: claims.sub, role }, expires_ms: (claims.exp + CLOCK_TOLERANCE_S) * 1_000, key };
}

function keyChoice(token: string): KeyChoice {
  const header = readHeader(token);
  // An extension that the token says must be understood (RFC 7515 §4.1.11): we understand none.
  if (typeof header.alg !== 'string' || 'crit' in header) throw invalidToken('The token is not valid.');
  return { alg: header.alg, kid: typeof header.kid === 'string' && header.kid !== '' ? header.kid : undefined };
}

function readHeader(token: string): Record<string, unknown> {
  try {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString());
    if (typeof header === 'object' && header !== null) return header;
  } catch {
    // Told below.
  }
  throw invalidToken('The token is not valid.');
}

/** Tries each candidate: there are two only while a secret is being changed. */
function verifySignature(token: string, candidates: TokenKey[], config: TokenConfig) {
  let detail = 'The token is not valid.';
  for (const key of candidates) {
    try {
      const claims = jwt.verify(token, key.key, {
        algorithms: [key.algorithm],
        clockTolerance: CLOCK_TOLERANCE_S,
        ...(config.issuer !== null && { issuer: config.issuer }),
        ...(config.audience !== null && { audience: config.audience }),
      });
      return { claims, key };
    } catch (error) {
      if (error instanceof jwt.TokenExpiredError) detail = 'The token has expired.';
    }
  }
  throw invalidToken(detail);
}

/** `app_metadata.role` finds the role in `{ app_metadata: { role } }`. */
function claimAt(claims: jwt.JwtPayload, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
  }, claims);
}

function invalidToken(detail: string): Problem {
  return new Problem('invalid-token', detail, { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
}
