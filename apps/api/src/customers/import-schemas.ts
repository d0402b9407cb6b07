// Many customers at once: what goes in and what comes out.

import { MAX_POINTS } from '@customer-service/domain';
import Joi from 'joi';
import { line, timestamp, uuid } from '../fields.ts';
import { createCustomer } from './schemas.ts';

export const MAX_IMPORT = 500;

const openingBalance = Joi.object({
  points: Joi.number().integer().min(0).max(MAX_POINTS).required().example(1200),
  occurred_at: timestamp()
    .allow(null)
    .default(null)
    .description('When they were earned, for when they lapse; now when not given'),
})
  .meta({ name: 'OpeningBalance' })
  .description(
    'Points from before. Booked once for each customer, as a correction by hand with the reason `migration`',
  );

/** What each item is held against alone. */
export const importedCustomer = createCustomer
  .keys({
    external_id: line(100).required().description('By which the customer is known again').example('crm-17'),
    opening_balance: openingBalance,
  })
  .meta({ name: 'ImportedCustomer' });

export const importBatch = Joi.object({
  items: Joi.array()
    .items(Joi.object().unknown())
    .min(1)
    .max(MAX_IMPORT)
    .required()
    .meta({ published_items: () => importedCustomer }),
})
  .meta({ name: 'CustomerBatch' })
  .description(
    'Customers by `external_id`: a new one is made; of one that is known the fields that the item names are changed, ' +
      'within `preferences` too. The same batch again changes nothing',
  );

export const importQuery = Joi.object({
  dry_run: Joi.boolean().description('Answers what it would do, and writes nothing'),
});

const count = () => Joi.number().integer().required();

export const importAnswer = Joi.object({
  dry_run: Joi.boolean().required(),
  created: count(),
  changed: count(),
  unchanged: count(),
  refused: count(),
  items: Joi.array()
    .items(
      Joi.object({
        index: count().description('Place in the request, from 0'),
        external_id: Joi.string().allow('', null).required().description('As it was sent; null when it was no text'),
        outcome: Joi.string().valid('created', 'changed', 'unchanged', 'refused').required(),
        customer_id: uuid().description('Not when refused, nor of a new customer in a dry run'),
        opening_balance: Joi.string()
          .valid('accepted', 'replayed')
          .description('When there are points to book: accepted now, or booked before'),
        problem: Joi.object()
          .unknown()
          .meta({ published: { $ref: '#/components/schemas/Problem' } })
          .description('When refused: nothing of this item was written'),
      }).meta({ name: 'CustomerBatchItemAnswer' }),
    )
    .required(),
}).meta({ name: 'CustomerBatchAnswer' });
