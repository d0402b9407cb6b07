// An identity provider on this machine: publishes keys, signs tokens with them, and fails in whatever way a test wants.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asymmetric, claims, craft } from './forged-tokens.ts';

export interface Published {
  jwk: Record<string, unknown>;
  privateKey: KeyObject;
  alg: 'RS256' | 'ES256';
}

/** @param more is put over what a key set usually says of a key; undefined leaves a member out */
export function makeKey(
  kid: string | undefined,
  kind: 'rsa' | 'ec' | 'short rsa' | 'p384',
  more: object = {},
): Published {
  const { publicKey, privateKey } =
    kind === 'rsa' || kind === 'short rsa'
      ? generateKeyPairSync('rsa', { modulusLength: kind === 'rsa' ? 2_048 : 1_024 })
      : generateKeyPairSync('ec', { namedCurve: kind === 'ec' ? 'P-256' : 'P-384' });
  const alg = kind === 'rsa' || kind === 'short rsa' ? 'RS256' : 'ES256';
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg, ...more }, privateKey, alg };
}

/** A token of an admin, signed with the key and naming it. */
export function sign(key: Published, more: object = {}, header: object = {}): string {
  return craft({ alg: key.alg, typ: 'JWT', kid: key.jwk.kid, ...header }, claims(more), asymmetric(key.privateKey));
}

type Behaviour = (answer: ServerResponse) => void;

export interface KeyServer {
  url: string;
  /** How often it was asked. */
  asked(): number;
  publish(...keys: Published[]): void;
  behave(behaviour: Behaviour): void;
  stop(): Promise<void>;
}

export const json =
  (body: unknown, status = 200): Behaviour =>
  (answer) =>
    void answer.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

export async function startKeyServer(keys: Published[] = [], port = 0): Promise<KeyServer> {
  let asked = 0;
  let behaviour: Behaviour = json({ keys: keys.map(({ jwk }) => jwk) });
  const server = createServer((_request, answer) => {
    asked += 1;
    behaviour(answer);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    asked: () => asked,
    publish: (...published) => {
      behaviour = json({ keys: published.map(({ jwk }) => jwk) });
    },
    behave: (wanted) => {
      behaviour = wanted;
    },
    stop: async () => {
      const stopped = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await stopped;
    },
  };
}
