// The address a connection comes from, as far as it says who is there. Headers such as X-Forwarded-For are never read:
// whoever sends a request writes them.

import { isIPv4, isIPv6 } from 'node:net';

/**
 * The key under which an address is counted: an IPv4 address, or the /64 network of an IPv6 one, because one host has
 * all of it. Null for this machine itself: behind a proxy here everybody would have that address.
 */
export function networkOf(address = ''): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return plain.startsWith('127.') ? null : plain;
  if (!isIPv6(plain) || plain === '::1') return null;
  const [head = '', tail] = plain.split('::');
  const front = head.split(':').filter((group) => group !== '');
  const back = tail?.split(':').filter((group) => group !== '') ?? [];
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
