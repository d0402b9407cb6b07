// Turns Joi's schemas into JSON Schema (draft 2020-12). Joi converts itself; this mends what it leaves out.

import type Joi from 'joi';

type Json = Record<string, unknown>;
type Description = {
  keys?: Record<string, Description>;
  items?: Description[];
  examples?: unknown[];
  matches?: { schema: Description }[];
  patterns?: { rule: Description }[];
  metas?: { format?: string; published_items?: () => Joi.Schema; published?: Json }[];
  flags?: { description?: string };
};

export function toJsonSchema(schema: Joi.Schema): Json {
  const converted = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' }) as Json;
  const { $schema: _dialect, ...rest } = mend(converted, schema.describe() as Description);
  return rest;
}

/** Follows the schema and Joi's own description of it side by side. */
function mend(schema: Json, description: Description): Json {
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
  if (mended.properties) mended.properties = mendProperties(mended.properties as Record<string, Json>, description);
  if (mended.patternProperties) {
    const rules = Object.entries(mended.patternProperties as Record<string, Json>);
    mended.patternProperties = Object.fromEntries(
      rules.map(([pattern, rule], index) => [pattern, mend(rule, description.patterns?.[index]?.rule ?? {})]),
    );
  }
  const [item] = description.items ?? [];
  if (mended.items && item) mended.items = mend(mended.items as Json, item);
  // The server checks each item of a batch alone; the document says against what.
  const published = description.metas?.find((meta) => meta.published_items)?.published_items;
  if (published !== undefined) mended.items = toJsonSchema(published());
  Object.assign(mended, description.metas?.find((meta) => meta.published)?.published);
  if (Array.isArray(mended.anyOf)) {
    mended.anyOf = mended.anyOf.map((choice, index) => mend(choice, description.matches?.[index]?.schema ?? {}));
  }
  return mended;
}

function mendProperties(properties: Record<string, Json>, description: Description): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, mend(property, description.keys?.[name] ?? {})]),
  );
}
