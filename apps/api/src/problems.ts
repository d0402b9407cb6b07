// Every problem this API can answer with (RFC 9457), in one registry: the compiler refuses a code without a row.
// Each has a page at /problems/:code made from the same row.

import type { DomainError, ErrorCode, FieldError } from '@customer-service/domain';

type HttpCode =
  | 'malformed-json'
  | 'body-not-object'
  | 'json-too-complex'
  | 'unsupported-media-type'
  | 'payload-too-large'
  | 'not-found'
  | 'method-not-allowed'
  | 'invalid-query'
  | 'invalid-header'
  | 'validation-failed'
  | 'idempotency-key-missing'
  | 'idempotency-key-invalid'
  | 'batch-refused'
  | 'not-reversible'
  | 'unauthenticated'
  | 'invalid-token'
  | 'forbidden'
  | 'keys-unavailable'
  | 'rate-limited'
  | 'overloaded'
  | 'request-timeout'
  | 'uri-too-long'
  | 'headers-too-large'
  | 'method-not-implemented'
  | 'bad-request'
  | 'internal';

export type ProblemCode = ErrorCode | HttpCode;

interface ProblemType {
  status: number;
  title: string;
  /** For the client's developer: why it happens and what to do. */
  help: string;
}

export const PROBLEMS: Record<ProblemCode, ProblemType> = {
  'malformed-json': {
    status: 400,
    title: 'The body is not valid JSON',
    help: 'Send one JSON document in UTF-8, without comments, trailing commas or the same name twice in an object. Nothing was written.',
  },
  'body-not-object': {
    status: 400,
    title: 'The body is not a JSON object',
    help: 'Send an object: { … }. Nothing was written.',
  },
  'json-too-complex': {
    status: 400,
    title: 'The body is too complex',
    help: 'No document of this API needs more than 32 levels or 2,000 fields and list items (a batch: 50 an item). Nothing was written.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is not declared as JSON',
    help: 'Send Content-Type: application/json, and no Content-Encoding.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    help: 'A body may have 64 KiB, a batch 1 MiB. Nothing was written.',
  },
  'not-found': { status: 404, title: 'No such path', help: 'The paths of this API are listed at /docs.' },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not know this method',
    help: 'The Allow header names the methods it knows.',
  },
  'invalid-query': {
    status: 400,
    title: 'A query parameter is not right',
    help: 'The list `errors` names each parameter and what is wrong with it. A cursor must come unchanged from next_cursor.',
  },
  'invalid-header': { status: 400, title: 'A header is not right', help: 'The detail names the header and its form.' },
  'validation-failed': {
    status: 422,
    title: 'The body breaks a rule',
    help: 'The list `errors` has every fault at once: a JSON pointer to the field, a code and a sentence. A field that is not known is a fault as well. Nothing was written.',
  },
  'idempotency-key-missing': {
    status: 400,
    title: 'Idempotency-Key is missing',
    help: 'Every movement of points needs the header Idempotency-Key, one value per intended movement, such as the order id. Keep it and send the same again when no answer came.',
  },
  'idempotency-key-invalid': {
    status: 400,
    title: 'Idempotency-Key is not right',
    help: 'It has 1 to 255 printable ASCII characters without spaces, bare or in double quotes, and comes once.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    help: 'The same customer has a transaction under this key with another operation, another hold or transaction in its path, or other contents; it stands as it was accepted. Use a new key for a new movement.',
  },
  'external-reference-reused': {
    status: 409,
    title: 'The receipt belongs to another transaction',
    help: 'This type, source and external_reference were accepted before with other contents, which stand as they were accepted.',
  },
  'adjustment-not-found': {
    status: 404,
    title: 'There is no such adjustment',
    help: 'Check the id; GET /loyalty/adjustments lists what waits for approval.',
  },
  'endpoint-not-found': {
    status: 404,
    title: 'There is no such endpoint',
    help: 'Check the id; GET /webhook-endpoints lists them.',
  },
  'adjustment-decided': {
    status: 409,
    title: 'The adjustment was decided before',
    help: 'Somebody else approved or refused it; GET /loyalty/adjustments shows who and when. Nothing was written.',
  },
  'second-person-needed': {
    status: 409,
    title: 'A second person must decide',
    help: 'Whoever asks for an adjustment above the limit of their role can not approve it as well. Nothing was written.',
  },
  'programme-changed': {
    status: 412,
    title: 'The programme has changed meanwhile',
    help: 'Read GET /loyalty/programme again, look at the newer version, and send its ETag as If-Match. Nothing was written.',
  },
  'value-refused': {
    status: 422,
    title: 'The database refused a value',
    help: 'A value is outside what can be stored, or a merge would make a list or a sum too large. Nothing was written.',
  },
  'batch-refused': {
    status: 422,
    title: 'An item of an atomic batch was refused',
    help: 'Nothing of the batch was accepted. `errors` names the items by their place and the reason; mend them, or send without atomic to have the others accepted.',
  },
  unauthenticated: {
    status: 401,
    title: 'A token is needed',
    help: 'Send Authorization: Bearer and a JSON Web Token with the claims sub, role and exp.',
  },
  'invalid-token': {
    status: 401,
    title: 'The token is not accepted',
    help: 'It is malformed, expired, not signed with the configured key and algorithm, or lacks sub, role or exp.',
  },
  forbidden: {
    status: 403,
    title: 'The role does not permit this',
    help: 'The detail names the permission that is needed; /docs lists it for every route.',
  },
  'customer-not-found': {
    status: 404,
    title: 'No such customer',
    help: 'There is none with this id, it was erased, or the token may not see it: the answers are the same on purpose.',
  },
  'transaction-not-found': {
    status: 404,
    title: 'No such transaction',
    help: 'This customer has no transaction with this id.',
  },
  'hold-not-found': {
    status: 404,
    title: 'No such hold',
    help: 'This customer has no hold with this id. The id of a hold is that of the transaction that asked for it.',
  },
  'events-gone': {
    status: 410,
    title: 'Events after that one have been deleted',
    help: 'Whoever read no further has missed some. Read what you keep anew (customers, balances), then follow the events from now on: `after` may be any UUIDv7 of this moment, or be left out for the oldest that is kept.',
  },
  'not-reversible': {
    status: 422,
    title: 'The transaction can not be taken back',
    help: 'A purchase or bonus (earn), a redeem and a capture can be reversed. A hold is voided instead, and an adjustment is mended by another one. Nothing was written.',
  },
  'customer-exists': {
    status: 409,
    title: 'Another customer has this contact or id',
    help: 'email, phone and external_id are unique. `errors` names the field; GET /customers?email=… finds who has it.',
  },
  'customer-merged': {
    status: 409,
    title: 'The customer was merged before',
    help: 'The customer to merge from lives on as another one, which the detail names. Merge that one, if they are one person.',
  },
  'customer-quarantined': {
    status: 409,
    title: 'The customer is in quarantine',
    help: 'Deciding its transactions failed again and again, by a fault of ours that has been logged. What it posts is accepted and waits; it can be erased or merged after it has been released. Nothing was written.',
  },
  'version-mismatch': {
    status: 412,
    title: 'The customer has been changed since',
    help: 'Read the customer again, decide again, and send the new ETag in If-Match.',
  },
  'storage-unavailable': {
    status: 503,
    title: 'The database is not available',
    help: 'Send the same again after Retry-After seconds. Points are safe under the same Idempotency-Key; of another write, read first whether it is in.',
  },
  'outcome-unknown': {
    status: 503,
    title: 'It is not known whether this was accepted',
    help: 'The database went away in mid-commit. Send the same again with the same Idempotency-Key: it is accepted once at the most.',
  },
  'keys-unavailable': {
    status: 503,
    title: 'The keys that verify tokens are not available',
    help: 'The identity provider has not answered since this service started, so no token can be checked. Nothing was written. Send the same again after Retry-After seconds.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    help: 'RateLimit-Policy says how many requests there may be in how many seconds, RateLimit how many are left; each event in a batch counts as one. Nothing was written. Send the same again after Retry-After seconds, with the same Idempotency-Key.',
  },
  overloaded: {
    status: 503,
    title: 'The service is busy',
    help: 'This process has as many requests under way as it can serve in good time, or this one has waited too long for its turn. Nothing was written. Send the same again after Retry-After seconds, with the same Idempotency-Key.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    help: 'The header must be complete within 3 seconds and the whole request within 5. Nothing was written.',
  },
  'uri-too-long': {
    status: 414,
    title: 'The URL is too long',
    help: 'URL and headers together may have 8 KiB.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    help: 'URL and headers together may have 8 KiB.',
  },
  'method-not-implemented': {
    status: 501,
    title: 'Nothing here knows this method',
    help: 'The methods of this API are listed at /docs.',
  },
  'bad-request': { status: 400, title: 'The request can not be read', help: 'It breaks HTTP, or a part is too large.' },
  internal: {
    status: 500,
    title: 'Something is wrong on our side',
    help: 'It has been logged under the request_id. Sending the same again with the same Idempotency-Key is safe.',
  },
};

/** `pointer` for a field of the body, `parameter` for a part of the query. */
export type ProblemField = FieldError | { parameter: string; code: string; detail: string };

/** Thrown by whatever can't accept a request; one middleware writes it. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly errors: ProblemField[];
  readonly headers: Record<string, string>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { errors?: ProblemField[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

/** The RFC 9457 document of a refusal. */
export function problemDocument(
  refusal: Problem | DomainError,
  request: { path: string; request_id: string },
): Record<string, unknown> {
  const { status, title } = PROBLEMS[refusal.code];
  return {
    type: `/problems/${refusal.code}`,
    title,
    status,
    detail: refusal.message,
    instance: request.path,
    code: refusal.code,
    request_id: request.request_id,
    ...(refusal.errors.length > 0 && { errors: refusal.errors }),
  };
}
