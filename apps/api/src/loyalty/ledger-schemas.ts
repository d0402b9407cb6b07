// What the ledger looks like from outside: its lines and why they are so, holds, adjustments, and the account.

import {
  ADJUSTMENT_REASONS,
  HOLD_STATUSES,
  REJECTION_CODES,
  TIER_CHANGE_REASONS,
  TIERS,
  TRANSACTION_STATUSES,
  TRANSACTION_TYPES,
} from '@customer-service/domain';
import Joi from 'joi';
import { line, listOf, page, timestamp, uuid } from '../fields.ts';

const count = () => Joi.number().integer().required();
const whole = () => Joi.number().integer();
const tier = () => Joi.string().valid(...TIERS);
const nullableText = () => Joi.string().allow(null).required();

const lapse = {
  expires_at: timestamp().allow(null).required().description('From this moment on they are gone; null: never'),
  inactivity_days: whole().description('They lapse when nothing was earned or redeemed for so many days'),
};
const lot = Joi.object({ points: count(), ...lapse }).meta({ name: 'Lot' });

const explanation = Joi.object({
  programme_version: whole().description('The version of the programme in force when it happened'),
  tier: tier().description('Held before it'),
  multiplier_bp: whole().description('Of that tier, in basis points: 10,000 is ×1'),
  campaign: Joi.string().description('The campaign that counted'),
  uncapped_points: whole().description('What it would have been without a limit of the programme'),
  lot: Joi.object(lapse).meta({ name: 'LotTerms' }).description('The lot that the points went into, or that lapsed'),
  allocations: Joi.array().items(lot).description('The lots that the points came from, or went back to, in that order'),
  hold_id: uuid(),
  expires_at: timestamp().description('Of a hold'),
  reason_code: Joi.string().description('Of an adjustment'),
  reversed: Joi.object({ id: uuid().required(), points: count(), amount_minor: count(), visits: count() })
    .meta({ name: 'Reversed' })
    .description('The transaction that it takes back, and how much of it'),
  parked: Joi.boolean().valid(true).description('Of a refund: it had waited for its purchase'),
  shortfall: whole().description('Points that should have gone back and were spent already'),
})
  .allow(null)
  .required()
  .meta({ name: 'Explanation' })
  .description(
    'Why the line is what it is, kept with it; null while it waits, when it was refused, and before this was kept',
  );

const outcome = {
  type: Joi.string()
    .valid(...TRANSACTION_TYPES)
    .required(),
  status: Joi.string()
    .valid(...TRANSACTION_STATUSES)
    .required()
    .description('`parked`: a refund that came before its purchase, and waits for it'),
  points: whole().allow(null).required().description('Unsigned: `type` says the direction'),
  rejection_code: Joi.string()
    .valid(...REJECTION_CODES)
    .allow(null)
    .required(),
  balance_after: whole().allow(null).required(),
  explanation,
};

const texts = {
  order_id: nullableText(),
  source: nullableText(),
  external_reference: nullableText(),
  description: nullableText(),
};

export const transaction = Joi.object({
  id: uuid().required(),
  customer_id: uuid().required(),
  sequence: whole().allow(null).required().description('1, 2, 3 … per customer; null while it waits'),
  ...outcome,
  amount_minor: whole().allow(null).required(),
  currency: nullableText(),
  ...texts,
  balance_before: whole().allow(null).required(),
  text: Joi.string().required().description('What it did and why, in a sentence for a person'),
  occurred_at: timestamp().required(),
  accepted_at: timestamp().required(),
  applied_at: timestamp().allow(null).required().description('When it was applied or rejected'),
}).meta({ name: 'LoyaltyTransaction' });

export const transactionList = listOf(transaction).meta({ name: 'LoyaltyTransactionList' });

const TYPE = `(?:${TRANSACTION_TYPES.join('|')})`;

export const listQuery = Joi.object({
  ...page,
  type: Joi.string()
    .pattern(new RegExp(`^${TYPE}(?:,${TYPE})*$`), 'types of transaction, separated by commas')
    .description('One or more, separated by commas')
    .example('earn,redeem'),
  status: Joi.string().valid(...TRANSACTION_STATUSES),
  occurred_from: timestamp().description('The first moment, included'),
  occurred_to: timestamp().description('The first moment that is not included any more'),
  order_id: line(100),
  order: Joi.string()
    .valid('asc', 'desc')
    .default('desc')
    .description('In which they were accepted: `desc`, the newest first'),
});

export const dryRun = Joi.object({
  dry_run: Joi.boolean().valid(true).required(),
  ...outcome,
  balance_before: count().description('After all that waits'),
  points_after: count().description('The balance after it and the lines that follow from it'),
  tier_before: tier().required(),
  tier_after: tier().required(),
  lines: Joi.array()
    .items(Joi.object(outcome).meta({ name: 'DryRunLine' }))
    .required()
    .description('What the ledger would add of itself: repayments, refunds that wait for it'),
  as_of: timestamp().required(),
}).meta({ name: 'DryRun' });

/** What became of an event, or what would become of it. */
export const eventAnswer = Joi.alternatives(transaction, dryRun).meta({ name: 'EventAnswer' });

