// The analytics summary, and the period it may be asked for.

import { CUSTOMER_STATUSES, TIERS } from '@customer-service/domain';
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
  as_of: timestamp().required(),
}).meta({ name: 'AnalyticsSummary' });
