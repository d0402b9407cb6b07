// Analytics: the summary, the days and the cohorts, and what they may be asked for.

import { CUSTOMER_STATUSES, TIERS } from '@customer-service/domain';
import { DAILY_METRICS } from '@customer-service/store';
import Joi from 'joi';
import { day, month, timestamp } from '../fields.ts';

const count = () => Joi.number().integer().required();
const counts = (keys: readonly string[]) =>
  Joi.object(Object.fromEntries(keys.map((key) => [key, count()]))).required();

export const summaryQuery = Joi.object({
  date_from: day().description('First day, UTC, included'),
  date_to: day().description('Last day, UTC, included'),
});

export const summary = Joi.object({
  customers: Joi.object({
    total: count(),
    by_status: counts(CUSTOMER_STATUSES),
    by_tier: counts(TIERS),
    new: count().description('Created within the period'),
  }).required(),
  points: Joi.object({
    outstanding: count().description('What all balances hold now'),
    earned: count(),
    redeemed: count(),
  }).required(),
  spend: Joi.object({
    total_minor: count(),
    customers: count().description('Customers who bought'),
    average_per_customer_minor: count().description('Per customer who bought, rounded down'),
    visits: count(),
  }).required(),
  date_from: Joi.string().allow(null).required(),
  date_to: Joi.string().allow(null).required(),
  as_of: timestamp().required().description('What was committed by then is in every figure'),
}).meta({ name: 'AnalyticsSummary' });

export const dailyQuery = Joi.object({
  metric: Joi.string()
    .valid(...DAILY_METRICS)
    .required()
    .description('`spend` in minor units; `active_customers` had at least one earn or redeem applied that day'),
  date_from: day().description('First day, UTC, included; 29 days before the last one when not given'),
  date_to: day().description('Last day, UTC, included; today when not given. At most 731 days'),
  by: Joi.string().valid('tier').description('Break down by the tier held after the transaction'),
});

export const daily = Joi.object({
  metric: Joi.string()
    .valid(...DAILY_METRICS)
    .required(),
  date_from: Joi.string().required(),
  date_to: Joi.string().required(),
  as_of: timestamp().required().description('What was committed by then is counted'),
  days: Joi.array()
    .items(Joi.object({ date: Joi.string().required(), value: count(), by_tier: counts(TIERS).optional() }))
    .required()
    .description('One a day, the days without anything too'),
}).meta({ name: 'AnalyticsDaily' });

export const cohortsQuery = Joi.object({
  months: Joi.number().integer().min(1).max(24).default(12).description('How many months of joining, and after it'),
  month_to: month().description('Last month, UTC, included; the one that is when not given'),
});

export const cohorts = Joi.object({
  months: count(),
  month_to: Joi.string().required(),
  cohorts: Joi.array()
    .items(
      Joi.object({
        month: Joi.string()
          .required()
          .description('In which they joined: of `created_at`, or of the first purchase where that is earlier'),
        customers: count().description('Who joined then, and was neither erased nor merged into somebody since'),
        bought: Joi.array()
          .items(count())
          .required()
          .description(
            'Of these, who bought in that month, in the next one …, up to `month_to`; also what was brought back later',
          ),
      }),
    )
    .required()
    .description('One a month, in order, those in which nobody joined too'),
  as_of: timestamp().required().description('What was committed by then is counted'),
}).meta({ name: 'AnalyticsCohorts' });
