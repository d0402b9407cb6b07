// What a customer looks like going in and coming out.

import { ALLERGY_SEVERITIES, CUSTOMER_STATUSES, EU_ALLERGENS, PROFILE_LIMITS, TIERS } from '@customer-service/domain';
import Joi from 'joi';
import { day, email, free, line, phone, text, timestamp, uuid } from '../fields.ts';

const address = {
  label: line(50).allow(null),
  street: line(200).allow(null),
  city: line(100),
  state: line(100).allow(null),
  postal_code: line(20).allow(null),
  country: Joi.string()
    .pattern(/^[A-Z]{2}$/, 'ISO 3166-1 alpha-2')
    .example('GB'),
  is_primary: Joi.boolean(),
};

const newAddress = Joi.object({
  ...address,
  label: address.label.default(null),
  street: address.street.default(null),
  city: address.city.required(),
  state: address.state.default(null),
  postal_code: address.postal_code.default(null),
  country: address.country.required(),
  is_primary: address.is_primary.default(false),
}).meta({ name: 'NewAddress' });

const labels = () => Joi.array().items(line(100)).max(PROFILE_LIMITS.preferences);

const channel = () => Joi.string().valid('email', 'sms', 'push', 'phone', 'post');

const allergy = {
  allergen: line(100)
    .description(`One of ${EU_ALLERGENS.join(', ')}, or free text`)
    .example('peanuts'),
  severity: Joi.string().valid(...ALLERGY_SEVERITIES),
  // Role and subject of a token at the longest.
  noted_by: line(300).allow(null),
  noted_at: timestamp(),
};

/** Defaults that only the request knows (who, when) are the handler's to fill in. */
const newAllergy = Joi.alternatives(
  line(100).example('peanuts'),
  Joi.object({
    ...allergy,
    allergen: allergy.allergen.required(),
    severity: allergy.severity.default('unknown'),
  }),
)
  .meta({ name: 'NewAllergy' })
  .description(
    'The name alone, or with what is known about it; `noted_by` and `noted_at` default to the caller and now',
  );

const consent = {
  purpose: line(50).example('marketing'),
  channel: channel().allow(null),
  granted: Joi.boolean(),
  source: line(100).allow(null),
  recorded_at: timestamp(),
};

const newConsent = Joi.object({
  ...consent,
  purpose: consent.purpose.required(),
  channel: consent.channel.default(null),
  granted: consent.granted.required(),
  source: consent.source.default(null),
}).meta({ name: 'NewConsent' });

const preferences = {
  dietary_restrictions: labels().example(['vegetarian']),
  allergies: Joi.array().items(newAllergy).max(50),
  consents: Joi.array().items(newConsent).max(50),
  favorite_cuisines: labels(),
  preferred_payment_method: line(50).allow(null),
  notification_channels: Joi.array().items(channel()).max(5),
  marketing_consent: Joi.boolean(),
  language: Joi.string()
    .pattern(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'BCP 47 language tag')
    .allow(null)
    .example('en'),
};

const newPreferences = Joi.object({
  dietary_restrictions: preferences.dietary_restrictions.default([]),
  allergies: preferences.allergies.default([]),
  consents: preferences.consents.default([]),
  favorite_cuisines: preferences.favorite_cuisines.default([]),
  preferred_payment_method: preferences.preferred_payment_method.default(null),
  notification_channels: preferences.notification_channels.default([]),
  marketing_consent: preferences.marketing_consent.default(false),
  language: preferences.language.default(null),
}).meta({ name: 'NewPreferences' });

