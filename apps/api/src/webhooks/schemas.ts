// Endpoints for webhooks and what was sent to them, going in and coming out.

import { DELIVERY_STATUSES, DISABLED_REASONS, ENDPOINT_STATUSES, EVENT_TYPES } from '@customer-service/domain';
import Joi from 'joi';
import { line, listOf, lowerCaseUuid, page, timestamp, uuid } from '../fields.ts';

const MAX_REPLAYED_IDS = 500;

/** What makes it one that may be sent to is in runtime/webhook-address.ts. */
const url = () =>
  Joi.string()
    .pattern(/^https?:\/\/[!-~]{1,1900}$/, 'https URL')
    .description('https, of the public internet, on port 443 or one from 1024 up; without user, password and fragment')
    .example('https://shop.example/webhooks');
const type = () => Joi.string().valid(...EVENT_TYPES);
const types = () => Joi.array().items(type()).max(EVENT_TYPES.length).description('Of events it wants; none: all');
const description = () => line(200).allow(null);
const status = () => Joi.string().valid(...ENDPOINT_STATUSES);

export const newEndpoint = Joi.object({
  url: url().required(),
  description: description().default(null),
  types: types().default([]),
}).meta({ name: 'NewWebhookEndpoint' });

export const changeEndpoint = Joi.object({
  url: url(),
  description: description(),
  types: types(),
  status: status().description('Enabled again, it gets at once what has waited'),
}).meta({ name: 'WebhookEndpointChange' });

const shown = {
  id: uuid().required(),
  url: url().required(),
  description: description().required(),
  types: types().required(),
  status: status().required(),
  disabled_reason: Joi.string()
    .valid(...DISABLED_REASONS)
    .allow(null)
    .required()
    .description('`gone`: it answered 410'),
  created_at: timestamp().required(),
  updated_at: timestamp().required(),
};
const secret = Joi.string()
  .pattern(/^whsec_[A-Za-z0-9+/=]+$/, 'secret')
  .required()
  .description('Shown here and never again');

export const endpoint = Joi.object(shown).meta({ name: 'WebhookEndpoint' });
export const madeEndpoint = Joi.object({ ...shown, secret }).meta({ name: 'MadeWebhookEndpoint' });
export const rotatedSecret = Joi.object({
  ...{ ...shown, secret },
  previous_secret_until: timestamp().required().description('The secret before signs as well until then'),
}).meta({ name: 'RotatedWebhookSecret' });

export const endpointQuery = Joi.object(page);
export const endpointList = listOf(endpoint).meta({ name: 'WebhookEndpointList' });

const attempt = {
  last_status: Joi.number()
    .integer()
    .allow(null)
    .required()
    .description('Of the last answer; null when there was none'),
  last_error: Joi.string()
    .allow(null)
    .required()
    .description('Why there was none: `timeout`, `address_refused`, or a code of the network such as `ECONNREFUSED`'),
  last_duration_ms: Joi.number().integer().allow(null).required(),
};

export const tested = Joi.object({
  webhook_id: uuid().required(),
  delivered: Joi.boolean().required().description('Whether it answered 2xx'),
  ...attempt,
  answer: Joi.string().allow('').required().description("The first 1,024 bytes of the answer's body"),
}).meta({ name: 'WebhookTest' });

const deliveryStatus = () => Joi.string().valid(...DELIVERY_STATUSES);

export const delivery = Joi.object({
  event_id: uuid().required(),
  type: type().required(),
  customer_id: uuid().required(),
  status: deliveryStatus().required().description('`failed`: it was tried for three days'),
  attempts: Joi.number().integer().min(0).required(),
  next_attempt_at: timestamp().allow(null).required(),
  ...attempt,
  delivered_at: timestamp().allow(null).required(),
}).meta({ name: 'WebhookDelivery' });

export const deliveryQuery = Joi.object({ ...page, status: deliveryStatus() });
export const deliveryList = listOf(delivery).meta({ name: 'WebhookDeliveryList' });

const OF_TIME = ['until', 'customer_id', 'after'];

export const replay = Joi.object({
  event_ids: Joi.array().items(lowerCaseUuid()).min(1).max(MAX_REPLAYED_IDS),
  since: timestamp().description('Events published from then on'),
  until: timestamp().description('… and before then'),
  customer_id: lowerCaseUuid().description('… of this customer alone'),
  after: lowerCaseUuid().description('… after this one: `next_after` of the answer before'),
})
  .xor('event_ids', 'since')
  .without('event_ids', OF_TIME)
  .meta({
    name: 'WebhookReplay',
    // What JSON Schema can't read from the lines above.
    published: {
      oneOf: [
        { required: ['event_ids'], properties: Object.fromEntries(['since', ...OF_TIME].map((name) => [name, false])) },
        { required: ['since'], properties: { event_ids: false } },
      ],
    },
  });

export const replayed = Joi.object({
  deliveries: Joi.number().integer().min(0).required().description('Events that will be sent'),
  next_after: uuid()
    .allow(null)
    .required()
    .description('There may be more: send the same with this as `after`. Null: that was all'),
}).meta({ name: 'WebhookReplayed' });
