// Analytics: the summary and the days, and what they may be asked for.

import { CUSTOMER_STATUSES, TIERS } from '@customer-service/domain';
import { DAILY_METRICS } from '@customer-service/store';
import Joi from 'joi';
import { day, timestamp } from '../fields.ts';

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
