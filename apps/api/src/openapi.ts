// The OpenAPI 3.1 document, made of the route table and its Joi schemas. Nothing of the contract is written twice.

import { type Permission, POLICY } from '@customer-service/domain';
import type Joi from 'joi';
import { type NamedSchemas, toJsonSchema } from './json-schema.ts';
import { ANSWER_HEADERS, answerHeaders, REFUSAL_HEADERS, REQUEST_HEADERS } from './openapi-headers.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** What operations share, gathered while they are described. */
interface Components {
  schemas: NamedSchemas;
  responses: Map<string, Json>;
}

/** Only the routes with `answers`: pages are for people. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const shared: Components = { schemas: new Map([['Problem', PROBLEM]]), responses: new Map() };
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    if (route.answers === undefined) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route, shared) };
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
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: inOrder(shared.schemas),
      responses: inOrder(shared.responses),
      headers: ANSWER_HEADERS,
    },
  };
}

function inOrder(named: Map<string, Json>): Json {
  return Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is asked of the ops listener is not part of this contract. */
type Area<Name> = Name extends `${infer Before}:${string}` ? Exclude<Before, 'ops'> : 'operation';

const TAGS: Record<Area<Route['permission']>, string> = {
  customers: 'Profiles: made, found, changed, merged, erased',
  loyalty: 'Points: earned, redeemed, and the account that holds them',
  analytics: 'The numbers of the business',
  audit: 'Who changed what',
  webhooks: 'Events, sent to other systems',
  events: 'What happened, for other systems to follow',
  me: 'Who asks',
  operation: 'The service itself',
};

function operation(route: Route, shared: Components): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)];
  return {
    operationId: [route.method, ...route.path.split('/').filter(Boolean)].join('_').replaceAll(':', ''),
    summary: route.summary,
    tags: [route.permission === 'public' ? 'operation' : route.permission.split(':')[0]],
    ...(route.permission === 'public'
      ? { security: [] }
      : { description: describePermission(route.permission), 'x-permission': route.permission }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: requestBody(route, shared) }),
    responses: { ...successes(route, shared), ...refusals(route, shared) },
  };
}

function requestBody({ body, consumes = ['application/json'] }: Route, { schemas }: Components): Json {
  const schema = toJsonSchema(body as Joi.Schema, schemas);
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

function headerParameters(route: Route): Json[] {
  return (route.headers ?? []).map((name) => ({ name, in: 'header', ...REQUEST_HEADERS[name] }));
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

function successes(route: Route, { schemas }: Components): Json {
  return Object.fromEntries(
    Object.entries(route.answers ?? {}).map(([status, schema]) => [
      status,
      {
        description: SUCCESS[Number(status)] ?? 'The answer',
        headers: answerHeaders(route.permission !== 'public', route.answer_headers?.[Number(status)]),
        ...(schema && { content: { 'application/json': { schema: toJsonSchema(schema as Joi.Schema, schemas) } } }),
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
    'overloaded',
    'internal',
  ];
  if (route.body) {
    codes.push('malformed-json', 'body-not-object', 'json-too-complex', 'unsupported-media-type');
    codes.push('payload-too-large', 'validation-failed', 'bad-request');
  }
  if (route.headers?.includes('Idempotency-Key')) codes.push('idempotency-key-missing', 'idempotency-key-invalid');
  return [...codes, ...(route.problems ?? [])];
}

/** Redirects and problems. Those that several routes have in common are described once. */
function refusals(route: Route, { responses }: Components): Json {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(route)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const described = [...byStatus].map(([status, codes]): [number, Json] => {
    const name = codes.join('.');
    responses.set(name, {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join(' · '),
      headers: answerHeaders(true, REFUSAL_HEADERS[status]),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
    return [status, { $ref: `#/components/responses/${name}` }];
  });
  if (route.path.includes(':customer_id')) {
    responses.set('merged', {
      description: 'The customer was merged into another one: send the same to Location, its path under the new id',
      headers: answerHeaders(true, REFUSAL_HEADERS[308]),
    });
    described.push([308, { $ref: '#/components/responses/merged' }]);
  }
  return Object.fromEntries(described);
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
