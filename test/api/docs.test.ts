// What people read: the OpenAPI document, the documentation page as it is served, and a page for every problem.
// openapi-3.1-schema.json beside this file is the OpenAPI Initiative's own schema (Apache License 2.0).

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { PROBLEMS } from '../../apps/api/src/problems.ts';
import { routes } from '../../apps/api/src/routes.ts';
import { readContract } from '../helpers/contract.ts';
import { type Service, startService } from '../helpers/service.ts';

type Json = Record<string, unknown>;
interface Operation extends Json {
  operationId?: string;
  summary: string;
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: Json }> }>;
  tags: string[];
  security?: unknown[];
}
interface Document extends Json {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; responses: Json; headers: Json };
  tags: { name: string }[];
}

let service: Service;
let document: Document;

describe('documentation', () => {
  before(async () => {
    service = await startService();
    document = (await service.request('GET', '/openapi.json', { role: null })).body;
  });
  after(() => service.stop());

  describe('as an OpenAPI document', openApi);
  describe('as promises', promises);
  describe('as a page', page);
  describe('of problems', problems);
});

const operations = (): [name: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );

function openApiValidator() {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  return ajv.compile(JSON.parse(readFileSync(new URL('./openapi-3.1-schema.json', import.meta.url), 'utf8')));
}

function openApi() {
  it('is valid OpenAPI 3.1', () => {
    const validate = openApiValidator();
    expect(document.openapi).to.match(/^3\.1\./);
    expect(validate(document), JSON.stringify(validate.errors?.slice(0, 3))).to.equal(true);
    const [, broken] = operations()[0] as [string, Operation];
    const { responses: _responses, ...without } = broken;
    const damaged = { ...document, paths: { '/x': { get: { ...without, parameters: [{ name: 'x' }] } } } };
    expect(validate(damaged), 'the validator would notice').to.equal(false);
  });

  it('lists exactly the routes that have answers', () => {
    const expected = routes
      .filter((route) => route.answers !== undefined)
      .map((route) => `${route.method} ${route.path.replace(/:(\w+)/g, '{$1}')}`);
    expect(
      operations()
        .map(([name]) => name)
        .sort(),
    ).to.deep.equal(expected.sort());
  });

  it('gives every operation an id of its own, as generated clients need', () => {
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(ids.filter((id, index) => !id || ids.indexOf(id) !== index)).to.deep.equal([]);
  });

  it('declares every parameter of a path, once, as required', () => {
    for (const [name, { parameters = [] }] of operations()) {
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = parameters.filter((parameter) => parameter.in === 'path');
      expect(declared.map((parameter) => parameter.name)).to.deep.equal(inPath);
      expect(
        declared.every((parameter) => parameter.required),
        name,
      ).to.equal(true);
      const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(keys).size, name).to.equal(keys.length);
    }
  });

  it('has schemas that compile, for every body, answer and parameter, and examples that fit them', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    (formats as unknown as (ajv: Ajv2020) => void)(ajv);
    ajv.addSchema({ $id: 'document', components: document.components });
    const compile = (schema: object) =>
      ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')));
    const schemas = [
      ...operations().flatMap(([name, { parameters = [] }]) =>
        parameters.map(({ schema, name: parameter }) => ({ name: `${name} ${parameter}`, schema })),
      ),
      ...Object.entries(document.components.schemas).map(([name, schema]) => ({ name, schema })),
    ];
    expect(schemas.length).to.be.above(50);
    for (const { name, schema } of schemas) {
      compile(schema);
      for (const { at, property } of withExamples(schema)) {
        const check = compile(property);
        for (const example of property.examples) expect(check(example), `${name} ${at}`).to.equal(true);
      }
    }
  });

  it('has a name for every body and every answer, so that generated clients have types to speak of', () => {
    for (const [name, { requestBody, responses }] of operations()) {
      const parts = [requestBody, ...Object.values(responses)].flatMap((part) => Object.entries(part?.content ?? {}));
      const nameless = parts.filter(([type, { schema }]) => type !== 'application/x-ndjson' && !schema.$ref);
      expect(nameless, name).to.deep.equal([]);
    }
    const { Customer, NewCustomer, LoyaltyTransaction, EarnRequest, Problem } = document.components.schemas;
    for (const schema of [Customer, NewCustomer, LoyaltyTransaction, EarnRequest, Problem]) {
      expect(schema).to.include.keys('type', 'properties');
    }
  });

  it('refers to nothing that is not there, and describes nothing that nobody refers to', () => {
    const refs = new Set(JSON.stringify(document).match(/(?<="\$ref":"#\/components\/)[^"]+/g));
    const { schemas, responses, headers } = document.components;
    const described = Object.entries({ schemas, responses, headers }).flatMap(([kind, parts]) =>
      Object.keys(parts).map((part) => `${kind}/${part}`),
    );
    expect([...refs].sort()).to.deep.equal(described.sort());
  });

  it('gives every operation a summary and a tag that is described', () => {
    const tags = document.tags.map(({ name }) => name);
    for (const [name, operation] of operations()) {
      expect(operation.summary, name).to.match(/^[A-Z].{5,}/);
      expect(operation.tags, name).to.have.length(1);
      expect(tags, name).to.include(operation.tags[0]);
    }
  });

  it('says which operations need no token, and describes the refusals of all others', () => {
    for (const route of routes.filter((one) => one.answers !== undefined)) {
      const operation = document.paths[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method] as Operation;
      if (route.permission === 'public') expect(operation.security).to.deep.equal([]);
      else expect(Object.keys(operation.responses)).to.include.members(['401', '403', '400', '503']);
    }
  });

  it('lists every problem code', () => {
    const { code } = (document.components.schemas.Problem as Json).properties as { code: { enum: string[] } };
    expect(code.enum.sort()).to.deep.equal(Object.keys(PROBLEMS).sort());
  });
}

