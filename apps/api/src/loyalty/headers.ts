// The two request headers that movements of points know: Idempotency-Key (IETF draft) and Prefer (RFC 7240).

import { Problem } from '../problems.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;
const MAX_WAIT_S = 10;

/**
 * The key, the same whether it came bare or as an RFC 8941 string in double quotes.
 * @throws Problem `idempotency-key-missing`, `idempotency-key-invalid`
 */
export function idempotencyKey(header: string): string {
  if (header === '') throw new Problem('idempotency-key-missing', 'Send the header Idempotency-Key.');
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)?.[1];
  const key = quoted === undefined ? header : quoted.replace(/\\(["\\])/g, '$1');
  // A list is what Node makes of two headers: "k1, k2".
  if (!KEY.test(key) || (quoted === undefined && key.includes('"'))) {
    throw new Problem('idempotency-key-invalid', 'Idempotency-Key must be 1 to 255 printable characters, sent once.');
  }
  return key;
}

/**
 * Seconds the caller will wait for the outcome, 0 to 10; unknown preferences are ignored, as RFC 7240 asks.
 * @param unsaid what holds when the caller says neither `wait` nor `respond-async`
 */
export function waitSeconds(header: string, unsaid = 0): number {
  const value = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?(?=$|[,;\s])/i.exec(header)?.[1];
  if (value !== undefined) return Math.min(Number(value), MAX_WAIT_S);
  return /(?:^|[,;\s])respond-async(?=$|[,;\s])/i.test(header) ? 0 : unsaid;
}
