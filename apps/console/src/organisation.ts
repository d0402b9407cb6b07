// Signing in at the organisation's OpenID provider: authorization code with PKCE, as a public client. The protocol is
// oauth4webapi's; what comes of it is a token as any other, which the service verifies by the provider's keys.

import * as oauth from 'oauth4webapi';

/** Where people sign in, as the service was told. */
export interface Provider {
  issuer: string;
  client_id: string;
  scope: string;
}

/** What was begun here, so that nothing else can be ended here. */
interface Begun {
  verifier: string;
  state: string;
  nonce: string;
  /** Where one was, after the `#`. */
  place: string;
}

const BEGUN = 'customer-service.sign-in';
const CONFIG = '/console/config.json';

/** Why nobody is signed in, in words. */
export class SignInRefused extends Error {
  override readonly name: string = 'SignInRefused';
}

/** @returns null where tokens are all there is */
export async function readProvider(): Promise<Provider | null> {
  const answer = await fetch(CONFIG);
  if (!answer.ok) throw new Error(`${CONFIG}: ${answer.status}`);
  return ((await answer.json()) as { oidc: Provider | null }).oidc;
}

/** Leaves the page for the provider's. */
export async function beginSignIn(provider: Provider): Promise<void> {
  const server = await discover(provider);
  if (server.authorization_endpoint === undefined) throw new SignInRefused('Your organisation offers no sign-in page.');
  const begun: Begun = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    place: location.hash,
  };
  const url = new URL(server.authorization_endpoint);
  const asked = {
    ...{ client_id: provider.client_id, redirect_uri: redirectUri(), response_type: 'code', scope: provider.scope },
    ...{ code_challenge: await oauth.calculatePKCECodeChallenge(begun.verifier), code_challenge_method: 'S256' },
    ...{ state: begun.state, nonce: begun.nonce },
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  location.assign(url);
}

/** What the provider sent along with who comes back. */
export interface Return {
  answer: URL;
  begun: Begun | null;
}

/** Takes it out of the address, before anything else is done. @returns null for who comes from anywhere else */
export function takeReturn(): Return | null {
  const answer = new URL(location.href);
  if (!answer.searchParams.has('code') && !answer.searchParams.has('error')) return null;
  const kept = sessionStorage.getItem(BEGUN);
  sessionStorage.removeItem(BEGUN);
  const begun = kept === null ? null : (JSON.parse(kept) as Begun);
  history.replaceState(null, '', location.pathname + (begun?.place ?? location.hash));
  return { answer, begun };
}

/** @returns the token @throws SignInRefused, and what `fetch` throws */
export async function finishSignIn(provider: Provider, { answer, begun }: Return): Promise<string> {
  if (begun === null) throw new SignInRefused('This sign-in was not begun in this tab.');
  const server = await discover(provider);
  const client: oauth.Client = { client_id: provider.client_id };
  try {
    const given = oauth.validateAuthResponse(server, client, answer, begun.state);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, client, oauth.None(), given, redirectUri(), begun.verifier, optionsFor(provider)] as const),
    );
    const { access_token } = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: begun.nonce,
      requireIdToken: true,
    });
    return access_token;
  } catch (fault) {
    throw refusalOf(fault);
  }
}

async function discover(provider: Provider): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(provider.issuer);
  const response = await oauth.discoveryRequest(issuer, optionsFor(provider)).catch(() => {
    throw new SignInRefused('The sign-in of your organisation does not answer.');
  });
  return oauth.processDiscoveryResponse(issuer, response).catch((fault) => {
    throw refusalOf(fault);
  });
}

/** The service takes an issuer by http only on this machine itself. */
const optionsFor = ({ issuer }: Provider) => ({
  [oauth.allowInsecureRequests]: new URL(issuer).protocol === 'http:',
});

const redirectUri = () => `${location.origin}${location.pathname}`;

function refusalOf(fault: unknown): unknown {
  if (fault instanceof oauth.AuthorizationResponseError || fault instanceof oauth.ResponseBodyError) {
    return new SignInRefused(`Your organisation says: ${fault.error_description ?? fault.error}`);
  }
  if (fault instanceof oauth.OperationProcessingError || fault instanceof oauth.UnsupportedOperationError) {
    return new SignInRefused(`What came back is not the answer to what was asked: ${fault.message}.`);
  }
  return fault instanceof TypeError ? new SignInRefused('The sign-in of your organisation does not answer.') : fault;
}