/** What service.ts holds every answer of every test against. */
function promises() {
  const BROKEN: [what: RegExp, status: number, headers: Record<string, string>][] = [
    [/has no ETag/, 201, { Location: '/customers/1' }],
    [/has no Location/, 201, { ETag: '"1.0.0"' }],
    [/ETag breaks its contract/, 201, { ETag: '1.0.0', Location: '/customers/1' }],
    [/has Retry-After, which/, 201, { ETag: '"1.0.0"', Location: '/customers/1', 'Retry-After': '1' }],
    [/has no X-Request-Id|X-Request-Id breaks/, 201, { ETag: '"1.0.0"', Location: '/', 'X-Request-Id': '' }],
    [/has no Retry-After/, 429, {}],
    [/has no WWW-Authenticate/, 401, {}],
    [/answered 418, which/, 418, {}],
  ];
  for (const [what, status, headers] of BROKEN) {
    it(`are broken by ${status} with ${JSON.stringify(headers)}`, async () => {
      const contract = await readContract(service.url);
      const problem = (await service.request('GET', '/customers', { role: null })).body;
      const created = await service.request('POST', '/customers', {
        body: { first_name: 'Ada', last_name: 'Lovelace' },
      });
      const type = status < 400 ? 'application/json' : 'application/problem+json';
      const answer = {
        status,
        headers: new Headers({ 'Content-Type': type, 'X-Request-Id': '12345678', ...headers }),
        body: status < 400 ? created.body : problem,
      };
      expect(() => contract.check('POST', '/customers', answer)).to.throw(what);
    });
  }
}

interface Exemplified {
  at: string;
  property: { examples: unknown[] };
}

/** Every schema within `schema` that has examples. */
function withExamples(schema: object, at = ''): Exemplified[] {
  const own = Array.isArray((schema as Json).examples) ? [{ at, property: schema as { examples: unknown[] } }] : [];
  const inner = Object.entries(schema).filter(
    ([name, part]) => name !== 'examples' && part && typeof part === 'object',
  );
  return [...own, ...inner.flatMap(([name, part]) => withExamples(part, `${at}/${name}`))];
}

function page() {
  it('is served with a strict policy: nothing inline, nothing from elsewhere, no frames', async () => {
    const { status, headers } = await service.request('GET', '/docs', { role: null });
    expect(status).to.equal(200);
    expect(headers.get('content-type')).to.equal('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).to.match(/default-src '(self|none)'/);
    expect(policy).to.include("frame-ancestors 'none'");
    expect(policy).not.to.match(/unsafe|\*|https?:|blob:/);
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect(headers.get('referrer-policy')).to.equal('no-referrer');
  });

  it('names only files that the API serves itself, each with its media type', async () => {
    const { body } = await service.request('GET', '/docs', { role: null });
    const named = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url as string);
    const urls = named.filter((url) => !url.startsWith('data:'));
    expect(urls).to.have.length.above(1);
    const types: Record<string, RegExp> = { css: /^text\/css/, js: /^text\/javascript/ };
    for (const url of urls) {
      expect(url).to.match(/^\/docs\/[\w.-]+$/);
      const file = await service.request('GET', url, { role: null });
      expect(file.status, url).to.equal(200);
      expect(file.headers.get('content-type')).to.match(types[url.split('.').at(-1) as string] as RegExp);
      expect(file.headers.get('content-security-policy')).to.be.a('string');
      expect(file.body.length, url).to.be.above(50);
    }
    expect(body).not.to.match(/https?:\/\/|<style|<script>|\son\w+=/);
  });

  it('serves no other file', async () => {
    for (const file of [
      'package.json',
      'index.html',
      'swagger-ui.js',
      '..%2Fpackage.json',
      '%2e%2e%2fpackage.json',
      '.',
    ]) {
      const { status } = await service.request('GET', `/docs/${file}`, { role: null });
      expect(status, file).to.be.oneOf([404]);
    }
  });
}

function problems() {
  for (const [code, { title, status, help }] of Object.entries(PROBLEMS)) {
    it(`explains ${code}`, async () => {
      const answer = await service.request('GET', `/problems/${code}`, { role: null });
      expect(answer.status).to.equal(200);
      expect(answer.headers.get('content-type')).to.equal('text/html; charset=utf-8');
      for (const text of [title, String(status), code, help]) expect(answer.body).to.include(text);
    });
  }

  it('knows no page for what is no code', async () => {
    for (const code of ['unknown', 'Not-Found', '', 'constructor', '%3Cscript%3E', 'not-found%00']) {
      const { status, body } = await service.request('GET', `/problems/${code}`, { role: null });
      expect({ code, status, problem: body.code }).to.deep.equal({ code, status: 404, problem: 'not-found' });
    }
  });

  it('is where the type of every refusal points', async () => {
    const refusal = await service.request('GET', '/customers', { role: null });
    const url = new URL(refusal.body.type, `${service.url}/customers`);
    expect((await service.request('GET', url.pathname, { role: null })).body).to.include(refusal.body.title);
  });
}
