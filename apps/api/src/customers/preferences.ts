// Preferences as they are stored: what a request left out of an allergy or a consent, because only the moment of the
// request knows it, is filled in here.

import { type Allergy, type Consent, EU_ALLERGENS, type Preferences } from '@customer-service/domain';
import type { Principal } from '../route.ts';

type GivenAllergy = string | (Pick<Allergy, 'allergen' | 'severity'> & Partial<Allergy>);
type GivenConsent = Omit<Consent, 'recorded_at'> & Partial<Consent>;

export type GivenPreferences = Partial<
  Omit<Preferences, 'allergies' | 'consents'> & { allergies: GivenAllergy[]; consents: GivenConsent[] }
>;

/** The same fields as `given`, no more: a change names only what it changes. */
export function completePreferences(given: object, principal: Principal): Partial<Preferences> {
  const { allergies, consents, ...rest } = given as { allergies?: GivenAllergy[]; consents?: GivenConsent[] };
  const now = new Date().toISOString();
  return {
    ...rest,
    ...(allergies && { allergies: allergies.map((allergy) => completeAllergy(allergy, principal, now)) }),
    ...(consents && { consents: consents.map((consent) => ({ ...consent, recorded_at: consent.recorded_at ?? now })) }),
  };
}

/**
 * Who noted something and when, taken from what is stored where `given` does not say: told again, it is not noted anew.
 * A name alone takes nothing away from what is known of that allergy.
 */
export function recallNotes(given: GivenPreferences, stored: Preferences): GivenPreferences {
  const { allergies, consents, ...rest } = given;
  return {
    ...rest,
    ...(allergies && { allergies: allergies.map((allergy) => recallAllergy(allergy, stored.allergies)) }),
    ...(consents && { consents: consents.map((consent) => recallConsent(consent, stored.consents)) }),
  };
}

function recallAllergy(given: GivenAllergy, stored: readonly Allergy[]): GivenAllergy {
  const name = knownName(typeof given === 'string' ? given : given.allergen);
  const known = stored.find(({ allergen }) => allergen === name);
  return known === undefined ? given : { ...known, ...(typeof given !== 'string' && given) };
}

function recallConsent(given: GivenConsent, stored: readonly Consent[]): GivenConsent {
  const { purpose, channel, granted } = given;
  const known = stored.find((one) => one.purpose === purpose && one.channel === channel && one.granted === granted);
  return known === undefined ? given : { ...given, recorded_at: given.recorded_at ?? known.recorded_at };
}

function completeAllergy(given: GivenAllergy, { role, sub }: Principal, now: string): Allergy {
  const { allergen, severity, noted_by, noted_at } =
    typeof given === 'string' ? { allergen: given, severity: 'unknown' as const } : (given as Partial<Allergy>);
  return {
    allergen: knownName(allergen as string),
    severity: severity ?? 'unknown',
    noted_by: noted_by === undefined ? `${role}:${sub}` : noted_by,
    noted_at: noted_at ?? now,
  };
}

/** "Peanuts" and "peanut " are the `peanuts` of the list; what is not on it stays as free text. */
function knownName(text: string): string {
  const name = text.normalize('NFC').trim().toLowerCase();
  const known = EU_ALLERGENS.find((allergen) => allergen === name || allergen === `${name}s`);
  // Some letters grow in lower case; a name must stay one that could be sent again.
  return known ?? ([...name].length <= 100 ? name : text);
}
