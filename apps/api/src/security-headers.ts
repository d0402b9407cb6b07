// The headers every answer has, whoever writes it: what a browser may do with it (nothing), and that nobody keeps it.
// No Strict-Transport-Security: whether there is TLS is for whoever terminates it to know and to say.

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  Vary: 'Authorization',
};

/** For the few pages: everything from our own origin, no inline script or style, no form, no frame around it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** The same for a page that calls one more origin. */
export function pageHeadersWith(origin: string): Readonly<Record<string, string>> {
  const policy = PAGE_HEADERS['Content-Security-Policy'];
  return { 'Content-Security-Policy': `${policy}; connect-src 'self' ${origin}` };
}
