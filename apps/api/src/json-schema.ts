// Turns Joi's schemas into JSON Schema (draft 2020-12). Joi converts itself; this mends what it leaves out, by the terms of
// the schema. Joi's description of a schema has them too, and takes a third of a second of every start of the API.

import type Joi from 'joi';

type Json = Record<string, unknown>;
/** What a schema is made of; null or left out where it has none. */
type Terms = {
  keys?: { key: string; schema: Joi.Schema }[] | null;
  items?: Joi.Schema[] | null;
  examples?: unknown[] | null;
  matches?: { schema?: Joi.Schema }[] | null;
  patterns?: { rule: Joi.Schema }[] | null;
  metas?: { name?: string; format?: string; published_items?: () => Joi.Schema; published?: Json }[] | null;
};

/** By name, the schemas that have one: `.meta({ name })`. */
export type NamedSchemas = Map<string, Json>;

/** @param named gets the schemas within this one that have a name, and they are referred to; without it all is in one piece */
export function toJsonSchema(schema: Joi.Schema, named?: NamedSchemas): Json {
  const converted = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' }) as Json;
  const { $schema: _dialect, ...rest } = converted;
  return mend(rest, schema, named);
}

/** @throws Error when the name belongs to another schema: what is derived from a named schema needs a name of its own */
function refer(name: string, schema: Json, named: NamedSchemas): Json {
  const known = named.get(name);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
    throw new Error(`two schemas have the name ${name}`);
  }
  named.set(name, schema);
  return { $ref: `#/components/schemas/${name}` };
}

/** Follows what Joi made of the schema and the schema itself side by side. */
function mend(made: Json, schema: Joi.Schema | undefined, named?: NamedSchemas): Json {
  const mended: Json = { ...made };
  const terms: Terms = schema?.$_terms ?? {};
  const [example] = terms.examples ?? [];
  if (example !== undefined) mended.examples = [example];
  const format = terms.metas?.find((meta) => meta.format)?.format;
  if (format !== undefined) mended.format = format;
  // `.valid('a').allow(null)` says null in the type but not in the enumeration.
  if (
    Array.isArray(mended.enum) &&
    Array.isArray(mended.type) &&
    mended.type.includes('null') &&
    !mended.enum.includes(null)
  ) {
    mended.enum = [...mended.enum, null];
  }
  if (mended.properties) mended.properties = mendProperties(mended.properties as Record<string, Json>, terms, named);
  if (mended.patternProperties) {
    const rules = Object.entries(mended.patternProperties as Record<string, Json>);
    mended.patternProperties = Object.fromEntries(
      rules.map(([pattern, rule], index) => [pattern, mend(rule, terms.patterns?.[index]?.rule, named)]),
    );
  }
  const [item] = terms.items ?? [];
  if (mended.items && item) mended.items = mend(mended.items as Json, item, named);
  // The server checks each item of a batch alone; the document says against what.
  const published = terms.metas?.find((meta) => meta.published_items)?.published_items;
  if (published !== undefined) mended.items = toJsonSchema(published(), named);
  Object.assign(mended, terms.metas?.find((meta) => meta.published)?.published);
  if (Array.isArray(mended.anyOf)) {
    mended.anyOf = mended.anyOf.map((choice, index) => mend(choice, terms.matches?.[index]?.schema, named));
  }
  // The last one: what is derived from a named schema has its name as well.
  const name = terms.metas?.findLast((meta) => meta.name)?.name;
  return name === undefined || named === undefined ? mended : refer(name, mended, named);
}

function mendProperties(properties: Record<string, Json>, terms: Terms, named?: NamedSchemas): Record<string, Json> {
  const schemas = new Map(terms.keys?.map(({ key, schema }) => [key, schema]));
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, mend(property, schemas.get(name), named)]),
  );
}
