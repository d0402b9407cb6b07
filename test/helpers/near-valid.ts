// Values that a JSON Schema mostly accepts, with something odd here and there: what property tests and the fuzzing of
// the API feed on.

import fc from 'fast-check';

/** The part of JSON Schema that the published document uses. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema | false>;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  maxLength?: number;
  pattern?: string;
  required?: string[];
}

export const TEXTS = [
  ...[
    '',
    ' ',
    'a',
    'Ada',
    'é',
    '日本',
    'two\nlines',
    'tab\there',
    ' padded ',
    'null',
    '\u007f',
    '🙂',
    'EUR',
    'USD',
    'XXX',
  ],
  ...[
    'ada@example.com',
    'ADA@EXAMPLE.COM',
    'a@b',
    'a..b@c.de',
    '.a@b.cd',
    'a@b.cd.',
    'a@-b.cd',
    'ä@b.cd',
    'a b@c.de',
    'a@b.c',
  ],
  ...[
    '+442071234567',
    '+44 (20) 7123-4567',
    '+4420',
    '00442071234567',
    '+0123456789',
    '+1234567890123456',
    '+44-20.7123 4567',
  ],
  ...['2026-01-02', '2024-02-29', '2023-02-29', '2024-02-30', '0000-01-01', '2026-13-01', '26-01-02', '2026-1-2'],
  ...['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.678+02:00', '2026-01-02T24:00:00Z', '2026-02-30T00:00:00Z'],
  ...[
    '2016-12-31T23:59:60Z',
    '2026-01-02T03:04:05',
    '2026-01-02 03:04:05Z',
    '2026-01-02t03:04:05z',
    '2026-01-02T03:04:05+24:00',
  ],
  ...[
    '0197f0a4-5b6c-7d8e-9f00-112233445566',
    '0197F0A4-5B6C-7D8E-9F00-112233445566',
    '{0197f0a4-5b6c-7d8e-9f00-112233445566}',
  ],
  ...['GB', 'gb', 'GBR', 'en', 'en-GB', 'e', 'en_GB', 'x'.repeat(41), 'x'.repeat(51), 'x'.repeat(101), 'x'.repeat(256)],
  ...['active', 'Active', 'email', 'sms', 'severe', 'earn', 'redeem', '10', '1e3', '__proto__'],
];
export const ODD: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...TEXTS),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1, 1.5, 10, 1e9, 1e9 + 1, 1e10, 1e10 + 1, -0.5, [], {}, [null], {
    a: 1,
  }),
);

/** Values that the schema mostly accepts, with something odd here and there. */
export function nearly(schema: Schema | false): fc.Arbitrary<unknown> {
  if (schema === false) return ODD;
  return fc.oneof({ weight: 50, arbitrary: likely(schema) }, { weight: 1, arbitrary: ODD });
}

export function likely(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(nearly));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const types = [schema.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema)));
}

function ofType(type: string, schema: Schema): fc.Arbitrary<unknown> {
  if (type === 'null') return fc.constant(null);
  if (type === 'boolean') return fc.boolean();
  if (type === 'array') return fc.array(nearly(schema.items ?? {}), { maxLength: 3 });
  if (type === 'integer' || type === 'number') return numbers(schema);
  if (type === 'object') return objects(schema);
  const pattern = new RegExp(schema.pattern ?? '', 'u');
  const known = [...(schema.examples ?? []), 'a', 'x'.repeat(schema.maxLength ?? 10), ...TEXTS];
  const fitting = known.filter((text) => typeof text === 'string' && pattern.test(text));
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...(fitting.length > 0 ? fitting : TEXTS)) },
    { weight: 1, arbitrary: fc.constantFrom(...TEXTS) },
  );
}

function numbers({ minimum = 0, maximum = 1_000 }: Schema): fc.Arbitrary<unknown> {
  return fc.constantFrom(minimum, maximum, minimum + 1, minimum - 1, maximum + 1, minimum + 0.5);
}

function objects({ properties = {}, required = [], patternProperties = {} }: Schema): fc.Arbitrary<unknown> {
  const named = Object.entries(properties).map(([name, schema]) => {
    const weight = required.includes(name) ? 30 : 1;
    return fc.oneof(
      { weight, arbitrary: nearly(schema).map((value) => [[name, value]]) },
      { weight: 1, arbitrary: fc.constant([]) },
    );
  });
  const patterned = Object.values(patternProperties).map((schema) =>
    fc.array(fc.tuple(fc.constantFrom('key', 'a.b', 'bad key', 'ü', ''), nearly(schema)), { maxLength: 2 }),
  );
  const unknown = fc.oneof(
    { weight: 20, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: ODD.map((value) => [['colour', value]]) },
  );
  return fc
    .tuple(...named, ...patterned, unknown)
    .map((parts) => Object.fromEntries(parts.flat() as [string, unknown][]));
}
