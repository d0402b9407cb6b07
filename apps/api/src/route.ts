// What a route is: one row of the table in routes.ts. Handlers get a plain request and give a plain answer; only
// app.ts knows Koa.

import type { Readable } from 'node:stream';
import type { Permission } from '@customer-service/domain';
import type { ApiConfig, Batcher, Doorbell, Log, WebhookSender } from '@customer-service/runtime';
import type { Accepted, Database, NewTransaction } from '@customer-service/store';
import type Joi from 'joi';
import type { PromisedHeader, RequestHeader } from './openapi-headers.ts';
import type { ApiMetrics } from './ops-listener/metrics.ts';
import type { ProblemCode } from './problems.ts';

/** Who asks, as the token says. */
export interface Principal {
  sub: string;
  role: string;
}

export interface ToApply {
  customer_id: string;
  /** Of whoever waits, if it is traced. */
  traceparent: string | null;
}

export interface Services {
  db: Database;
  doorbell: Doorbell;
  /** Accepts one transaction; those that arrive together share one INSERT. */
  accept: Batcher<NewTransaction, Accepted>;
  /** Applies at once what waits for one customer; callers that arrive together share one SQL transaction. */
  apply: Batcher<ToApply, null>;
  /** Whether PostgreSQL answers; callers that ask together share one question. */
  isDatabaseUp: Batcher<null, boolean>;
  /** Tries endpoints out. */
  sender: WebhookSender;
  config: ApiConfig;
  log: Log;
  metrics: ApiMetrics;
  version: string;
  /** What /openapi.json answers. */
  document: object;
}

/** A request whose parts have been checked by the route's schemas. */
export interface ApiRequest<Body = unknown, Query = unknown> {
  principal: Principal;
  /** What the answer carries as X-Request-Id. */
  request_id: string;
  path: string;
  params: Record<string, string>;
  query: Query;
  body: Body;
  /** One value a header, names in lower case. */
  header(name: string): string;
}

export interface Answer {
  status: number;
  body?: object | string | Readable;
  /** Media type of a body that is not JSON. */
  type?: string;
  headers?: Record<string, string>;
}

export type MediaType = 'application/json' | 'application/merge-patch+json' | 'application/x-ndjson';

export interface Route {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  /** What the caller's role must have; `public` needs no token. */
  permission: Permission | 'public';
  handler: (request: never, services: Services) => Answer | Promise<Answer>;
  summary: string;
  query?: Joi.ObjectSchema;
  body?: Joi.ObjectSchema;
  /** Media types of the body; application/json when not given. */
  consumes?: readonly MediaType[];
  /** The largest body, in bytes; 64 KiB when not given. */
  max_bytes?: number;
  /** The longest `items` of a body that is a list; counted before anything is looked into, each as a request. */
  max_items?: number;
  /** Request headers the handler reads. */
  headers?: readonly RequestHeader[];
  /** By status, what a success looks like; null has no body. Undefined for pages, which are not part of the contract. */
  answers?: Record<number, Joi.Schema | null>;
  /** By status, the headers of a success beyond those that every answer has. */
  answer_headers?: Partial<Record<number, readonly PromisedHeader[]>>;
  /** Beyond those that follow from the parts above. */
  problems?: readonly ProblemCode[];
}

/** Whether the route moves points of the customer in its path: those take an Idempotency-Key. */
export function movesPoints(route: Route): boolean {
  return (route.headers?.includes('Idempotency-Key') ?? false) && route.path.includes('/:customer_id/');
}
