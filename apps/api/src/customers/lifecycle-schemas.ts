// Erasure, export, merge and duplicates: what goes in and what comes out.

import { DUPLICATE_REASONS, TIERS } from '@customer-service/domain';
import Joi from 'joi';
import { entry } from '../audit/schemas.ts';
import { day, line, listOf, lowerCaseUuid, page, timestamp, uuid } from '../fields.ts';
import { adjustment, tierChange, transaction } from '../loyalty/ledger-schemas.ts';
import { customer } from './schemas.ts';

const reason = line(200).description('Why; kept in the audit log, so say nothing of the person in it');

export const eraseQuery = Joi.object({ reason });

export const merge = Joi.object({
  from_customer_id: lowerCaseUuid()
    .required()
    .description('The customer that is merged into the one of the path, and lives on under its id'),
  reason,
}).meta({ name: 'MergeRequest' });

const count = () => Joi.number().integer().required();

export const exported = Joi.object({
  exported_at: timestamp().required(),
  customer: customer.required(),
  merged_customer_ids: Joi.array().items(uuid()).required().description('Records that were merged into this one'),
  loyalty_account: Joi.object({
    points_balance: count(),
    points_held: count(),
    lifetime_points_earned: count(),
    lifetime_points_redeemed: count(),
    lifetime_points_expired: count(),
    lifetime_points_adjusted: count(),
    total_spent_minor: count(),
    visits_count: count(),
    tier: Joi.string()
      .valid(...TIERS)
      .required(),
  }).required(),
  transactions: Joi.array().items(transaction).required().description('In accepted order'),
  adjustments: Joi.array()
    .items(adjustment)
    .required()
    .description('Corrections by hand that needed a second person, the oldest first'),
  tier_changes: Joi.array().items(tierChange).required().description('The oldest first'),
  audit: Joi.array().items(entry).required().description('Every change of the profile, the oldest first'),
}).meta({ name: 'CustomerExport' });

const record = Joi.object({
  id: uuid().required(),
  first_name: Joi.string().required(),
  last_name: Joi.string().required(),
  email: Joi.string().allow(null).required(),
  phone: Joi.string().allow(null).required(),
  alternate_email: Joi.string().allow(null).required(),
  alternate_phone: Joi.string().allow(null).required(),
  date_of_birth: day().allow(null).required(),
  cities: Joi.array().items(Joi.string()).required(),
  created_at: timestamp().required(),
}).meta({ name: 'DuplicateRecord' });

export const duplicateList = listOf(
  Joi.object({
    score: Joi.number().integer().min(0).max(100).required().description('How likely they are one person'),
    reasons: Joi.array()
      .items(Joi.string().valid(...DUPLICATE_REASONS))
      .required(),
    customers: Joi.array().items(record).length(2).required().description('The newer record first'),
  }).meta({ name: 'DuplicatePair' }),
).meta({ name: 'DuplicatePairList' });

export const duplicatesQuery = Joi.object(page);
