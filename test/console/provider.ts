// An OpenID provider on this machine, of those that are certified: people sign in by any name, and get access tokens as
// JSON Web Tokens for the service.

import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export const CLIENT_ID = 'the-console';
const AUDIENCE = 'urn:customer-service';

export interface Organisation {
  issuer: string;
  /** What the API is told of it. */
  environment: Record<string, string>;
  /** Lets people of `role` in, from the console at this address, with tokens of that many seconds. */
  open(console_url: string, role: string, lifetime_s?: number): void;
  stop(): Promise<void>;
}

/** It has its address before the console has one: each has to know the other's. */
export async function startOrganisation(): Promise<Organisation> {
  let handle: RequestListener = (_request, answer) => void answer.writeHead(503).end();
  const server = createServer((request, answer) => handle(request, answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    environment: {
      ...{ JWT_SECRET: '', JWKS_URL: `${issuer}/jwks`, JWT_ISSUER: issuer, JWT_AUDIENCE: AUDIENCE },
      ...{ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: CLIENT_ID },
    },
    open: (console_url, role, lifetime_s = 600) => {
      handle = providerFor(issuer, { console_url, role, lifetime_s }).callback();
    },
    stop: async () => {
      const stopped = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await stopped;
    },
  };
}

interface People {
  console_url: string;
  role: string;
  lifetime_s: number;
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const KEY = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'of-the-tests' };

function providerFor(issuer: string, { console_url, role, lifetime_s }: People): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        redirect_uris: [console_url],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [KEY] },
    cookies: { keys: ['of the tests'] },
    pkce: { required: () => true },
    clientBasedCORS: (_ctx, origin) => origin === new URL(console_url).origin,
    extraTokenClaims: () => ({ role }),
    ttl: { AccessToken: lifetime_s, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          ...{ scope: '', audience: AUDIENCE, accessTokenTTL: lifetime_s, accessTokenFormat: 'jwt' },
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
}
