// PATCH as JSON Merge Patch (RFC 7396): reads the profile, merges, checks the result as a new customer's would be, and
// writes it unless somebody else was quicker.

import { type CustomerProfile, DomainError } from '@customer-service/domain';
import * as store from '@customer-service/store';
import { actorOf } from '../actor.ts';
import { checkBody } from '../middleware/validate.ts';
import type { Answer, ApiRequest, Services } from '../route.ts';
import { expectedVersions, normalise, present, refuseInternalFields } from './handlers.ts';
import { createCustomer } from './schemas.ts';

const ATTEMPTS = 5;

export async function patch(request: ApiRequest<Partial<CustomerProfile>>, { db }: Services): Promise<Answer> {
  refuseInternalFields(request);
  const id = request.params.customer_id as string;
  const wanted = expectedVersions(request.header('If-Match'));
  for (let attempt = 1; ; attempt += 1) {
    const current = await store.readCustomer(db, id);
    if (current === undefined) throw new DomainError('customer-not-found', 'There is no such customer.');
    const changes = merged(current, request);
    try {
      const expected_versions = wanted ?? [current.version];
      const row = await store.updateCustomer(db, { id, changes, expected_versions, actor: actorOf(request) });
      return present(row, request.principal, db);
    } catch (error) {
      // Without If-Match nobody asked for a version: the patch is merged into whatever stands there now.
      const overtaken = error instanceof DomainError && error.code === 'version-mismatch' && wanted === undefined;
      if (!overtaken || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The fields the patch names, as they are after it; a field it removes is what a new customer's would be. */
function merged(current: store.CustomerRow, request: ApiRequest<Partial<CustomerProfile>>): Partial<CustomerProfile> {
  const names = Object.keys(request.body) as (keyof CustomerProfile)[];
  const profile = Object.fromEntries(Object.entries(current).filter(([name]) => PROFILE_FIELDS.has(name)));
  const whole = checkBody(createCustomer, mergePatch(profile, request.body)) as CustomerProfile;
  return normalise(Object.fromEntries(names.map((name) => [name, whole[name]])), request.principal);
}

const PROFILE_FIELDS = new Set<string>(createCustomer.$_terms.keys.map(({ key }: { key: string }) => key));

/** RFC 7396, section 2. */
export function mergePatch(target: unknown, change: unknown): unknown {
  if (!isObject(change)) return change;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
