// How the rows of another system become customers: for each field of a customer, where it comes from. Whether the
// result is right is for the service to say.

import { readFileSync } from 'node:fs';
import Joi from 'joi';

export interface Source {
  /** Its name in the header of a CSV; in NDJSON a name, or names with dots between them. */
  column?: string;
  constant?: unknown;
  /** A regular expression; its first group is taken, or all that it matches. */
  pattern?: string;
  /** What stands for what. A value that is not among them is refused. */
  values?: Record<string, unknown>;
  /** How a day is written there, such as DD/MM/YYYY. It becomes YYYY-MM-DD. */
  date?: string;
  /** Digits to fill up to with zeros. */
  pad?: number;
  prefix?: string;
  suffix?: string;
  /** What stands between the items of a list. */
  split?: string;
  number?: boolean;
}

export interface Mapping {
  /** By path, such as `addresses.0.city`. A text is a column. */
  fields: Record<string, string | Source>;
  format?: 'csv' | 'ndjson';
  delimiter: string;
  encoding: string;
  /** Of rows with the same external_id: take each in turn, or only the first. */
  repeats: 'each' | 'first';
}

/** A field that a row has in a form nobody expected. */
export interface BadField {
  field: string;
  code: string;
  reason: string;
}

const DATE_PARTS: Record<string, string> = {
  YYYY: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  DD: '(?<day>\\d{2})',
  M: '(?<month>\\d{1,2})',
  D: '(?<day>\\d{1,2})',
};

const text = Joi.string().min(1);
const source = Joi.object({
  column: text,
  constant: Joi.any(),
  pattern: text.custom((value) => new RegExp(value, 'u') && value, 'regular expression'),
  values: Joi.object(),
  date: text.custom((value, helpers) => {
    const parts = value.match(/YYYY|MM?|DD?/g)?.map((part: string) => part[0]) ?? [];
    return parts.sort().join('') === 'DMY' ? value : helpers.message({ custom: '{{#label}} needs YYYY, MM and DD' });
  }),
  pad: Joi.number().integer().min(1).max(50),
  prefix: text,
  suffix: text,
  split: text,
  number: Joi.boolean(),
})
  .xor('column', 'constant')
  .oxor('split', 'number');

const schema = Joi.object({
  fields: Joi.object()
    .pattern(/^[a-z_]+(\.[\w-]+)*$/, Joi.alternatives(text, source))
    .required(),
  format: Joi.string().valid('csv', 'ndjson'),
  delimiter: Joi.string().length(1).default(','),
  encoding: text.default('utf-8'),
  repeats: Joi.string().valid('each', 'first').default('each'),
});

/** @throws Error that names every fault */
export function readMapping(file: string): Mapping {
  const { error, value } = schema.validate(JSON.parse(readFileSync(file, 'utf8')), { abortEarly: false });
  if (error) throw new Error(`${file}: ${error.message}`);
  return value;
}

export function columnsOf({ fields }: Mapping): string[] {
  const columns = Object.values(fields).flatMap((from) => (typeof from === 'string' ? from : (from.column ?? [])));
  return [...new Set(columns)];
}

/** What is empty in the row is left out, so that it changes nothing of a customer who is there. */
export function mapRow({ fields }: Mapping, values: Record<string, unknown>): { item: object; bad: BadField[] } {
  const item: Record<string, unknown> = {};
  const bad: BadField[] = [];
  const constants: [string, unknown][] = [];
  for (const [field, given] of Object.entries(fields)) {
    const from = typeof given === 'string' ? { column: given } : given;
    if (from.column === undefined) constants.push([field, from.constant]);
    else {
      const made = transform(from, valueAt(values, from.column));
      if (made instanceof Unfit) bad.push({ field, code: made.code, reason: made.reason });
      else if (made !== undefined) place(item, field.split('.'), made);
    }
  }
  for (const [field, value] of constants) if (hasCompany(item, field)) place(item, field.split('.'), value);
  return { item: withoutGaps(item) as object, bad };
}

class Unfit {
  readonly code: string;
  readonly reason: string;

  constructor(code: string, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

function valueAt(values: Record<string, unknown>, column: string): unknown {
  if (Object.hasOwn(values, column)) return values[column];
  return column.split('.').reduce<unknown>((inner, name) => {
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name)
      ? inner[name as keyof typeof inner]
      : undefined;
  }, values);
}

/** In the order in which the fields of a source stand. What NDJSON has as a number, list or object stays one. */
function transform(from: Source, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') return value;
  let made = String(value).trim();
  if (made === '') return undefined;
  if (from.pattern !== undefined) {
    const found = new RegExp(from.pattern, 'u').exec(made);
    if (found === null) return new Unfit('pattern', `does not match ${from.pattern}`);
    made = found[1] ?? found[0];
  }
  if (from.values !== undefined) {
    if (Object.hasOwn(from.values, made)) return from.values[made];
    return new Unfit('values', `is none of ${Object.keys(from.values).join(', ')}`);
  }
  if (from.date !== undefined) {
    const day = dayOf(made, from.date);
    if (day === undefined) return new Unfit('date', `is not written ${from.date}`);
    made = day;
  }
  const whole = `${from.prefix ?? ''}${made.padStart(from.pad ?? 0, '0')}${from.suffix ?? ''}`;
  if (from.split !== undefined) return listOf(whole, from.split);
  if (from.number) return /^-?\d{1,15}$/.test(whole) ? Number(whole) : new Unfit('number', 'is not a whole number');
  // Nothing was asked of it: it stays what it is.
  return typeof value === 'string' || whole !== String(value) ? whole : value;
}

function listOf(made: string, separator: string): string[] {
  const parts = made.split(separator).map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

function dayOf(made: string, format: string): string | undefined {
  const escaped = format.replace(/[^A-Za-z]/g, '\\$&');
  const pattern = escaped.replace(/YYYY|MM?|DD?/g, (part) => DATE_PARTS[part] as string);
  const { year, month, day } = new RegExp(`^${pattern}$`).exec(made)?.groups ?? {};
  return year && month && day ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : undefined;
}

/** Puts a value where its path says; a number in the path is a place in a list. */
function place(item: Record<string, unknown>, path: string[], value: unknown): void {
  const [name = '', next, ...rest] = path;
  if (next === undefined) item[name] = value;
  else {
    item[name] ??= /^\d+$/.test(next) ? [] : {};
    place(item[name] as Record<string, unknown>, [next, ...rest], value);
  }
}

/** A constant alone makes no item of a list: no address of a country and nothing else. */
function hasCompany(item: Record<string, unknown>, field: string): boolean {
  const [list] = /^.*\.\d+(?=\.)/.exec(field) ?? [];
  return list === undefined || valueAt(item, list) !== undefined;
}

function withoutGaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((entry) => entry !== undefined).map(withoutGaps);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutGaps(inner)]));
}
