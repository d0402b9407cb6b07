// Every URL of the API on one screen, with who may call it, what goes in and what comes out. The router, the OpenAPI
// document and the authorization tests all read this table.

import * as analytics from './analytics/handlers.ts';
import * as analyticsSchemas from './analytics/schemas.ts';
import * as audit from './audit/handlers.ts';
import * as auditSchemas from './audit/schemas.ts';
import * as customers from './customers/handlers.ts';
import * as lifecycle from './customers/lifecycle-handlers.ts';
import * as lifecycleSchemas from './customers/lifecycle-schemas.ts';
import { list } from './customers/list.ts';
import * as listSchemas from './customers/list-schemas.ts';
import { patch } from './customers/patch.ts';
import * as customerSchemas from './customers/schemas.ts';
import * as batch from './loyalty/batch.ts';
import * as loyalty from './loyalty/handlers.ts';
import * as loyaltySchemas from './loyalty/schemas.ts';
import * as ops from './ops/handlers.ts';
import * as opsSchemas from './ops/schemas.ts';
import type { Route } from './route.ts';

const movement = {
  headers: ['Idempotency-Key', 'Prefer'],
  answers: { 200: loyaltySchemas.transaction, 202: loyaltySchemas.transaction },
  problems: ['customer-not-found', 'idempotency-key-reused', 'external-reference-reused', 'outcome-unknown'],
} as const;

// biome-ignore format: a route reads as one paragraph
export const routes: readonly Route[] = [
  { method: 'post', path: '/customers', permission: 'customers:create', handler: customers.create,
    summary: 'Create a customer and its loyalty account',
    body: customerSchemas.createCustomer, answers: { 201: customerSchemas.customer }, problems: ['customer-exists'] },
  { method: 'get', path: '/customers', permission: 'customers:list', handler: list,
    summary: 'List, filter and sort customers, or search for them by what somebody remembers',
    query: listSchemas.listQuery, answers: { 200: listSchemas.customerList } },
  { method: 'get', path: '/customers/analytics/summary', permission: 'analytics:read', handler: analytics.summary,
    summary: 'Customers, points and spend in numbers, of all time or of a period',
    query: analyticsSchemas.summaryQuery, answers: { 200: analyticsSchemas.summary } },
  { method: 'get', path: '/customers/duplicates', permission: 'customers:merge', handler: lifecycle.duplicates,
    summary: 'Pairs of records that may be of one person, the newest first; a page may be short and have a next one',
    query: lifecycleSchemas.duplicatesQuery, answers: { 200: lifecycleSchemas.duplicateList } },
  { method: 'get', path: '/customers/:customer_id', permission: 'customers:read', handler: customers.read,
    summary: 'Read a customer with its loyalty account',
    headers: ['If-None-Match'], answers: { 200: customerSchemas.customer, 304: null }, problems: ['customer-not-found'] },
  { method: 'put', path: '/customers/:customer_id', permission: 'customers:update', handler: customers.update,
    summary: 'Change the named fields of a customer',
    headers: ['If-Match'], body: customerSchemas.updateCustomer, answers: { 200: customerSchemas.customer },
    problems: ['customer-not-found', 'customer-exists', 'version-mismatch', 'invalid-header'] },
  { method: 'patch', path: '/customers/:customer_id', permission: 'customers:update', handler: patch,
    summary: 'Change a customer by JSON Merge Patch',
    headers: ['If-Match'], body: customerSchemas.patchCustomer, consumes: ['application/merge-patch+json', 'application/json'],
    answers: { 200: customerSchemas.customer }, problems: ['customer-not-found', 'customer-exists', 'version-mismatch', 'invalid-header'] },
  { method: 'delete', path: '/customers/:customer_id', permission: 'customers:erase', handler: lifecycle.erase,
    summary: 'Erase the person; the ledger stays and still adds up',
    query: lifecycleSchemas.eraseQuery, answers: { 204: null }, problems: ['customer-not-found'] },
  { method: 'get', path: '/customers/:customer_id/export', permission: 'customers:export', handler: lifecycle.exportAll,
    summary: 'Everything that is held on the person',
    answers: { 200: lifecycleSchemas.exported }, problems: ['customer-not-found'] },
  { method: 'post', path: '/customers/:customer_id/merge', permission: 'customers:merge', handler: lifecycle.merge,
    summary: 'Merge another record of the same person into this one',
    body: lifecycleSchemas.merge, answers: { 200: customerSchemas.customer },
    problems: ['customer-not-found', 'customer-merged', 'value-refused'] },

  { method: 'post', path: '/customers/:customer_id/loyalty/earn', permission: 'loyalty:earn', handler: loyalty.earn,
    summary: 'Earn points by a purchase, or as a bonus', body: loyaltySchemas.earn, ...movement },
  { method: 'post', path: '/customers/:customer_id/loyalty/redeem', permission: 'loyalty:redeem', handler: loyalty.redeem,
    summary: 'Redeem points', body: loyaltySchemas.redeem, ...movement },
  { method: 'get', path: '/customers/:customer_id/loyalty/transactions', permission: 'loyalty:read', handler: loyalty.list,
    summary: 'The history of a loyalty account, the newest first',
    query: loyaltySchemas.listQuery, answers: { 200: loyaltySchemas.transactionList }, problems: ['customer-not-found'] },
  { method: 'get', path: '/customers/:customer_id/loyalty/transactions/:transaction_id', permission: 'loyalty:read', handler: loyalty.read,
    summary: 'Read one transaction: pending, applied or rejected',
    answers: { 200: loyaltySchemas.transaction }, problems: ['customer-not-found', 'transaction-not-found'] },

  { method: 'get', path: '/customers/:customer_id/loyalty', permission: 'loyalty:read', handler: loyalty.balance,
    summary: 'The balance, and what is missing to the next tier',
    answers: { 200: loyaltySchemas.balance }, problems: ['customer-not-found'] },
  { method: 'post', path: '/loyalty/transactions/batch', permission: 'loyalty:ingest', handler: batch.ingest,
    summary: 'Post up to 1,000 earn and redeem events at once, as a till does that was offline',
    query: loyaltySchemas.batchQuery, body: loyaltySchemas.batch, consumes: ['application/json', 'application/x-ndjson'],
    max_bytes: 1_048_576, max_items: loyaltySchemas.MAX_BATCH, answers: { 207: loyaltySchemas.batchAnswer }, problems: ['batch-refused', 'outcome-unknown'] },
  { method: 'get', path: '/audit', permission: 'audit:read', handler: audit.list,
    summary: 'Who changed what of whom and why, the newest first',
    query: auditSchemas.listQuery, answers: { 200: auditSchemas.entryList } },

  { method: 'get', path: '/health', permission: 'public', handler: ops.health,
    summary: 'Whether requests can be accepted, and each dependency',
    answers: { 200: opsSchemas.health, 503: opsSchemas.health } },
  { method: 'get', path: '/openapi.json', permission: 'public', handler: ops.openapi, summary: 'The OpenAPI document' },
  { method: 'get', path: '/docs', permission: 'public', handler: ops.docs, summary: 'The documentation page' },
  { method: 'get', path: '/docs/:file', permission: 'public', handler: ops.docsAsset, summary: 'Files of the documentation page' },
  { method: 'get', path: '/problems', permission: 'public', handler: ops.problems, summary: 'Every problem there is' },
  { method: 'get', path: '/problems/:code', permission: 'public', handler: ops.problem, summary: 'What a problem means' },
];
