// What a checkout posts, and what a line of the ledger looks like.

import {
  CURRENCIES,
  MAX_AMOUNT_MINOR,
  MAX_POINTS,
  REJECTION_CODES,
  TIERS,
  TRANSACTION_STATUSES,
  TRANSACTION_TYPES,
} from '@customer-service/domain';
import Joi from 'joi';
import { line, listOf, page, timestamp, uuid } from '../fields.ts';

const points = Joi.number().integer().min(1).max(MAX_POINTS);

const about = {
  order_id: line(100).allow(null).default(null).example('CA-2016-152156'),
  source: line(50).allow(null).default(null).description('The system this comes from').example('till-3'),
  external_reference: line(100)
    .allow(null)
    .default(null)
    .description(
      'Its own reference, such as a receipt number: with `source` it catches the same event under a new key',
    ),
  description: line(200).allow(null).default(null),
  occurred_at: timestamp()
    .allow(null)
    .default(null)
    .description('When it happened at the checkout; now when not given'),
};

export const earn = Joi.object({
  amount_minor: Joi.number()
    .integer()
    .min(1)
    .max(MAX_AMOUNT_MINOR)
    .description('The purchase in minor units (cents); the programme says the points')
    .example(12345),
  currency: Joi.string()
    .valid(...CURRENCIES)
    .example('USD'),
  points: points.description('Points given without a purchase, such as a bonus'),
  ...about,
})
  .xor('amount_minor', 'points')
  .and('amount_minor', 'currency')
  .meta({
    name: 'EarnRequest',
    // What JSON Schema can't read from the two lines above.
    published: {
      oneOf: [
        { required: ['amount_minor', 'currency'], properties: { points: false } },
        { required: ['points'], properties: { amount_minor: false, currency: false } },
      ],
    },
  })
  .description('Either a purchase (`amount_minor` and `currency`) or `points`');

export const redeem = Joi.object({ points: points.required().example(100), ...about }).meta({ name: 'RedeemRequest' });

const addressed = {
  customer_id: uuid().required(),
  idempotency_key: Joi.string()
    .max(255)
    .pattern(/^[\x21-\x7e]+$/, 'printable characters without spaces')
    .required()
    .example('till-3/2026-01-02/0017'),
};

/** By `type`, what each item of a batch is held against alone. */
export const batchItems = {
  earn: earn.keys({ ...addressed, type: Joi.string().valid('earn').required() }).meta({ name: 'EarnEvent' }),
  redeem: redeem.keys({ ...addressed, type: Joi.string().valid('redeem').required() }).meta({ name: 'RedeemEvent' }),
};

export const MAX_BATCH = 1_000;

export const batch = Joi.object({
  items: Joi.array()
    .items(Joi.object().unknown())
    .min(1)
    .max(MAX_BATCH)
    .required()
    .meta({ published_items: () => Joi.alternatives(batchItems.earn, batchItems.redeem) }),
  atomic: Joi.boolean().description('All items are accepted, or none'),
})
  .meta({ name: 'Batch' })
  .description('Earn and redeem events of any customers, in the order in which they happened');

export const batchQuery = Joi.object({
  atomic: Joi.boolean().description('As in the body; for NDJSON, which has no other place'),
});

export const transaction = Joi.object({
  id: uuid().required(),
  customer_id: uuid().required(),
  sequence: Joi.number().integer().allow(null).required().description('1, 2, 3 … per customer; null while pending'),
  type: Joi.string()
    .valid(...TRANSACTION_TYPES)
    .required(),
  status: Joi.string()
    .valid(...TRANSACTION_STATUSES)
    .required(),
  points: Joi.number().integer().allow(null).required().description('Unsigned: `type` says the direction'),
  amount_minor: Joi.number().integer().allow(null).required(),
  currency: Joi.string().allow(null).required(),
  order_id: Joi.string().allow(null).required(),
  source: Joi.string().allow(null).required(),
  external_reference: Joi.string().allow(null).required(),
  description: Joi.string().allow(null).required(),
  rejection_code: Joi.string()
    .valid(...REJECTION_CODES)
    .allow(null)
    .required(),
  balance_after: Joi.number().integer().allow(null).required(),
  occurred_at: timestamp().required(),
  accepted_at: timestamp().required(),
  applied_at: timestamp().allow(null).required().description('When it was applied or rejected'),
}).meta({ name: 'LoyaltyTransaction' });

export const batchAnswer = Joi.object({
  accepted: Joi.number().integer().required(),
  replayed: Joi.number().integer().required(),
  refused: Joi.number().integer().required(),
  items: Joi.array()
    .items(
      Joi.object({
        index: Joi.number().integer().required().description('Place in the request, from 0'),
        idempotency_key: Joi.string()
          .allow('', null)
          .required()
          .description('As it was sent; null when it was no text'),
        outcome: Joi.string().valid('accepted', 'replayed', 'refused').required(),
        // When accepted or replayed.
        transaction,
        problem: Joi.object()
          .unknown()
          .meta({ published: { $ref: '#/components/schemas/Problem' } })
          .description('When refused'),
      }).meta({ name: 'BatchItemAnswer' }),
    )
    .required(),
}).meta({ name: 'BatchAnswer' });

const count = () => Joi.number().integer().required();

export const balance = Joi.object({
  points_available: count(),
  points_pending: count().description('What pending transactions would add or take now'),
  lifetime: Joi.object({
    earned: count(),
    redeemed: count(),
    total_spent_minor: count(),
    visits_count: count(),
  }).required(),
  tier: Joi.string()
    .valid(...TIERS)
    .required(),
  tier_progress: Joi.object({
    next_tier: Joi.string()
      .valid(...TIERS)
      .allow(null)
      .required(),
    spend_to_next_minor: Joi.number().integer().allow(null).required(),
    visits_to_next: Joi.number().integer().allow(null).required(),
  })
    .required()
    .meta({ name: 'TierProgress' })
    .description('Spend or visits: either reaches the next tier. Null in the highest'),
  sequence: count().description('Transactions decided so far'),
  as_of: timestamp().required(),
}).meta({ name: 'LoyaltyBalance' });

export const transactionList = listOf(transaction).meta({ name: 'LoyaltyTransactionList' });

export const listQuery = Joi.object({
  ...page,
  type: Joi.string().valid(...TRANSACTION_TYPES),
  status: Joi.string().valid(...TRANSACTION_STATUSES),
});
