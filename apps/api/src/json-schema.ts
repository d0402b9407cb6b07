// Turns Joi's schemas into JSON Schema (draft 2020-12). Joi converts itself; this mends what it leaves out.

import type Joi from 'joi';

type Json = Record<string, unknown>;
type Description = {
  keys?: Record<string, Description>;
  items?: Description[];
  examples?: unknown[];
  matches?: { schema: Description }[];
  patterns?: { rule: Description }[];
  metas?: { name?: string; format?: string; published_items?: () => Joi.Schema; published?: Json }[];
  flags?: { description?: string };
};

/** By name, the schemas that have one: `.meta({ name })`. */
export type NamedSchemas = Map<string, Json>;

/** @param named gets the schemas within this one that have a name, and they are referred to; without it all is in one piece */
export function toJsonSchema(schema: Joi.Schema, named?: NamedSchemas): Json {
  const converted = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' }) as Json;
  const { $schema: _dialect, ...rest } = converted;
  return mend(rest, schema.describe() as Description, named);
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

/** Follows the schema and Joi's own description of it side by side. */
function mend(schema: Json, description: Description, named?: NamedSchemas): Json {
  const mended: Json = { ...schema };
  const [example] = description.examples ?? [];
  if (example !== undefined) mended.examples = [example];
  const format = description.metas?.find((meta) => meta.format)?.format;
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
  if (mended.properties)
    mended.properties = mendProperties(mended.properties as Record<string, Json>, description, named);
  if (mended.patternProperties) {
    const rules = Object.entries(mended.patternProperties as Record<string, Json>);
    mended.patternProperties = Object.fromEntries(
      rules.map(([pattern, rule], index) => [pattern, mend(rule, description.patterns?.[index]?.rule ?? {}, named)]),
    );
  }
  const [item] = description.items ?? [];
  if (mended.items && item) mended.items = mend(mended.items as Json, item, named);
  // The server checks each item of a batch alone; the document says against what.
  const published = description.metas?.find((meta) => meta.published_items)?.published_items;
  if (published !== undefined) mended.items = toJsonSchema(published(), named);
  Object.assign(mended, description.metas?.find((meta) => meta.published)?.published);
  if (Array.isArray(mended.anyOf)) {
    mended.anyOf = mended.anyOf.map((choice, index) => mend(choice, description.matches?.[index]?.schema ?? {}, named));
  }
  // The last one: what is derived from a named schema has its name as well.
  const name = description.metas?.findLast((meta) => meta.name)?.name;
  return name === undefined || named === undefined ? mended : refer(name, mended, named);
}

function mendProperties(
  properties: Record<string, Json>,
  description: Description,
  named?: NamedSchemas,
): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, mend(property, description.keys?.[name] ?? {}, named)]),
  );
}
