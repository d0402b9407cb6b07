// Checks the parts of a request against the route's schemas and leaves the checked values in `ctx.state`. All faults
// are told at once, each with its place.

import { DomainError, type ErrorCode, type FieldError } from '@customer-service/domain';
import Joi from 'joi';
import type { Middleware } from 'koa';
import { Problem } from '../problems.ts';
import type { Route } from '../route.ts';

/** Faults that one answer names: whoever sends thousands is not helped by more. */
const MAX_TOLD = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const OPTIONS: Joi.ValidationOptions = { abortEarly: false, errors: { label: false, wrap: { label: false } } };
const BODY_OPTIONS: Joi.ValidationOptions = { ...OPTIONS, convert: false };

export function checkParts(route: Route): Middleware {
  let empty: object | undefined;
  const unasked = () => {
    empty ??= checkQuery(route, {}) as object;
    return empty;
  };
  return (ctx, next) => {
    checkIds(ctx.params);
    ctx.state.query = ctx.querystring === '' ? { ...unasked() } : checkQuery(route, ctx.query);
    if (route.body !== undefined) ctx.state.body = checkBody(route.body, ctx.state.body);
    return next();
  };
}

/** An id that can't be one is an id nobody has. */
function checkIds(params: Record<string, string>): void {
  for (const [name, value] of Object.entries(params)) {
    const missing = MISSING[name];
    if (missing !== undefined && !UUID.test(value)) throw new DomainError(...missing);
  }
}

const MISSING: Record<string, [code: ErrorCode, detail: string]> = {
  customer_id: ['customer-not-found', 'There is no such customer.'],
  transaction_id: ['transaction-not-found', 'There is no such transaction.'],
  hold_id: ['hold-not-found', 'There is no such hold.'],
  adjustment_id: ['adjustment-not-found', 'There is no such adjustment.'],
  endpoint_id: ['endpoint-not-found', 'There is no such endpoint.'],
};

const NO_PARAMETERS = Joi.object({});

function checkQuery(route: Route, query: object): unknown {
  // Pages ignore what a proxy or a browser may append.
  if (route.permission === 'public') return {};
  const { error, value } = (route.query ?? NO_PARAMETERS).validate({ ...query }, OPTIONS);
  const errors = (error?.details ?? []).map((fault) => ({
    parameter: fault.path.join('.'),
    code: codeOf(fault),
    detail: fault.message,
  }));
  if (Object.hasOwn(query, '__proto__')) errors.push({ parameter: '__proto__', ...UNKNOWN });
  if (errors.length === 0) return value;
  throw new Problem('invalid-query', `${errors.length} query parameter(s) can not be used.`, {
    errors: errors.slice(0, MAX_TOLD),
  });
}

/** @throws Problem `validation-failed` with every fault */
export function checkBody(schema: Joi.ObjectSchema, body: unknown): unknown {
  const { error, value } = schema.validate(body, BODY_OPTIONS);
  if (error === undefined && !hidesName(body)) return value;
  const faults = (error?.details ?? []).map((fault) => ({
    pointer: pointerTo(fault.path),
    code: codeOf(fault),
    detail: fault.message,
  }));
  const errors = [...faults, ...hiddenNames(body, [])];
  if (errors.length === 0) return value;
  const told = errors.slice(0, MAX_TOLD);
  throw new Problem('validation-failed', `${errors.length} field(s) break a rule.`, { errors: told });
}

const UNKNOWN = { code: 'unknown-field', detail: 'is not allowed' };

function hidesName(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  for (const name in value) if (hidesName((value as Record<string, unknown>)[name])) return true;
  return false;
}

/** Joi never sees a field named __proto__: copying the object, it takes it for the prototype. */
function hiddenNames(value: unknown, path: (string | number)[]): FieldError[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([name, child]) => hiddenNames(child, [...path, name]));
  return Object.hasOwn(value, '__proto__')
    ? [{ pointer: pointerTo([...path, '__proto__']), ...UNKNOWN }, ...inner]
    : inner;
}

/** RFC 6901. */
function pointerTo(path: (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Joi's code for the few faults whose name should not depend on the library; its own otherwise, in kebab case. */
const CODES: Record<string, string> = {
  'any.required': 'required',
  'object.unknown': 'unknown-field',
  'any.only': 'not-allowed',
  'object.xor': 'exclusive',
  'object.missing': 'required',
  'object.and': 'required',
  'object.oxor': 'exclusive',
  'object.without': 'exclusive',
};

function codeOf(fault: Joi.ValidationErrorItem): string {
  return CODES[fault.type] ?? fault.type.replaceAll('.', '-').toLowerCase();
}
