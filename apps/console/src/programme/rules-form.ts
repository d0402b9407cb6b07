// The rules as a form has them, and back. A field is named after its place in the document, `/tiers/1/multiplier_bp`, which
// is also how a refusal names it: so that no field has to be known here.

import type { NewProgramme, ProblemField } from '@customer-service/client';

/** What the text of a field stands for; `number` with how many of the document's units make one of what is shown. */
export type Kind = 'text' | 'number' | 'moment' | 'choices';

type Tree = { [key: string]: Tree | unknown };

/** Reads every field that has a place. Lists have their places in order, and nothing for what is not there. */
export function readRules(form: HTMLFormElement): NewProgramme {
  const rules: Tree = {};
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) continue;
    if (!field.name.startsWith('/')) continue;
    put(rules, field.name.slice(1).split('/'), field);
  }
  return listed(rules) as NewProgramme;
}

function put(tree: Tree, [name = '', ...rest]: string[], field: HTMLInputElement | HTMLSelectElement): void {
  if (rest.length > 0) {
    tree[name] ??= {};
    put(tree[name] as Tree, rest, field);
  } else if (field.dataset.kind !== 'choices') tree[name] = readField(field);
  else if ((field as HTMLInputElement).checked) tree[name] = [...((tree[name] as string[]) ?? []), field.value];
}

function readField({ value, dataset }: HTMLInputElement | HTMLSelectElement): unknown {
  const text = value.trim();
  if (text === '') return null;
  if (dataset.kind === 'number') return Math.round(Number(text.replace(',', '.')) * Number(dataset.unit ?? 1));
  if (dataset.kind === 'moment') return new Date(text).toISOString();
  return text;
}

/** What has the keys 0, 1, 2 is a list. */
function listed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, listed(part)] as const);
  const isList = entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key));
  return isList ? entries.map(([, part]) => part) : Object.fromEntries(entries);
}

/** The first fault of each place. */
export function faultsByPlace(fields: readonly ProblemField[]): ReadonlyMap<string, string> {
  return new Map(fields.toReversed().map(({ pointer, detail }) => [pointer ?? '', detail]));
}

/** A moment as a field of the browser takes it: in the time of this place, to the minute. */
export function localMinute(moment: string): string {
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
