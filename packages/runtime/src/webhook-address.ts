// Where a webhook may be sent: https, to addresses of the public internet only. Whoever may set an endpoint must not
// reach through it what only this process can reach: its own machine, its network, the cloud's metadata.

import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Thrown to whoever connects; nothing was sent. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

/** Names that mean this machine or this network wherever they are asked for. */
const LOCAL_NAMES = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home\.arpa)$/;
const MAX_URL = 2_000;

/**
 * What is wrong with a URL, as far as it says so itself; the addresses of its name are looked at when it is connected to.
 * @param allow_private for development: http as well, and any address and port
 */
export function webhookUrlFault(text: string, allow_private: boolean): string | undefined {
  const url = text.length <= MAX_URL && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return 'is not a URL';
  if (url.username !== '' || url.password !== '') return 'must not have a user or password in it';
  if (url.hash !== '') return 'must not have a fragment';
  if (url.protocol !== 'https:' && !(allow_private && url.protocol === 'http:')) return 'must be https';
  if (allow_private) return undefined;
  // Below lie the ports of other protocols than this one.
  if (url.port !== '' && Number(url.port) < 1_024) return 'must have port 443, or one from 1024 up';
  // The URL's own parser has made four numbers of 0x7f.1, 0177.0.0.1 and 2130706433.
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'must be an address of the public internet';
  if (LOCAL_NAMES.test(host) || !host.includes('.')) return 'must be a name of the public internet';
  return undefined;
}

/** Whether it is globally reachable unicast; an IPv4 address within an IPv6 one counts as itself. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || GLOBAL_IPV6.some((range) => parsed.match(range));
}

/** All that has been given out of IPv6 so far. */
const GLOBAL_IPV6 = [ipaddr.parseCIDR('2000::/3')];

export type Resolve = (host: string) => Promise<LookupAddress[]>;

/** Asks the name servers without one of the few threads that files and keys share: a slow one holds up nobody else. */
async function resolveByName(host: string): Promise<LookupAddress[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
  const of = (family: number, found: PromiseSettledResult<string[]>) =>
    found.status === 'fulfilled' ? found.value.map((address) => ({ address, family })) : [];
  return [...of(4, v4), ...of(6, v6)];
}

/**
 * `lookup` of a socket: the addresses that are looked at are the ones that are connected to, so that no name can show
 * one address to us and another to the socket. One that is not public refuses all of them.
 */
export function publicLookup(resolve: Resolve = resolveByName): LookupFunction {
  return (host, { all }, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
          const error = new AddressRefusedError('the name leads to an address that is not of the public internet');
          return callback(error, []);
        }
        return all ? callback(null, addresses) : callback(null, first.address, first.family);
      },
      (error) => callback(error, []),
    );
  };
}
