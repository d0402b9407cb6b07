// A row of the audit log, and what it may be asked by.

import { AUDIT_ACTIONS } from '@customer-service/domain';
import Joi from 'joi';
import { listOf, lowerCaseUuid, page, timestamp, uuid } from '../fields.ts';

const change = Joi.object({ before: Joi.any(), after: Joi.any() }).allow(null).meta({ name: 'FieldChange' });

export const entry = Joi.object({
  id: Joi.number().integer().required(),
  at: timestamp().required(),
  actor_role: Joi.string().required(),
  actor_sub: Joi.string()
    .allow(null)
    .required()
    .description('Subject of the token; null where the reader may not know who works here'),
  action: Joi.string()
    .valid(...AUDIT_ACTIONS)
    .required(),
  customer_id: uuid().allow(null).required(),
  reason: Joi.string().allow(null).required(),
  request_id: Joi.string().allow(null).required().description('X-Request-Id of the request that did it'),
  changes: Joi.object()
    .pattern(/^[a-z_.]+$/, change)
    .required()
    .description('`{ field: { before, after } }` of what changed; `{ field: null }` once the customer is erased'),
}).meta({ name: 'AuditEntry' });

export const entryList = listOf(entry).meta({ name: 'AuditEntryList' });

export const listQuery = Joi.object({
  ...page,
  customer_id: lowerCaseUuid(),
  actor: Joi.string()
    .pattern(/^[^\p{C}]{1,255}$/u, 'subject of a token')
    .description('Subject of the token'),
  action: Joi.string().valid(...AUDIT_ACTIONS),
  at_from: timestamp().description('The first moment, included'),
  at_to: timestamp().description('The first moment that is not included any more'),
});
