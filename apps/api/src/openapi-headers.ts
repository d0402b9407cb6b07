// The headers of the contract: what a request may carry, what an answer carries, and when. Values are the handlers' and
// the middleware's.

export type RequestHeader = 'Idempotency-Key' | 'Prefer' | 'If-Match' | 'If-None-Match';

export const REQUEST_HEADERS: Record<RequestHeader, object> = {
  'Idempotency-Key': {
    required: true,
    description: 'One value per intended movement, such as the order id. Never expires; safe to send again.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    example: 'order-CA-2016-152156',
  },
  Prefer: {
    description:
      '`wait=N` (at most 10 s): answer 200 with the outcome. `respond-async`: answer 202 at once. Holds, captures and voids wait 5 s when it is not sent.',
    schema: { type: 'string' },
  },
  'If-Match': {
    description:
      'The ETag the change is based on, or a list of them, or `*`; 412 when the profile is at none of them. A weak tag never matches.',
    schema: { type: 'string' },
  },
  'If-None-Match': {
    description: 'The ETag already held, or a list of them; 304 when one still holds.',
    schema: { type: 'string' },
  },
};

const LIMIT_ITEM = '"\\w+";[qr]=\\d+;[wt]=\\d+';
const limits = { type: 'string', pattern: `^${LIMIT_ITEM}(, ${LIMIT_ITEM})*$` };
const url = { type: 'string', format: 'uri-reference' };

/** `required`: on every answer that is said to have it. Limits can be changed by configuration, or switched off. */
export const ANSWER_HEADERS = {
  'X-Request-Id': {
    description:
      'The X-Request-Id of the request, when it is 8 to 64 letters, digits, `-` and `_`; otherwise a new one',
    required: true,
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{8,64}$' },
  },
  'RateLimit-Policy': {
    description:
      'How many requests (`q`) there may be within how many seconds (`w`), by policy: `principal` for the token’s subject and role, `movements` for the customer whose points are moved, `failures` for the address that sends no good token. A batch counts as many requests as it has items, and passes while one is left. draft-ietf-httpapi-ratelimit-headers',
    schema: limits,
    example: '"principal";q=10000;w=1, "movements";q=1000;w=10',
  },
  RateLimit: {
    description: 'How many requests are left (`r`) until the window ends in `t` seconds, by policy',
    schema: limits,
    example: '"principal";r=9999;t=1, "movements";r=999;t=10',
  },
  'Retry-After': {
    description: 'Seconds after which the same request may be sent again',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  'WWW-Authenticate': {
    description: 'RFC 6750',
    required: true,
    schema: { type: 'string', pattern: '^Bearer' },
    example: 'Bearer error="invalid_token"',
  },
  ETag: {
    description: 'Of this state of the customer; for If-Match and If-None-Match',
    required: true,
    schema: { type: 'string', pattern: '^"[^"]+"$' },
    example: '"1.0.0"',
  },
  Location: { description: 'Where it is, or where to ask for the outcome', required: true, schema: url },
  'Idempotent-Replayed': {
    description: 'The key and the body were sent before; this is the transaction they made then',
    schema: { type: 'string', enum: ['true'] },
  },
  'Preference-Applied': {
    description: 'The part of Prefer that was honoured',
    required: true,
    schema: { type: 'string', pattern: '^wait=\\d+$' },
  },
  'Content-Disposition': {
    description: 'A name to save it under',
    required: true,
    schema: { type: 'string', pattern: '^attachment; ' },
  },
} satisfies Record<string, object>;

export type AnswerHeader = keyof typeof ANSWER_HEADERS;
/** With a question mark: not on every answer of that status. */
export type PromisedHeader = AnswerHeader | `${AnswerHeader}?`;

/** Those that follow from the status of a refusal. */
export const REFUSAL_HEADERS: Partial<Record<number, readonly AnswerHeader[]>> = {
  308: ['Location'],
  401: ['WWW-Authenticate'],
  403: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

/** References to the headers of an answer; those that every answer has are added. */
export function answerHeaders(counted: boolean, names: readonly PromisedHeader[] = []): Record<string, object> {
  const all: PromisedHeader[] = [
    'X-Request-Id',
    ...(counted ? (['RateLimit-Policy', 'RateLimit'] as const) : []),
    ...names,
  ];
  return Object.fromEntries(
    all.map((promised) => {
      const name = promised.replace('?', '') as AnswerHeader;
      if (name === promised) return [name, { $ref: `#/components/headers/${name}` }];
      return [name, { ...ANSWER_HEADERS[name], required: false }];
    }),
  );
}
