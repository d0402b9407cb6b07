// Who sits at the ops page. Signed in with a token, or as `ops` with the configured password; what is kept of it is a
// cookie that only this listener understands: signed with a key of its own, so that it opens nothing on the public port.

import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Role, scopeOf } from '@customer-service/domain';
import type { ApiConfig, Log } from '@customer-service/runtime';
import jwt from 'jsonwebtoken';
import type { Context, Middleware } from 'koa';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { createTokenReader } from '../middleware/authenticate.ts';
import { Problem } from '../problems.ts';
import type { Principal } from '../route.ts';

const COOKIE = 'ops_session';
const SESSION_S = 8 * 3_600;
/** Failures of one address in a minute. */
const FAILURES = 10;

export interface Sessions {
  /** @throws Problem when they name nobody who may look at the page, or after too many failures of that address */
  signIn(ctx: Context, given: { token: string; user: string; password: string }): Promise<void>;
  signOut(ctx: Context): void;
  /** Leaves the principal in `ctx.state`; a page that nobody is signed in for leads to the sign-in, anything else is refused. */
  required: Middleware;
}

type AccessConfig = Pick<ApiConfig, 'jwt' | 'ops_password'>;

export function createSessions(config: AccessConfig, log: Log): Sessions {
  const key = sessionKey(config);
  const readToken = createTokenReader(config.jwt, log);
  const failures = new RateLimiterMemory({ points: FAILURES, duration: 60 });

  async function identify({ token, user, password }: { token: string; user: string; password: string }) {
    const expires_ms = Date.now() + SESSION_S * 1_000;
    if (token !== '') {
      const found = await readToken(`Bearer ${token}`);
      return { principal: found.principal, expires_ms: Math.min(expires_ms, found.expires_ms) };
    }
    if (config.ops_password === null || user !== 'ops' || !isSame(password, config.ops_password))
      throw new Problem('unauthenticated', 'User or password is wrong.');
    return { principal: { sub: 'ops', role: 'ops' satisfies Role }, expires_ms };
  }

  return {
    signIn: async (ctx, given) => {
      await failures.consume(ctx.ip, 1).catch(() => {
        throw new Problem('rate-limited', 'Too many attempts; wait a minute.', { headers: { 'Retry-After': '60' } });
      });
      const { principal, expires_ms } = await identify(given);
      if (scopeOf(principal.role, 'ops:read') === undefined)
        throw new Problem('forbidden', `The role ${principal.role} has no part in this page.`);
      await failures.delete(ctx.ip);
      const maxAge = Math.floor((expires_ms - Date.now()) / 1_000);
      const session = jwt.sign({ role: principal.role }, key, { subject: principal.sub, expiresIn: maxAge });
      ctx.set('Set-Cookie', cookie(session, maxAge, isHttps(ctx)));
      log.info({ role: principal.role }, 'signed in to the ops page');
    },
    signOut: (ctx) => ctx.set('Set-Cookie', cookie('', 0, isHttps(ctx))),
    required: async (ctx, next) => {
      const principal = readSession(ctx.cookies.get(COOKIE), key);
      if (principal === undefined) {
        if (ctx.method !== 'GET' || !ctx.accepts('html') || ctx.get('Sec-Fetch-Dest') === 'empty')
          throw new Problem('unauthenticated', 'Sign in at /ops/login.');
        return ctx.redirect('/ops/login');
      }
      ctx.state.principal = principal;
      await next();
    },
  };
}

/** Lasts as long as what it is made of, so that several processes behind one address share it. */
function sessionKey({ jwt: { keys }, ops_password }: AccessConfig) {
  const source = ops_password ?? (keys.kind === 'secret' ? keys.secret : randomBytes(32));
  return createSecretKey(createHmac('sha256', source).update('ops session').digest());
}

function readSession(session: string | undefined, key: ReturnType<typeof sessionKey>): Principal | undefined {
  if (session === undefined) return undefined;
  try {
    const { sub, role } = jwt.verify(session, key, { algorithms: ['HS256'] }) as jwt.JwtPayload;
    return { sub: sub as string, role: role as string };
  } catch {
    return undefined;
  }
}

const isHttps = (ctx: Context) => ctx.get('X-Forwarded-Proto') === 'https';

const cookie = (value: string, maxAge: number, secure: boolean) =>
  `${COOKIE}=${value}; Path=/ops; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

const isSame = (given: string, known: string) =>
  timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(known).digest());

/** What changes something must come from this very page: a browser says so of itself and can't be made to lie. */
export const sameOrigin: Middleware = async (ctx, next) => {
  const origin = ctx.get('Origin');
  const site = ctx.get('Sec-Fetch-Site');
  const changes = ctx.method !== 'GET' && ctx.method !== 'HEAD';
  const foreign =
    site !== '' ? site !== 'same-origin' && site !== 'none' : origin !== '' && hostOf(origin) !== ctx.host;
  if (changes && foreign) throw new Problem('forbidden', 'This came from another site.');
  await next();
};

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : undefined);

/** Behind `required`: who only looks can't change anything. */
export const operatorsOnly: Middleware = async (ctx, next) => {
  if (!mayOperate(ctx.state.principal)) throw new Problem('forbidden', 'Only the roles ops and admin may do this.');
  await next();
};

export const mayOperate = ({ role }: Principal): boolean => scopeOf(role, 'ops:operate') !== undefined;
