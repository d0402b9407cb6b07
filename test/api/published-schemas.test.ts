// The published schemas say what the server does: a body of the corpus that the server refuses is one that the
// document refuses, and the other way round.

import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { openApiDocument } from '../../apps/api/src/openapi.ts';
import { routes } from '../../apps/api/src/routes.ts';

interface Case {
  name: string;
  method: string;
  path: string;
  body?: string;
  expect: { status: number };
}
interface Document {
  components: object;
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>;
}

/** What JSON Schema has no words for. */
const BEYOND_WORDS = [
  // More digits than JSON.parse keeps.
  'H earn: points 1.0000000000000000001',
  'H redeem: points 1.0000000000000000001',
  // A sum.
  'I earn: items [{"amount_minor":60},{"amount_minor":41}]',
  // `format: email` says nothing of the length of its parts.
  'I email "{repeat:a:65}@example.com"',
  // RFC 3339 knows leap seconds, and years that PostgreSQL does not.
  'J occurred_at "2026-12-31T23:59:60Z"',
  'J occurred_at "0000-01-01T00:00:00Z"',
  'J occurred_at "0001-01-01T00:00:00+10:00"',
  'J occurred_at "9999-12-31T23:59:59-14:00"',
  'J date_of_birth "0000-01-01"',
  // A name that `patternProperties` allows and JavaScript makes special.
  'K creating with __proto__ in metadata',
];

const corpus: Case[] = JSON.parse(readFileSync(new URL('./corpus.json', import.meta.url), 'utf8'));

function bodyOf({ name, body = '' }: Case): unknown {
  if (!/^[HIJK] /.test(name)) return undefined;
  try {
    return JSON.parse(body.replace(/\{repeat:(.*?):(\d+)\}/gs, (_, piece, times) => piece.repeat(Number(times))));
  } catch {
    return undefined;
  }
}

describe('the published schemas of request bodies', () => {
  const document = openApiDocument(routes, '0.0.0') as unknown as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'document', components: document.components });
  const compile = (schema: object) => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')));
  const compiled = new Map<object, ValidateFunction>();

  function allows(one: Case, body: unknown): boolean {
    const path = one.path.split('?')[0]?.replace(/\{(customer|transaction)\}/g, '{$1_id}') as string;
    const schema = document.paths[path]?.[one.method.toLowerCase()]?.requestBody?.content['application/json']?.schema;
    expect(schema, one.name).to.be.an('object');
    const validate = compiled.get(schema as object) ?? compile(schema as object);
    compiled.set(schema as object, validate);
    return validate(body) as boolean;
  }

  const looked = corpus.flatMap((one) => {
    const body = bodyOf(one);
    return body === undefined ? [] : [{ ...one, accepted: one.expect.status < 300, allowed: allows(one, body) }];
  });

  it('are held against most of the corpus', () => {
    expect(looked.length).to.be.above(300);
  });

  it('refuse nothing that the server accepts', () => {
    const wrong = looked.filter(({ accepted, allowed }) => accepted && !allowed);
    expect(wrong.map(({ name }) => name)).to.deep.equal([]);
  });

  it('allow nothing that the server refuses, where JSON Schema has words for it', () => {
    const wrong = looked.filter(({ accepted, allowed }) => !accepted && allowed).map(({ name }) => name);
    expect(wrong.filter((name) => !BEYOND_WORDS.includes(name))).to.deep.equal([]);
  });

  it('name no default that they would refuse themselves', () => {
    const faults = wrongDefaults(document.components);
    expect(faults).to.deep.equal([]);
  });

  function wrongDefaults(schema: object, at = ''): string[] {
    const own = 'default' in schema && !compile(schema)(schema.default) ? [at] : [];
    const inner = Object.entries(schema).filter(([, part]) => part !== null && typeof part === 'object');
    return [...own, ...inner.flatMap(([name, part]) => wrongDefaults(part, `${at}/${name}`))];
  }
});
