// Verifies what arrives at a webhook, as Standard Webhooks says (https://www.standardwebhooks.com): who sent it, that
// nobody changed it, and that it isn't an old one sent again. Knows no event.

/** The message isn't to be believed; answer 400 and look no further at it. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';
}

export interface ReceivedWebhook {
  /** The body as it arrived, to the byte: JSON parsed and written anew has another signature. */
  body: string | Uint8Array;
  /** `request.headers` of fetch or of Node. */
  headers: Headers | Record<string, string | string[] | undefined>;
  /** `whsec_…`; two of them while a secret is being changed. */
  secret: string | readonly string[];
  /** Seconds that the sender's clock may differ from ours: 300 when not given. */
  tolerance_s?: number;
}

/** `id` is the same each time a message is sent: what you have handled under an id before, you needn't handle again. */
export interface VerifiedWebhook<Event> {
  id: string;
  sent_at: Date;
  event: Event;
}

/**
 * The event, once its signature and its time are right. `Event` is the caller's word for its shape; it isn't checked.
 * @throws WebhookVerificationError
 */
export async function verifyWebhook<Event = unknown>(received: ReceivedWebhook): Promise<VerifiedWebhook<Event>> {
  const id = headerOf(received, 'webhook-id');
  const timestamp = headerOf(received, 'webhook-timestamp');
  const signatures = headerOf(received, 'webhook-signature');
  const seconds = Number(/^\d{1,12}$/.test(timestamp) ? timestamp : Number.NaN);
  if (!(Math.abs(Date.now() / 1000 - seconds) <= (received.tolerance_s ?? 300))) {
    throw new WebhookVerificationError('webhook-timestamp is not a time of these minutes');
  }
  const body = typeof received.body === 'string' ? new TextEncoder().encode(received.body) : received.body;
  const signed = concat(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const secrets = typeof received.secret === 'string' ? [received.secret] : received.secret;
  if (!(await isSigned(signed, signatures, secrets))) {
    throw new WebhookVerificationError('no signature in webhook-signature is right');
  }
  return { id, sent_at: new Date(seconds * 1000), event: JSON.parse(new TextDecoder().decode(body)) };
}

function headerOf({ headers }: ReceivedWebhook, name: string): string {
  const named = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const value = named.find(([given]) => given.toLowerCase() === name)?.[1];
  if (typeof value !== 'string' || value === '') throw new WebhookVerificationError(`${name} is missing`);
  return value;
}

/** Whether one of the signatures (`v1,… v1,…`) is of one of the secrets. WebCrypto compares in constant time. */
async function isSigned(signed: BufferSource, signatures: string, secrets: readonly string[]): Promise<boolean> {
  const given = signatures.split(' ').filter((signature) => signature.startsWith('v1,'));
  for (const secret of secrets) {
    const key = await crypto.subtle.importKey('raw', secretBytes(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'verify',
    ]);
    for (const signature of given) {
      const bytes = fromBase64(signature.slice(3));
      if (bytes && (await crypto.subtle.verify('HMAC', key, bytes, signed))) return true;
    }
  }
  return false;
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64(secret.replace(/^whsec_/, ''));
  if (!bytes || bytes.length === 0) throw new TypeError('a webhook secret is whsec_ and base64');
  return bytes;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