const profile = {
  external_id: line(100).allow(null).description('Your own id of this customer, unique').example('crm-17'),
  first_name: line(100).example('Ada'),
  last_name: line(100).example('Lovelace'),
  email: email().allow(null).description('Unique; stored in lower case'),
  phone: phone().allow(null).description('Unique; stored as E.164'),
  alternate_email: email().allow(null),
  alternate_phone: phone().allow(null),
  addresses: Joi.array().items(newAddress).max(PROFILE_LIMITS.addresses),
  date_of_birth: day().allow(null),
  gender: line(50).allow(null),
  status: Joi.string()
    .valid(...CUSTOMER_STATUSES)
    .description('While `suspended`, points are neither earned nor redeemed'),
  tags: Joi.array().items(line(50)).max(PROFILE_LIMITS.tags),
  notes: text(5_000).allow(null),
  referral_source: line(100).allow(null),
  metadata: Joi.object()
    .pattern(/^[A-Za-z0-9_.-]{1,50}$/, free(500))
    .max(PROFILE_LIMITS.metadata),
};

export const createCustomer = Joi.object({
  ...profile,
  external_id: profile.external_id.default(null),
  first_name: profile.first_name.required(),
  last_name: profile.last_name.required(),
  email: profile.email.default(null),
  phone: profile.phone.default(null),
  alternate_email: profile.alternate_email.default(null),
  alternate_phone: profile.alternate_phone.default(null),
  addresses: profile.addresses.default([]),
  date_of_birth: profile.date_of_birth.default(null),
  gender: profile.gender.default(null),
  preferences: newPreferences.default(newPreferences.validate({}).value),
  status: profile.status.default('active'),
  tags: profile.tags.default([]),
  notes: profile.notes.default(null),
  referral_source: profile.referral_source.default(null),
  metadata: profile.metadata.default({}),
}).meta({ name: 'NewCustomer' });

export const updateCustomer = Joi.object({
  ...profile,
  preferences: Joi.object(preferences).meta({ name: 'PreferencesChange' }),
})
  .min(1)
  .meta({ name: 'CustomerChange' })
  .description('The fields it names are changed, within `preferences` too; the others stay as they are');

const nullable = (fields: Record<string, Joi.Schema>) =>
  Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, schema.allow(null)]));

export const patchCustomer = Joi.object({
  ...nullable(profile),
  preferences: Joi.object(nullable(preferences)).allow(null).meta({ name: 'PreferencesPatch' }),
  metadata: Joi.object()
    .pattern(/^[A-Za-z0-9_.-]{1,50}$/, free(500).allow(null))
    .max(50)
    .allow(null),
})
  .min(1)
  .meta({ name: 'CustomerPatch' })
  .description('JSON Merge Patch (RFC 7396): null removes a value, objects are merged, lists are replaced');

/** What only the business sees and writes: a customer's own token neither gets nor changes these. */
export const INTERNAL_FIELDS = ['external_id', 'status', 'tags', 'notes', 'referral_source', 'metadata'] as const;

/** An answer has every field; only a customer's own token does not get the internal ones. */
const complete = (fields: Record<string, Joi.Schema>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [
      name,
      (INTERNAL_FIELDS as readonly string[]).includes(name) ? schema : schema.required(),
    ]),
  );

export const customer = Joi.object({
  id: uuid().required(),
  ...complete({
    ...profile,
    addresses: Joi.array().items(Joi.object(complete(address)).meta({ name: 'Address' })),
    preferences: Joi.object(
      complete({
        ...preferences,
        allergies: Joi.array().items(Joi.object(complete(allergy)).meta({ name: 'Allergy' })),
        consents: Joi.array().items(Joi.object(complete(consent)).meta({ name: 'Consent' })),
      }),
    ).meta({ name: 'Preferences' }),
  }),
  loyalty: Joi.object({
    points_available: Joi.number().integer().required(),
    points_pending: Joi.number().integer().required().description('What pending transactions would add or take now'),
    tier: Joi.string()
      .valid(...TIERS)
      .required(),
    total_spent_minor: Joi.number().integer().required(),
    visits_count: Joi.number().integer().required(),
    last_visit_at: timestamp().allow(null).required().description('When the latest purchase occurred'),
  })
    .required()
    .meta({ name: 'LoyaltySummary' }),
  version: Joi.number().integer().required(),
  created_at: timestamp().required(),
  updated_at: timestamp().required(),
}).meta({ name: 'Customer' });
