// An event, by its type, and what the feed may be asked for. Webhooks send the same.

import { EVENT_TYPES, type EventType, EXPIRING_DAYS, TIER_CHANGE_REASONS, TIERS } from '@customer-service/domain';
import { KEPT_DAYS } from '@customer-service/store';
import Joi from 'joi';
import { lowerCaseUuid, timestamp, uuid } from '../fields.ts';
import { transaction } from '../loyalty/ledger-schemas.ts';

const customer_id = uuid().required();
const whole = () => Joi.number().integer().required();

const eventOf = (name: string, types: readonly EventType[], data: Joi.ObjectSchema) =>
  Joi.object({
    id: uuid()
      .required()
      .description('UUIDv7, ever increasing: the order of the feed, and the same each time it is sent'),
    type: Joi.string()
      .valid(...types)
      .required(),
    timestamp: timestamp().required().description("When it happened, by the ledger's clock"),
    customer_id,
    sequence: whole().description('1, 2, 3 … of this customer, without a gap'),
    data: data.required(),
  }).meta({ name });

const changed = Joi.array()
  .items(Joi.string())
  .required()
  .description('The names of the fields that changed; within preferences `preferences.language`. Never their values');
const version = whole().description('Of the customer, as in its ETag');

const customerEvent = eventOf(
  'CustomerEvent',
  ['customer.created', 'customer.updated', 'customer.erased'],
  Joi.object({ customer_id, version, changed }),
);

const mergeEvent = eventOf(
  'MergeEvent',
  ['customer.merged'],
  Joi.object({
    ...{ customer_id, version, changed },
    merged_from: uuid().allow(null).required().description('Of the one that stays: who was merged into it'),
    merged_into: uuid().allow(null).required().description('Of the one that is gone: who it lives on as'),
  }),
);

/** Of a hold, `explanation.hold_id` says which. */
const ledgerEvent = eventOf(
  'LedgerEvent',
  EVENT_TYPES.filter((type) => /^loyalty\.(?:transaction|hold)\.|expired$/.test(type)),
  transaction,
);

const tier = () =>
  Joi.string()
    .valid(...TIERS)
    .required();

const tierEvent = eventOf(
  'TierEvent',
  ['loyalty.tier.upgraded', 'loyalty.tier.downgraded'],
  Joi.object({
    customer_id,
    at: timestamp().required(),
    from_tier: tier(),
    to_tier: tier(),
    reason: Joi.string()
      .valid(...TIER_CHANGE_REASONS)
      .required(),
  }),
);

const expiringEvent = eventOf(
  'ExpiringEvent',
  ['loyalty.points.expiring'],
  Joi.object({
    customer_id,
    points: whole().description('That lapse then, if they are not spent before'),
    expires_at: timestamp().required(),
    days: Joi.number()
      .valid(...EXPIRING_DAYS)
      .required()
      .description('The announcement that it is: so many days before'),
  }),
);

const event = Joi.alternatives(customerEvent, mergeEvent, ledgerEvent, tierEvent, expiringEvent).meta({
  name: 'ServiceEvent',
});

export const eventList = Joi.object({
  items: Joi.array().items(event).required(),
  next_after: uuid()
    .allow(null)
    .required()
    .description(
      'Where to go on, now or later; null only while there is no event at all. Fewer than `limit`: that was all',
    ),
}).meta({ name: 'EventList' });

export const listQuery = Joi.object({
  after: lowerCaseUuid().description(
    `\`next_after\` of the answer before; without it from the oldest event, and events are kept for ${KEPT_DAYS} days`,
  ),
  limit: Joi.number().integer().min(1).max(1_000).default(100).description('How many at the most'),
  type: Joi.string().valid(...EVENT_TYPES),
  customer_id: lowerCaseUuid(),
});
