// What people and machines around the API ask of it: health, the OpenAPI document and its page, the problem pages.

import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Health, healthOf } from '@customer-service/runtime';
import { PROBLEMS, Problem, type ProblemCode } from '../problems.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { PAGE_HEADERS } from '../security-headers.ts';
import { docsPage, problemPage, problemsPage } from './pages.ts';

/** 200 while requests can be accepted; a queue that is away only makes them slower, which `degraded` says. */
export async function health(_request: ApiRequest, services: Services): Promise<Answer> {
  const body = await checkHealth(services);
  return { status: body.status === 'down' ? 503 : 200, body };
}

export async function checkHealth({ isDatabaseUp, doorbell, config, version }: Services): Promise<Health> {
  const database = await isDatabaseUp.add(null);
  return healthOf({ version, redis_url: config.redis_url, database, queue: doorbell.isUp() });
}

export function openapi(_request: ApiRequest, { document }: Services): Answer {
  return { status: 200, body: document };
}

const page = (body: string): Answer => ({
  status: 200,
  body,
  type: 'text/html; charset=utf-8',
  headers: PAGE_HEADERS,
});

export function docs(): Answer {
  return page(docsPage());
}

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};
const START = `window.addEventListener('load', () => SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null,
}));`;

/** The files of the documentation page, from our own origin: the page asks nobody else for anything. */
export function docsAsset(request: ApiRequest): Answer {
  const { file = '' } = request.params;
  if (file === 'start.js') return { status: 200, body: START, type: 'text/javascript; charset=utf-8' };
  const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
  if (type === undefined) throw new Problem('not-found', 'There is no such file.');
  const headers = { 'Cache-Control': 'public, max-age=86400' };
  return { status: 200, body: createReadStream(join(SWAGGER_UI, file)), type, headers };
}

export function problems(): Answer {
  return page(problemsPage());
}

export function problem(request: ApiRequest): Answer {
  const { code = '' } = request.params;
  if (!Object.hasOwn(PROBLEMS, code)) throw new Problem('not-found', 'There is no such problem.');
  return page(problemPage(code as ProblemCode));
}
