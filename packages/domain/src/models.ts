// The shapes everything else speaks: one spelling in SQL, TypeScript and JSON (snake_case).
// Knows no storage, no HTTP and no rules.
// Money is whole minor units, points are whole numbers, times are RFC 3339 UTC strings, ids are UUIDv7.

import type { LoyaltySummary } from './loyalty-balance.ts';

export const CUSTOMER_STATUSES = ['active', 'inactive', 'suspended'] as const;
export type CustomerStatus = (typeof CUSTOMER_STATUSES)[number];

export interface Address {
  label: string | null;
  street: string | null;
  city: string;
  state: string | null;
  postal_code: string | null;
  /** ISO 3166-1 alpha-2. */
  country: string;
  is_primary: boolean;
}

/** The fourteen allergens that EU Regulation 1169/2011, annex II, wants declared; others are free text. */
export const EU_ALLERGENS = [
  'celery',
  'cereals-containing-gluten',
  'crustaceans',
  'eggs',
  'fish',
  'lupin',
  'milk',
  'molluscs',
  'mustard',
  'nuts',
  'peanuts',
  'sesame',
  'soybeans',
  'sulphites',
] as const;

export const ALLERGY_SEVERITIES = ['unknown', 'mild', 'moderate', 'severe'] as const;

export interface Allergy {
  /** One of EU_ALLERGENS where it is one of them, in lower case. */
  allergen: string;
  severity: (typeof ALLERGY_SEVERITIES)[number];
  /** Role and subject of whoever noted it, unless the request named somebody. */
  noted_by: string | null;
  noted_at: string;
}

export interface Consent {
  /** What is consented to, such as `marketing` or `profiling`. */
  purpose: string;
  /** Null: for all channels. */
  channel: string | null;
  granted: boolean;
  /** Where it was given: `till-3`, `signup form` … */
  source: string | null;
  recorded_at: string;
}

export interface Preferences {
  dietary_restrictions: string[];
  allergies: Allergy[];
  favorite_cuisines: string[];
  preferred_payment_method: string | null;
  notification_channels: string[];
  marketing_consent: boolean;
  consents: Consent[];
  /** BCP 47. */
  language: string | null;
}

/** What a client may write of a customer. Contact details are flat because they are columns. */
export interface CustomerProfile {
  external_id: string | null;
  first_name: string;
  last_name: string;
  email: string | null;
  /** E.164. */
  phone: string | null;
  alternate_email: string | null;
  alternate_phone: string | null;
  addresses: Address[];
  /** Calendar day, YYYY-MM-DD. */
  date_of_birth: string | null;
  gender: string | null;
  preferences: Preferences;
  status: CustomerStatus;
  tags: string[];
  notes: string | null;
  referral_source: string | null;
  metadata: Record<string, string>;
}

export interface Customer extends CustomerProfile {
  id: string;
  loyalty: LoyaltySummary;
  /** Grows by one with each change of the profile; points do not touch it. */
  version: number;
  created_at: string;
  updated_at: string;
}
