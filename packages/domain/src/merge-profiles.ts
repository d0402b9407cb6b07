// The profile of a customer after another one was merged into it. Pure; knows nothing of points.

import type { Address, CustomerProfile, Preferences } from './models.ts';

/** How many items the lists of a profile may have. */
export const PROFILE_LIMITS = { addresses: 20, tags: 50, preferences: 50, metadata: 50 } as const;

/**
 * The target's word stands; what it leaves empty comes from the source, and lists are united. A second email or phone
 * goes where the alternate one is free. Consent and status are the target's alone: nobody agreed to more by a merge.
 */
export function mergeProfiles(target: CustomerProfile, source: CustomerProfile): CustomerProfile {
  const email = target.email ?? source.email;
  const phone = target.phone ?? source.phone;
  return {
    external_id: target.external_id ?? source.external_id,
    first_name: target.first_name,
    last_name: target.last_name,
    email,
    phone,
    alternate_email: firstOther(email, [target.alternate_email, source.email, source.alternate_email]),
    alternate_phone: firstOther(phone, [target.alternate_phone, source.phone, source.alternate_phone]),
    addresses: uniteAddresses(target.addresses, source.addresses),
    date_of_birth: target.date_of_birth ?? source.date_of_birth,
    gender: target.gender ?? source.gender,
    preferences: unitePreferences(target.preferences, source.preferences),
    status: target.status,
    tags: unite(target.tags, source.tags),
    notes: target.notes ?? source.notes,
    referral_source: target.referral_source ?? source.referral_source,
    metadata: { ...source.metadata, ...target.metadata },
  };
}

/** The lists that have more than a profile may have. None is cut to fit: an allergy must not be lost that way. */
export function overfullLists(profile: CustomerProfile): string[] {
  const { dietary_restrictions, allergies, favorite_cuisines } = profile.preferences;
  const sizes: [string, number, number][] = [
    ['addresses', profile.addresses.length, PROFILE_LIMITS.addresses],
    ['tags', profile.tags.length, PROFILE_LIMITS.tags],
    ['preferences.dietary_restrictions', dietary_restrictions.length, PROFILE_LIMITS.preferences],
    ['preferences.allergies', allergies.length, PROFILE_LIMITS.preferences],
    ['preferences.favorite_cuisines', favorite_cuisines.length, PROFILE_LIMITS.preferences],
    ['metadata', Object.keys(profile.metadata).length, PROFILE_LIMITS.metadata],
  ];
  return sizes.filter(([, size, limit]) => size > limit).map(([name]) => name);
}

function firstOther(taken: string | null, values: (string | null)[]): string | null {
  return values.find((value) => value !== null && value !== taken) ?? null;
}

/** In the target's order and spelling; what differs in case only is the same. A record may be older than the list. */
function uniteBy<Item>(nameOf: (item: Item) => string, target: Item[] = [], source: Item[] = []): Item[] {
  const known = new Set(target.map((item) => nameOf(item).toLowerCase()));
  return [...target, ...source.filter((item) => !known.has(nameOf(item).toLowerCase()))];
}

const unite = (target?: string[], source?: string[]) => uniteBy((text: string) => text, target, source);

function unitePreferences(target: Preferences, source: Preferences): Preferences {
  return {
    dietary_restrictions: unite(target.dietary_restrictions, source.dietary_restrictions),
    allergies: uniteBy((allergy) => allergy.allergen, target.allergies, source.allergies),
    favorite_cuisines: unite(target.favorite_cuisines, source.favorite_cuisines),
    preferred_payment_method: target.preferred_payment_method ?? source.preferred_payment_method,
    notification_channels: unite(target.notification_channels, source.notification_channels),
    marketing_consent: target.marketing_consent,
    consents: target.consents ?? [],
    language: target.language ?? source.language,
  };
}

/** One primary address at the most: the target's, if it has one. */
function uniteAddresses(target: Address[], source: Address[]): Address[] {
  const known = new Set(target.map(placeOf));
  const hasPrimary = target.some((address) => address.is_primary);
  const added = source.filter((address) => !known.has(placeOf(address)));
  return [...target, ...added.map((address) => ({ ...address, is_primary: address.is_primary && !hasPrimary }))];
}

function placeOf({ street, city, state, postal_code, country }: Address): string {
  return JSON.stringify([street, city, state, postal_code, country]).toLowerCase();
}
