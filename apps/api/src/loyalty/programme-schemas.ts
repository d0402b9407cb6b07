// What a programme looks like going in and coming out.

import { CURRENCIES, TIERS } from '@customer-service/domain';
import Joi from 'joi';
import { line, timestamp } from '../fields.ts';

const whole = (min: number, max: number) => Joi.number().integer().min(min).max(max);
const multiplier = () => whole(0, 1_000_000).required().description('Basis points: 10,000 is ×1').example(20_000);
const tierName = () => Joi.string().valid(...TIERS);
const threshold = () => whole(0, 1_000_000_000_000).allow(null).default(null);

const expiry = Joi.alternatives(
  Joi.object({ policy: Joi.string().valid('none').required() }),
  Joi.object({ policy: Joi.string().valid('rolling_days').required(), days: whole(1, 36_500).required() }),
  Joi.object({ policy: Joi.string().valid('rolling_months').required(), months: whole(1, 1_200).required() }),
  Joi.object({
    policy: Joi.string().valid('end_of_month', 'end_of_quarter', 'end_of_year').required(),
    after_months: whole(0, 1_200).default(0),
  }),
  Joi.object({ policy: Joi.string().valid('inactivity').required(), days: whole(1, 36_500).required() }),
).description('When points lapse; lots keep the terms they were earned under');

const rules = {
  earn: Joi.object({
    rates: Joi.object(
      Object.fromEntries(
        CURRENCIES.map((currency) => [
          currency,
          Joi.object({ points: whole(0, 1_000).required(), per_minor: whole(1, 1_000_000).required() }),
        ]),
      ),
    )
      .min(1)
      .required()
      .description('By currency: points for each `per_minor` of money in minor units. Others are refused'),
    rounding: Joi.string().valid('down', 'nearest', 'up').default('down'),
    multipliers: Joi.array()
      .items(
        Joi.object({
          category: line(100).allow(null).default(null),
          product: line(100).allow(null).default(null),
          multiplier_bp: multiplier(),
        }),
      )
      .max(500)
      .default([])
      .description('Of those that match an item the highest counts'),
    campaigns: Joi.array()
      .items(
        Joi.object({
          name: line(100).required(),
          from: timestamp().required(),
          to: timestamp().required(),
          multiplier_bp: multiplier(),
          tiers: Joi.array().items(tierName()).max(TIERS.length).allow(null).default(null),
        }),
      )
      .max(100)
      .default([])
      .description('Of those under way the highest counts'),
    max_points_per_transaction: whole(0, 1_000_000_000).allow(null).default(null),
    max_points_per_day: whole(0, 1_000_000_000).allow(null).default(null),
  }).required(),
  redeem: Joi.object({ minimum_points: whole(1, 1_000_000_000).required() }).default({ minimum_points: 1 }),
  expiry: expiry.required(),
  reversal: Joi.object({
    shortfall: Joi.string().valid('clamp', 'debt', 'negative').required(),
    grace_days: whole(0, 36_500).default(0),
  }).required(),
  tiering: Joi.object({
    window: Joi.string().valid('lifetime', 'calendar_year', 'rolling_months', 'membership_year').required(),
    months: whole(1, 36).default(12).description('Of rolling_months'),
    grace_days: whole(0, 365).default(0),
    downgrade: Joi.string().valid('none', 'one_level', 'requalify').required(),
  }).required(),
  tiers: Joi.array()
    .items(
      Joi.object({
        tier: tierName().required(),
        spend_threshold_minor: threshold(),
        visits_threshold: threshold(),
        points_threshold: threshold(),
        multiplier_bp: multiplier(),
      }),
    )
    .min(1)
    .max(TIERS.length)
    .required()
    .description('From the lowest, which everybody has; any one threshold reaches a tier'),
};

export const programme = Joi.object({
  ...rules,
  effective_from: timestamp().allow(null).default(null).description('Not in the past; null: at once'),
})
  .description('A new version of the rules: whatever is not given has its default, not the value of the version before')
  .meta({ name: 'NewProgramme' });

export const programmeQuery = Joi.object({
  dry_run: Joi.boolean().description('Writes nothing, and counts the customers who would hold another tier'),
});

export const version = Joi.object({
  version: Joi.number().integer().required(),
  effective_from: timestamp().required(),
  ...rules,
}).meta({ name: 'Programme' });

export const programmeAnswer = Joi.object({
  current: version.required(),
  versions: Joi.array().items(version).required(),
}).meta({ name: 'ProgrammeVersions' });

const count = () => Joi.number().integer().required();

export const dryRun = Joi.object({
  dry_run: Joi.boolean().required(),
  customers: count().description('Looked at'),
  moves: Joi.array()
    .items(Joi.object({ from_tier: tierName().required(), to_tier: tierName().required(), customers: count() }))
    .required(),
}).meta({ name: 'ProgrammeDryRun' });

export const verifyQuery = Joi.object({
  limit: whole(1, 1_000).default(500).description('Accounts to fold'),
  cursor: Joi.string().max(500),
});

export const verified = Joi.object({
  accounts: count().description('Folded'),
  differences_found: count(),
  differences: Joi.array()
    .items(
      Joi.object({
        customer_id: Joi.string().required(),
        field: Joi.string().required(),
        sequence: Joi.number().integer().allow(null).required(),
        expected: Joi.any(),
        actual: Joi.any(),
      }),
    )
    .required(),
  next_cursor: Joi.string().allow(null).required(),
}).meta({ name: 'Verification' });

export const liability = Joi.object({
  as_of: timestamp().required(),
  points_outstanding: count().description('Held points included'),
  points_held: count(),
  by_expiry_month: Joi.array()
    .items(Joi.object({ month: Joi.string().allow(null).required(), points: count() }))
    .required()
    .description('`month` YYYY-MM; null: never, or after inactivity'),
}).meta({ name: 'Liability' });
