// Who sits at the desk: the token, kept for this tab alone, what it may do, and the client that carries it. What is shown
// follows from here; what is done, the service decides.

import { type Client, createClient, type KeyStore, type Me } from '@customer-service/client';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

const TOKEN = 'customer-service.token';
const KEY = 'customer-service.key.';
/** A person waits: a few attempts, then say so. */
const ATTEMPTS = 3;

export type Permission = Me['permissions'][number];

export interface Session {
  client: Client;
  me: Me;
  may(permission: Permission): boolean;
  /** @param why for the sign-in page; without it, because they asked to */
  end(why?: string): void;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('Nobody is signed in.');
  return session;
}

export const rememberedToken = (): string | null => sessionStorage.getItem(TOKEN);

export function rememberToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(TOKEN);
}

/** Keys of movements without an answer outlive a reload, so that the same movement again is not another one. */
const keys: KeyStore = {
  get: (name) => sessionStorage.getItem(KEY + name),
  set: (name, key) => sessionStorage.setItem(KEY + name, key),
  delete: (name) => sessionStorage.removeItem(KEY + name),
};

/** Signed in, and with no business here. */
export class NotForThisDesk extends Error {
  override readonly name: string = 'NotForThisDesk';
}

/** Asks the service who the token is. @throws what the client throws, and NotForThisDesk for who may see no customer */
export async function openSession(token: string, end: Session['end']): Promise<Session> {
  const client = createClient({ url: location.origin, token, store: keys, attempts: ATTEMPTS });
  const me = await client.me();
  const granted = new Set(me.permissions);
  if (!granted.has('customers:read')) throw new NotForThisDesk(`The role ${me.role} has no part in this console.`);
  return { client, me, may: (permission) => granted.has(permission), end };
}
