// Makes the types of packages/client out of the OpenAPI document: each schema under its name, and `Operations`, which says
// of each operation what it takes and what it answers. Knows no path and no field.

import { compile, type JSONSchema } from 'json-schema-to-typescript';

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: object;
}

interface Content {
  content?: Record<string, { schema?: object }>;
}

interface Operation {
  summary?: string;
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content>;
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

const BANNER =
  '// Written by `npm run openapi` from docs/openapi.json: what every operation takes and answers. Change nothing here.';

/** The text of packages/client/src/contract.ts. */
export async function clientTypes(document: OpenApi): Promise<string> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => answersOf(operation).length > 0)
      .map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
  );
  const root = {
    ...record(Object.fromEntries(operations.map(([name, operation]) => [name, typeOf(operation)]))),
    definitions: document.components.schemas,
  };
  const types = await compile(simplified(root), 'Operations', {
    additionalProperties: false,
    bannerComment: BANNER,
    style: { singleQuote: true, printWidth: 120 },
    unreachableDefinitions: true,
  });
  const keyed = operations.filter(([, { parameters = [] }]) =>
    parameters.some(({ name }) => name === 'Idempotency-Key'),
  );
  const names = keyed.map(([name]) => `  '${name}',\n`).join('');
  const about = '/** The operations that carry an Idempotency-Key. */';
  return `${withoutOrigins(types).trimEnd()}\n\n${about}\nexport const keyed: ReadonlySet<string> = new Set<keyof Operations>([\n${names}]);\n`;
}

function typeOf(operation: Operation): JSONSchema {
  const { parameters = [], requestBody, summary } = operation;
  const among = (place: string) => parameters.filter((parameter) => parameter.in === place);
  const [path, query, headers] = [among('path'), among('query'), among('header')];
  const body = requestBody?.content?.['application/json']?.schema;
  const parts: Record<string, JSONSchema> = {
    ...(path.length > 0 && { path: given(path) }),
    ...(query.length > 0 && { query: given(query) }),
    ...(headers.length > 0 && { header: { type: 'string', enum: headers.map(({ name }) => name) } }),
    ...(body && { body }),
    answer: { anyOf: answersOf(operation) },
  };
  const optional = query.some(({ required }) => required) ? [] : ['query'];
  return { ...record(parts, optional), ...(summary && { description: summary }) };
}

/** What it answers when it goes well; nothing when that is no JSON. */
function answersOf({ responses }: Operation): JSONSchema[] {
  const well = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const schemas = well.flatMap(([status, { content }]) =>
    status === '204' ? [{ type: 'null' } as JSONSchema] : (content?.['application/json']?.schema ?? []),
  );
  return [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
}

function given(parameters: Parameter[]): JSONSchema {
  const schemas = parameters.map(({ name, schema, description }) => [
    name,
    { ...schema, ...(description && { description }) },
  ]);
  const optional = parameters.filter(({ required }) => !required).map(({ name }) => name);
  return record(Object.fromEntries(schemas), optional);
}

function record(properties: Record<string, JSONSchema>, optional: string[] = []): JSONSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

/** As the compiler wants it: no bounds (lists would become tuples), references alone, and to `definitions`. */
function simplified(schema: object): JSONSchema {
  const text = JSON.stringify(schema, (name, value) => {
    if ((name === 'maxItems' || name === 'minItems') && typeof value === 'number') return undefined;
    return typeof value?.$ref === 'string' ? { $ref: value.$ref } : value;
  });
  return JSON.parse(text.replaceAll('"#/components/schemas/', '"#/definitions/'));
}

/** Leaves out what the compiler says about where it found a type. */
function withoutOrigins(types: string): string {
  return types
    .replace(/^ *\* This interface was referenced by .*\n *\* via the .*\n/gm, '')
    .replace(/(?:^ *\* ?\n)+(?= *\*\/)/gm, '')
    .replace(/^ *\/\*\*\n *\*\/\n/gm, '');
}
