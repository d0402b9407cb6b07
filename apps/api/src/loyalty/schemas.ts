// What checkouts and desks post to move points.

import { ADJUSTMENT_REASONS, CURRENCIES, MAX_AMOUNT_MINOR, MAX_POINTS } from '@customer-service/domain';
import Joi from 'joi';
import { line, timestamp, uuid } from '../fields.ts';
import { transaction } from './ledger-schemas.ts';

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

const amount_minor = Joi.number().integer().min(1).max(MAX_AMOUNT_MINOR).example(12345);
const currency = Joi.string()
  .valid(...CURRENCIES)
  .example('USD');

const item = Joi.object({
  category: line(50).allow(null).default(null).example('Furniture'),
  product: line(50).allow(null).default(null).example('FUR-BO-10001798'),
  amount_minor: Joi.number().integer().min(0).max(MAX_AMOUNT_MINOR).required(),
}).meta({ name: 'PurchaseItem' });

export const MAX_ITEMS = 100;

export const earn = Joi.object({
  amount_minor: amount_minor.description('The purchase in minor units (cents); the programme says the points'),
  currency,
  points: points.description('Points given without a purchase, such as a bonus'),
  items: Joi.array()
    .items(item)
    .max(MAX_ITEMS)
    .description(
      'Parts of the purchase, for programmes that reward categories or products; together no more than `amount_minor`. Kept for ever: nothing of a person in it',
    ),
  ...about,
})
  .xor('amount_minor', 'points')
  .and('amount_minor', 'currency')
  .without('points', 'items')
  .meta({
    name: 'EarnRequest',
    // What JSON Schema can't read from the lines above.
    published: {
      oneOf: [
        { required: ['amount_minor', 'currency'], properties: { points: false } },
        { required: ['points'], properties: { amount_minor: false, currency: false, items: false } },
      ],
    },
  })
  .description('Either a purchase (`amount_minor` and `currency`) or `points`');

export const redeem = Joi.object({ points: points.required().example(100), ...about }).meta({ name: 'RedeemRequest' });

export const eventQuery = Joi.object({
  dry_run: Joi.boolean().description(
    'Answers what it would do right now, after all that waits, and writes nothing; Idempotency-Key is not asked for',
  ),
});

/** How much of the original goes back; a name of its own for each schema that has it. */
const part = (fields: Record<string, Joi.Schema>) =>
  Joi.object({
    points: points.description('So many points, and nothing of the spend'),
    amount_minor: amount_minor.description('So much of the purchase, and the points in proportion'),
    currency,
    ...about,
    ...fields,
  })
    .oxor('points', 'amount_minor')
    .and('amount_minor', 'currency')
    .description('`points`, or `amount_minor` with `currency`, or neither: all that is left');

// What JSON Schema can't read from that.
const published = {
  oneOf: [
    { required: ['amount_minor', 'currency'], properties: { points: false } },
    { properties: { amount_minor: false, currency: false } },
  ],
};

export const reverse = part({}).meta({ name: 'ReverseRequest', published });

/** With the order instead of the transaction, which may not be here yet. */
export const refund = part({
  order_id: line(100).required().description('Of the purchase').example('CA-2016-152156'),
}).meta({ name: 'RefundRequest', published });

const MAX_HOLD_S = 30 * 86_400;

export const hold = Joi.object({
  points: points.required().example(100),
  expires_in: Joi.number()
    .integer()
    .min(1)
    .max(MAX_HOLD_S)
    .description('Seconds after which what is left is free again; 900 when not given'),
  ...about,
}).meta({ name: 'HoldRequest' });

export const capture = Joi.object({
  points: points.description('All that is left, if not given'),
  final: Joi.boolean().description('Whether what is left after it is free again; true when not given'),
  ...about,
}).meta({ name: 'CaptureRequest' });

export const voidHold = Joi.object(about).meta({ name: 'VoidRequest' });

export const adjustment = Joi.object({
  direction: Joi.string().valid('credit', 'debit').required(),
  points: points.required().example(100),
  reason_code: Joi.string()
    .valid(...ADJUSTMENT_REASONS)
    .required(),
  note: line(200).allow(null).default(null),
}).meta({ name: 'AdjustmentRequest' });

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
  reverse: refund.keys({ ...addressed, type: Joi.string().valid('reverse').required() }).meta({ name: 'RefundEvent' }),
};

export const MAX_BATCH = 1_000;

export const batch = Joi.object({
  items: Joi.array()
    .items(Joi.object().unknown())
    .min(1)
    .max(MAX_BATCH)
    .required()
    .meta({ published_items: () => Joi.alternatives(batchItems.earn, batchItems.redeem, batchItems.reverse) }),
  atomic: Joi.boolean().description('All items are accepted, or none'),
})
  .meta({ name: 'Batch' })
  .description('Earn, redeem and refund events of any customers, in the order in which they happened');

export const batchQuery = Joi.object({
  atomic: Joi.boolean().description('As in the body; for NDJSON, which has no other place'),
});

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
