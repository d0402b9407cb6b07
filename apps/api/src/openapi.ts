// The OpenAPI 3.1 document, made of the route table and its Joi schemas. Nothing of the contract is written twice.

import { type Permission, POLICY } from '@customer-service/domain';
import type Joi from 'joi';
import { toJsonSchema } from './json-schema.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** Only the routes with `answers`: pages are for people. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    if (route.answers === undefined) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Customer Service',
      version,
      description:
        'Customers and their loyalty accounts. Checkouts post earn and redeem events, which are accepted at once and applied in order; `Prefer: wait=N` asks for the outcome in the same answer.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: PROBLEM },
      headers: ANSWER_HEADERS,
    },
  };
}

function operation(route: Route): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)];
  return {
    operationId: [route.method, ...route.path.split('/').filter(Boolean)].join('_').replaceAll(':', ''),
    summary: route.summary,
    tags: [route.path.split('/')[1]],
    ...(route.permission === 'public'
      ? { security: [] }
      : { description: describePermission(route.permission), 'x-permission': route.permission }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: requestBody(route) }),
    responses: { ...successes(route), ...(route.path.includes(':customer_id') && MERGED), ...refusals(route) },
  };
}

function requestBody({ body, consumes = ['application/json'] }: Route): Json {
  const schema = toJsonSchema(body as Joi.Schema);
  // A line of NDJSON is an item of the list that JSON sends.
  const content = consumes.map((type) => [
    type,
    type === 'application/x-ndjson' ? { schema: { type: 'string' } } : { schema },
  ]);
  return { required: true, content: Object.fromEntries(content) };
}

function describePermission(permission: Permission): string {
  const roles = Object.entries(POLICY[permission]).map(([role, scope]) =>
    scope === 'own' ? `${role} (own data only)` : role,
  );
  return `Needs the permission \`${permission}\`: ${roles.join(', ')}.`;
}

function pathParameters(route: Route): Json[] {
  return [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  }));
}

function queryParameters(route: Route): Json[] {
  if (route.query === undefined) return [];
  const { properties, required = [] } = toJsonSchema(route.query) as {
    properties: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
}

const HEADERS: Record<NonNullable<Route['headers']>[number], Json> = {
  'Idempotency-Key': {
    required: true,
    description: 'One value per intended movement, such as the order id. Never expires; safe to send again.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    example: 'order-CA-2016-152156',
  },
  Prefer: { description: '`wait=N` (at most 10 s): answer 200 with the outcome.', schema: { type: 'string' } },
  'If-Match': { description: 'The ETag the change is based on; 412 when it has moved on.', schema: { type: 'string' } },
  'If-None-Match': { description: 'The ETag already held; 304 when it still holds.', schema: { type: 'string' } },
};

function headerParameters(route: Route): Json[] {
  return (route.headers ?? []).map((name) => ({ name, in: 'header', ...HEADERS[name] }));
}

const SUCCESS: Record<number, string> = {
  200: 'The answer',
  201: 'Created; Location names it',
  202: 'Accepted and safe; Location names where to ask for the outcome',
  207: 'An answer for each item',
  304: 'Unchanged since the ETag in If-None-Match',
  204: 'Done',
  503: 'A dependency is down',
};

/** Of every route below a customer. */
const MERGED: Json = {
  308: {
    description: 'The customer was merged into another one: send the same to Location, its path under the new id',
    headers: { Location: { schema: { type: 'string' } } },
  },
};

function successes(route: Route): Json {
  return Object.fromEntries(
    Object.entries(route.answers ?? {}).map(([status, schema]) => [
      status,
      {
        description: SUCCESS[Number(status)] ?? 'The answer',
        ...(route.permission !== 'public' && { headers: answerHeaders('RateLimit-Policy', 'RateLimit') }),
        ...(schema && { content: json(toJsonSchema(schema as Joi.Schema)) }),
      },
    ]),
  );
}

/** The route's own problems, and those that follow from its parts. */
export function problemsOf(route: Route): ProblemCode[] {
  if (route.permission === 'public') return [];
  const codes: ProblemCode[] = [
    'unauthenticated',
    'invalid-token',
    'forbidden',
    'invalid-query',
    'rate-limited',
    'keys-unavailable',
    'storage-unavailable',
    'internal',
  ];
  if (route.body) {
    codes.push('malformed-json', 'body-not-object', 'json-too-complex', 'unsupported-media-type');
    codes.push('payload-too-large', 'validation-failed', 'bad-request');
  }
  if (route.headers?.includes('Idempotency-Key')) codes.push('idempotency-key-missing', 'idempotency-key-invalid');
  return [...codes, ...(route.problems ?? [])];
}

function refusals(route: Route): Json {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(route)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join(' · '),
        ...(status === 429 && { headers: answerHeaders('Retry-After', 'RateLimit-Policy', 'RateLimit') }),
        ...(status === 503 && { headers: answerHeaders('Retry-After') }),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

/** Headers of answers that many routes share. Limits can be changed by configuration, so their numbers are not here. */
const ANSWER_HEADERS = {
  'RateLimit-Policy': {
    description:
      'How many requests (`q`) there may be within how many seconds (`w`), by policy: `principal` for the token’s subject and role, `movements` for the customer whose points are moved. A batch counts as many as it has items, and passes while one is left. draft-ietf-httpapi-ratelimit-headers',
    schema: { type: 'string' },
    example: '"principal";q=10000;w=1, "movements";q=1000;w=10',
  },
  RateLimit: {
    description: 'How many requests are left (`r`) until the window ends in `t` seconds, by policy',
    schema: { type: 'string' },
    example: '"principal";r=9999;t=1, "movements";r=999;t=10',
  },
  'Retry-After': {
    description: 'Seconds after which the same request may be sent again',
    schema: { type: 'integer', minimum: 1 },
  },
} satisfies Record<string, Json>;

function answerHeaders(...names: (keyof typeof ANSWER_HEADERS)[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

const text = { type: 'string' };

const PROBLEM: Json = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'request_id'],
  properties: {
    type: { ...text, description: 'The page that explains the problem' },
    title: text,
    status: { type: 'integer' },
    detail: text,
    instance: text,
    code: { ...text, enum: Object.keys(PROBLEMS) },
    request_id: text,
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['code', 'detail'],
        properties: { pointer: text, parameter: text, code: text, detail: text },
      },
    },
  },
  additionalProperties: false,
};
