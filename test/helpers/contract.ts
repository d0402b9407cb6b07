// Holds answers against the OpenAPI document the API serves: status, headers, media type and body.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Response } from './service.ts';

export interface Contract {
  document: OpenApi;
  /** @throws Error when the answer is not one the document describes for this route */
  check(method: string, path: string, answer: Response): void;
}

interface Reference {
  $ref: string;
}

interface Described {
  headers?: Record<string, Reference | DescribedHeader>;
  content?: Record<string, { schema: object }>;
}

interface DescribedHeader {
  required?: boolean;
  schema: { type: string };
}

interface Operation {
  responses: Record<string, Described | Reference>;
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, object>;
    responses: Record<string, Described>;
    headers: Record<string, DescribedHeader>;
  };
}

export async function readContract(url: string): Promise<Contract> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'contract', components: document.components });
  return { document, check: (method, path, answer) => check({ document, ajv }, { method, path, answer }) };
}

function check(
  { document, ajv }: { document: OpenApi; ajv: Ajv2020 },
  { method, path, answer }: { method: string; path: string; answer: Response },
): void {
  const problem = answer.headers.get('content-type')?.includes('application/problem+json');
  if (answer.status >= 400 && path !== '/health' && !problem) {
    throw new Error(`${method} ${path} answered ${answer.status} without a problem document`);
  }
  if (problem)
    validate(ajv, document.components.schemas.Problem as object, { what: `${method} ${path}`, body: answer.body });

  if (answer.status === 405 && !answer.headers.has('allow')) throw new Error(`${method} ${path} has no Allow`);

  const operation = findOperation(document, method, path);
  // Unknown paths, pages and methods that a path does not know are not in the document.
  if (operation === undefined) return;
  const given = operation.responses[answer.status];
  if (given === undefined) throw new Error(`${method} ${path} answered ${answer.status}, which its document lacks`);
  const described = '$ref' in given ? (document.components.responses[nameIn(given)] as Described) : given;
  checkHeaders({ document, ajv }, described, { what: `${method} ${path} ${answer.status}`, answer });
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const schema = described.content?.[type]?.schema;
  if (described.content !== undefined && schema === undefined) throw new Error(`${method} ${path} answered ${type}`);
  if (schema) validate(ajv, schema, { what: `${method} ${path} ${answer.status}`, body: answer.body });
}

const nameIn = ({ $ref }: Reference) => $ref.split('/').at(-1) as string;

/** What is promised is there and well formed; of the headers the document knows, no other one is. */
function checkHeaders(
  { document, ajv }: { document: OpenApi; ajv: Ajv2020 },
  described: Described,
  { what, answer }: { what: string; answer: Response },
): void {
  for (const [name, shared] of Object.entries(document.components.headers)) {
    const promised = described.headers?.[name];
    const { required, schema } = promised === undefined || '$ref' in promised ? shared : promised;
    const value = answer.headers.get(name);
    if (value === null) {
      if (required && promised !== undefined) throw new Error(`${what} has no ${name}`);
    } else if (promised === undefined) {
      throw new Error(`${what} has ${name}, which its document lacks`);
    } else {
      validate(ajv, schema, { what: `${what} ${name}`, body: schema.type === 'integer' ? Number(value) : value });
    }
  }
}

/** A fixed path wins over one with parameters, as in the router. */
function findOperation(document: OpenApi, method: string, path: string): Operation | undefined {
  const parts = path.split('?')[0]?.split('/') ?? [];
  const [path_template] = Object.keys(document.paths)
    .filter((template) => {
      const wanted = template.split('/');
      return (
        wanted.length === parts.length && wanted.every((part, index) => part.startsWith('{') || part === parts[index])
      );
    })
    .sort((a, b) => a.split('{').length - b.split('{').length);
  return path_template === undefined ? undefined : document.paths[path_template]?.[method.toLowerCase()];
}

const compiled = new WeakMap<object, ValidateFunction>();

function validate(ajv: Ajv2020, schema: object, { what, body }: { what: string; body: unknown }): void {
  const check = compiled.get(schema) ?? compile(ajv, schema);
  if (!check(body))
    throw new Error(`${what} breaks its contract: ${ajv.errorsText(check.errors)}\n${JSON.stringify(body)}`);
}

function compile(ajv: Ajv2020, schema: object): ValidateFunction {
  const check = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"contract#/components/')));
  compiled.set(schema, check);
  return check;
}