export const hold = Joi.object({
  id: uuid().required().description('Of the transaction that asked for it'),
  customer_id: uuid().required(),
  status: Joi.string()
    .valid(...HOLD_STATUSES)
    .required()
    .description('Only an `open` one can be captured or voided'),
  points: count().description('Set aside at first'),
  points_captured: count(),
  points_left: count().description('That can still be captured'),
  ...texts,
  rejection_code: Joi.string()
    .valid(...REJECTION_CODES)
    .allow(null)
    .required(),
  accepted_at: timestamp().required(),
  expires_at: timestamp().allow(null).required().description('Null unless it was applied'),
}).meta({ name: 'Hold' });

export const holdList = listOf(hold).meta({ name: 'HoldList' });

export const pageQuery = Joi.object(page);

export const adjustment = Joi.object({
  id: uuid().required(),
  customer_id: uuid().required(),
  type: Joi.string().valid('adjust_credit', 'adjust_debit').required(),
  points: count(),
  reason_code: Joi.string()
    .valid(...ADJUSTMENT_REASONS)
    .required(),
  note: nullableText(),
  status: Joi.string().valid('awaiting_approval', 'approved', 'refused').required(),
  requested_by: nullableText().description('Role and subject; null where the reader may not know who works here'),
  requested_at: timestamp().required(),
  decided_by: nullableText(),
  decided_at: timestamp().allow(null).required(),
  transaction_id: uuid().allow(null).required().description('Once approved'),
}).meta({ name: 'Adjustment' });

export const adjustmentList = listOf(adjustment).meta({ name: 'AdjustmentList' });

export const adjustmentQuery = Joi.object({
  ...page,
  status: Joi.string().valid('awaiting_approval', 'approved', 'refused'),
});

/** A transaction, or the request that waits for a second person or was refused by one. */
export const adjusted = Joi.alternatives(transaction, adjustment).meta({ name: 'AdjustmentAnswer' });

export const decision = Joi.object({
  adjustment: adjustment.required(),
  transaction: Joi.alternatives(transaction, Joi.valid(null)).required(),
}).meta({ name: 'AdjustmentDecision' });

const lacking = () => whole().allow(null).required();

export const balance = Joi.object({
  points_balance: count().description(
    'As booked: held points included. Below zero only where the programme lets refunds do that',
  ),
  points_available: count().description('What can be spent now'),
  points_held: count(),
  points_pending: count().description('What pending transactions would add or take now'),
  points_debt: count().description('Owed for refunds of points that were spent; what comes in repays it first'),
  lifetime: Joi.object({
    earned: count().description('Less what was taken back'),
    redeemed: count().description('Less what was given back'),
    expired: count(),
    adjusted: count().description('Credits less debits'),
    total_spent_minor: count(),
    visits_count: count(),
  }).required(),
  tier: tier().required(),
  tier_progress: Joi.object({
    next_tier: tier().allow(null).required(),
    spend_to_next_minor: lacking(),
    visits_to_next: lacking(),
    points_to_next: lacking(),
    keep: Joi.object({ until: timestamp().required(), spend_minor: lacking(), visits: lacking(), points: lacking() })
      .allow(null)
      .required()
      .meta({ name: 'TierKeep' })
      .description('What is lacking to keep the tier beyond `until`; null where a tier has no end'),
  })
    .required()
    .meta({ name: 'TierProgress' })
    .description(
      'Spend, visits or points: any one reaches the next tier; null is no way to it. All null in the highest',
    ),
  sequence: count().description('Transactions decided so far'),
  as_of: timestamp().required(),
}).meta({ name: 'LoyaltyBalance' });

const booked = Joi.object({
  points_balance: count().description('After the last line that was booked by then; 0 before the first'),
  sequence: count().description('Of that line'),
  tier: tier().required(),
  as_of: timestamp().required(),
})
  .meta({ name: 'BookedBalance' })
  .description('Lines of this account alone: what a merged record had before the merge is not among them');

export const balanceOrBooked = Joi.alternatives(balance, booked).meta({ name: 'BalanceAnswer' });

export const balanceQuery = Joi.object({
  as_of: timestamp().description('The balance as it was booked at that moment, in a shorter answer; not in the future'),
});

export const lapsing = Joi.object({
  items: Joi.array()
    .items(
      Joi.object({
        expires_at: timestamp()
          .allow(null)
          .required()
          .description('Of points that lapse by inactivity: if nothing happens until then; null: never'),
        points: count(),
      }).meta({ name: 'Expiration' }),
    )
    .required()
    .description('The soonest first; held points are not among them'),
  as_of: timestamp().required(),
}).meta({ name: 'Expirations' });

export const tierChange = Joi.object({
  at: timestamp().required(),
  from_tier: tier().required(),
  to_tier: tier().required(),
  reason: Joi.string()
    .valid(...TIER_CHANGE_REASONS)
    .required(),
  sequence: count().description('Of the line of the ledger before it'),
}).meta({ name: 'TierChange' });

export const tierList = listOf(tierChange).meta({ name: 'TierChangeList' });
