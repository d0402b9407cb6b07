// Every URL of the API on one screen, with who may call it, what goes in and what comes out. The router, the OpenAPI
// document and the authorization tests all read this table.

import * as analytics from './analytics/handlers.ts';
import * as analyticsSchemas from './analytics/schemas.ts';
import * as audit from './audit/handlers.ts';
import * as auditSchemas from './audit/schemas.ts';
import * as desk from './console/handlers.ts';
import * as customers from './customers/handlers.ts';
import { importBatch } from './customers/import.ts';
import * as importSchemas from './customers/import-schemas.ts';
import * as lifecycle from './customers/lifecycle-handlers.ts';
import * as lifecycleSchemas from './customers/lifecycle-schemas.ts';
import { list } from './customers/list.ts';
import * as listSchemas from './customers/list-schemas.ts';
import { patch } from './customers/patch.ts';
import * as customerSchemas from './customers/schemas.ts';
import * as feed from './events/handlers.ts';
import * as feedSchemas from './events/schemas.ts';
import * as account from './loyalty/account.ts';
import * as adjustments from './loyalty/adjustments.ts';
import * as batch from './loyalty/batch.ts';
import * as events from './loyalty/events.ts';
import * as history from './loyalty/history.ts';
import * as holds from './loyalty/holds.ts';
import * as ledger from './loyalty/ledger-schemas.ts';
import * as programme from './loyalty/programme.ts';
import * as programmeSchemas from './loyalty/programme-schemas.ts';
import * as loyaltySchemas from './loyalty/schemas.ts';
import * as me from './me/handlers.ts';
import * as meSchemas from './me/schemas.ts';
import * as clock from './ops/clock.ts';
import * as clockSchemas from './ops/clock-schemas.ts';
import * as ops from './ops/handlers.ts';
import * as opsSchemas from './ops/schemas.ts';
import type { Route } from './route.ts';
import * as webhooks from './webhooks/handlers.ts';
import * as webhookSchemas from './webhooks/schemas.ts';

const movement = {
  headers: ['Idempotency-Key', 'Prefer'],
  answers: { 200: ledger.transaction, 202: ledger.transaction },
  answer_headers: {
    200: ['Location', 'Idempotent-Replayed', 'Preference-Applied'],
    202: ['Location', 'Idempotent-Replayed'],
  },
  problems: ['customer-not-found', 'idempotency-key-reused', 'external-reference-reused', 'outcome-unknown'],
} as const;

/** A movement that can be tried out. */
const event = {
  ...movement,
  query: loyaltySchemas.eventQuery,
  answers: { 200: ledger.eventAnswer, 202: ledger.transaction },
  answer_headers: { ...movement.answer_headers, 200: ['Location?', 'Idempotent-Replayed', 'Preference-Applied?'] },
} as const;

const ofHold = { ...movement, problems: [...movement.problems, 'hold-not-found'] } as const;

// biome-ignore format: a route reads as one paragraph
export const routes: readonly Route[] = [
  { method: 'post', path: '/customers', permission: 'customers:create', handler: customers.create,
    summary: 'Create a customer and its loyalty account',
    body: customerSchemas.createCustomer, answers: { 201: customerSchemas.customer }, answer_headers: { 201: ['Location', 'ETag'] },
    problems: ['customer-exists'] },
  { method: 'get', path: '/customers', permission: 'customers:list', handler: list,
    summary: 'List, filter and sort customers, or search for them by what somebody remembers',
    query: listSchemas.listQuery, answers: { 200: listSchemas.customerList } },
  { method: 'post', path: '/customers/batch', permission: 'customers:import', handler: importBatch,
    summary: 'Make or change up to 500 customers by their external ids, with the points they bring along',
    query: importSchemas.importQuery, body: importSchemas.importBatch, max_bytes: 1_048_576, max_items: importSchemas.MAX_IMPORT,
    answers: { 207: importSchemas.importAnswer } },
  { method: 'get', path: '/customers/analytics/summary', permission: 'analytics:read', handler: analytics.summary,
    summary: 'Customers, points and spend in numbers, of all time or of a period',
    query: analyticsSchemas.summaryQuery, answers: { 200: analyticsSchemas.summary } },
  { method: 'get', path: '/customers/analytics/daily', permission: 'analytics:read', handler: analytics.daily,
    summary: 'One figure day by day, at most two years of it',
    query: analyticsSchemas.dailyQuery, answers: { 200: analyticsSchemas.daily } },
  { method: 'get', path: '/customers/analytics/cohorts', permission: 'analytics:read', handler: analytics.cohorts,
    summary: 'Who joined in a month, and how many of them bought in each month after',
    query: analyticsSchemas.cohortsQuery, answers: { 200: analyticsSchemas.cohorts } },
  { method: 'get', path: '/customers/duplicates', permission: 'customers:merge', handler: lifecycle.duplicates,
    summary: 'Pairs of records that may be of one person, the newest first; a page may be short and have a next one',
    query: lifecycleSchemas.duplicatesQuery, answers: { 200: lifecycleSchemas.duplicateList } },
  { method: 'get', path: '/customers/:customer_id', permission: 'customers:read', handler: customers.read,
    summary: 'Read a customer with its loyalty account',
    headers: ['If-None-Match'], answers: { 200: customerSchemas.customer, 304: null },
    answer_headers: { 200: ['ETag'], 304: ['ETag'] }, problems: ['customer-not-found'] },
  { method: 'put', path: '/customers/:customer_id', permission: 'customers:update', handler: customers.update,
    summary: 'Change the named fields of a customer',
    headers: ['If-Match'], body: customerSchemas.updateCustomer, answers: { 200: customerSchemas.customer },
    answer_headers: { 200: ['ETag'] }, problems: ['customer-not-found', 'customer-exists', 'version-mismatch', 'invalid-header'] },
  { method: 'patch', path: '/customers/:customer_id', permission: 'customers:update', handler: patch,
    summary: 'Change a customer by JSON Merge Patch',
    headers: ['If-Match'], body: customerSchemas.patchCustomer, consumes: ['application/merge-patch+json', 'application/json'],
    answers: { 200: customerSchemas.customer }, answer_headers: { 200: ['ETag'] },
    problems: ['customer-not-found', 'customer-exists', 'version-mismatch', 'invalid-header'] },
  { method: 'delete', path: '/customers/:customer_id', permission: 'customers:erase', handler: lifecycle.erase,
    summary: 'Erase the person; the ledger stays and still adds up',
    query: lifecycleSchemas.eraseQuery, answers: { 204: null }, problems: ['customer-not-found', 'customer-quarantined'] },
  { method: 'get', path: '/customers/:customer_id/export', permission: 'customers:export', handler: lifecycle.exportAll,
    summary: 'Everything that is held on the person',
    answers: { 200: lifecycleSchemas.exported }, answer_headers: { 200: ['Content-Disposition'] }, problems: ['customer-not-found'] },
  { method: 'post', path: '/customers/:customer_id/merge', permission: 'customers:merge', handler: lifecycle.merge,
    summary: 'Merge another record of the same person into this one',
    body: lifecycleSchemas.merge, answers: { 200: customerSchemas.customer }, answer_headers: { 200: ['ETag'] },
    problems: ['customer-not-found', 'customer-merged', 'customer-quarantined', 'value-refused'] },

  { method: 'post', path: '/customers/:customer_id/loyalty/earn', permission: 'loyalty:earn', handler: events.earn,
    summary: 'Earn points by a purchase, or as a bonus', body: loyaltySchemas.earn, ...event },
  { method: 'post', path: '/customers/:customer_id/loyalty/redeem', permission: 'loyalty:redeem', handler: events.redeem,
    summary: 'Redeem points', body: loyaltySchemas.redeem, ...event },
  { method: 'post', path: '/customers/:customer_id/loyalty/holds', permission: 'loyalty:hold', handler: holds.create,
    summary: 'Set points aside for a while; waits for the outcome', body: loyaltySchemas.hold, ...movement },
  { method: 'get', path: '/customers/:customer_id/loyalty/holds', permission: 'loyalty:read', handler: holds.list,
    summary: 'The open holds, the newest first',
    query: ledger.pageQuery, answers: { 200: ledger.holdList }, problems: ['customer-not-found'] },
  { method: 'get', path: '/customers/:customer_id/loyalty/holds/:hold_id', permission: 'loyalty:read', handler: holds.read,
    summary: 'Read one hold: what was captured of it, and what is left',
    answers: { 200: ledger.hold }, problems: ['customer-not-found', 'hold-not-found'] },
  { method: 'post', path: '/customers/:customer_id/loyalty/holds/:hold_id/capture', permission: 'loyalty:hold', handler: holds.capture,
    summary: 'Redeem what is on hold, or a part of it; waits for the outcome', body: loyaltySchemas.capture, ...ofHold },
  { method: 'post', path: '/customers/:customer_id/loyalty/holds/:hold_id/void', permission: 'loyalty:hold', handler: holds.release,
    summary: 'Give back what is left of a hold; waits for the outcome', body: loyaltySchemas.voidHold, ...ofHold },
  { method: 'post', path: '/customers/:customer_id/loyalty/transactions/:transaction_id/reverse', permission: 'loyalty:reverse', handler: events.reverse,
    summary: 'Take back a purchase, a redemption or a capture, all of it or a part', body: loyaltySchemas.reverse, ...movement,
    problems: [...movement.problems, 'transaction-not-found', 'not-reversible'] },
  { method: 'post', path: '/customers/:customer_id/loyalty/reversals', permission: 'loyalty:reverse', handler: events.refund,
    summary: 'Refund a purchase by its order; parked until the purchase comes', body: loyaltySchemas.refund, ...movement },
  { method: 'post', path: '/customers/:customer_id/loyalty/adjustments', permission: 'loyalty:adjust', handler: adjustments.create,
    summary: 'Correct the balance by hand; above the limit of the role a second person must approve',
    body: loyaltySchemas.adjustment, ...movement, answers: { 200: ledger.adjusted, 202: ledger.adjusted },
    answer_headers: { ...movement.answer_headers, 200: ['Location', 'Idempotent-Replayed', 'Preference-Applied?'] } },
  { method: 'get', path: '/loyalty/adjustments', permission: 'loyalty:adjust', handler: adjustments.list,
    summary: 'Adjustments that needed a second person, the newest first',
    query: ledger.adjustmentQuery, answers: { 200: ledger.adjustmentList } },
  { method: 'get', path: '/loyalty/adjustments/:adjustment_id', permission: 'loyalty:adjust', handler: adjustments.read,
    summary: 'Read one adjustment that needed a second person',
    answers: { 200: ledger.adjustment }, problems: ['adjustment-not-found'] },
  { method: 'post', path: '/loyalty/adjustments/:adjustment_id/approve', permission: 'loyalty:approve', handler: adjustments.approve,
    summary: 'Approve what somebody else asked for; it is applied at once',
    answers: { 200: ledger.decision }, problems: ['adjustment-not-found', 'adjustment-decided', 'second-person-needed', 'customer-not-found'] },
  { method: 'post', path: '/loyalty/adjustments/:adjustment_id/refuse', permission: 'loyalty:approve', handler: adjustments.refuse,
    summary: 'Refuse what somebody else asked for',
    answers: { 200: ledger.decision }, problems: ['adjustment-not-found', 'adjustment-decided', 'second-person-needed'] },

  { method: 'get', path: '/customers/:customer_id/loyalty/transactions', permission: 'loyalty:read', handler: history.list,
    summary: 'The history of a loyalty account, each line explained',
    query: ledger.listQuery, answers: { 200: ledger.transactionList }, problems: ['customer-not-found'] },
  { method: 'get', path: '/customers/:customer_id/loyalty/transactions/:transaction_id', permission: 'loyalty:read', handler: history.read,
    summary: 'Read one transaction: pending, parked, applied or rejected',
    answers: { 200: ledger.transaction }, problems: ['customer-not-found', 'transaction-not-found'] },
  { method: 'get', path: '/customers/:customer_id/loyalty', permission: 'loyalty:read', handler: account.balance,
    summary: 'The balance, and what is missing to the next tier; or the balance of another moment',
    query: ledger.balanceQuery, answers: { 200: ledger.balanceOrBooked }, problems: ['customer-not-found'] },
  { method: 'get', path: '/customers/:customer_id/loyalty/expirations', permission: 'loyalty:read', handler: account.lapsing,
    summary: 'Which points lapse when', answers: { 200: ledger.lapsing }, problems: ['customer-not-found'] },
  { method: 'get', path: '/customers/:customer_id/loyalty/tiers', permission: 'loyalty:read', handler: account.tiers,
    summary: 'Every move between tiers, the newest first',
    query: ledger.pageQuery, answers: { 200: ledger.tierList }, problems: ['customer-not-found'] },
  { method: 'post', path: '/loyalty/transactions/batch', permission: 'loyalty:ingest', handler: batch.ingest,
    summary: 'Post up to 1,000 events at once, as a till does that was offline',
    query: loyaltySchemas.batchQuery, body: loyaltySchemas.batch, consumes: ['application/json', 'application/x-ndjson'],
    max_bytes: 1_048_576, max_items: loyaltySchemas.MAX_BATCH, answers: { 207: loyaltySchemas.batchAnswer }, problems: ['batch-refused', 'outcome-unknown'] },
  { method: 'get', path: '/loyalty/programme', permission: 'loyalty:rules', handler: programme.read,
    summary: 'The rules in force, and every version there was and will be',
    answers: { 200: programmeSchemas.programmeAnswer }, answer_headers: { 200: ['ETag'] } },
  { method: 'put', path: '/loyalty/programme', permission: 'loyalty:configure', handler: programme.write,
    summary: 'Write a new version of the rules, or ask what it would do to tiers',
    headers: ['If-Match'], query: programmeSchemas.programmeQuery, body: programmeSchemas.programme,
    answers: { 200: programmeSchemas.dryRun, 201: programmeSchemas.version }, answer_headers: { 201: ['ETag', 'Location'] },
    problems: ['programme-changed', 'value-refused', 'invalid-header'] },
  { method: 'get', path: '/loyalty/verify', permission: 'loyalty:verify', handler: programme.verify,
    summary: 'Fold the ledgers of some accounts again, and say what differs',
    query: programmeSchemas.verifyQuery, answers: { 200: programmeSchemas.verified } },
  { method: 'get', path: '/loyalty/liability', permission: 'analytics:read', handler: programme.liability,
    summary: 'Points outstanding by the month in which they lapse',
    answers: { 200: programmeSchemas.liability } },
  { method: 'get', path: '/test-clock', permission: 'loyalty:clock', handler: clock.read,
    summary: "The ledger's clock; only where TEST_CLOCK=1 is set, never in production",
    answers: { 200: clockSchemas.clock }, problems: ['not-found'] },
  { method: 'put', path: '/test-clock', permission: 'loyalty:clock', handler: clock.set,
    summary: 'Travel in time, to see points lapse and tiers end; only where TEST_CLOCK=1 is set',
    body: clockSchemas.setClock, answers: { 200: clockSchemas.clock }, problems: ['not-found', 'value-refused'] },
  { method: 'get', path: '/audit', permission: 'audit:read', handler: audit.list,
    summary: 'Who changed what of whom and why, the newest first',
    query: auditSchemas.listQuery, answers: { 200: auditSchemas.entryList } },
  { method: 'get', path: '/events', permission: 'events:read', handler: feed.list,
    summary: 'What happened after an event, the oldest first: ask again with `next_after` for what happens next',
    query: feedSchemas.listQuery, answers: { 200: feedSchemas.eventList }, problems: ['events-gone'] },

  { method: 'post', path: '/webhook-endpoints', permission: 'webhooks:manage', handler: webhooks.create,
    summary: 'Have events sent to a URL; the answer has the secret that signs them, this once',
    body: webhookSchemas.newEndpoint, answers: { 201: webhookSchemas.madeEndpoint }, answer_headers: { 201: ['Location'] },
    problems: ['value-refused'] },
  { method: 'get', path: '/webhook-endpoints', permission: 'webhooks:manage', handler: webhooks.list,
    summary: 'Where events are sent to, the newest first',
    query: webhookSchemas.endpointQuery, answers: { 200: webhookSchemas.endpointList } },
  { method: 'get', path: '/webhook-endpoints/:endpoint_id', permission: 'webhooks:manage', handler: webhooks.read,
    summary: 'Read one endpoint', answers: { 200: webhookSchemas.endpoint }, problems: ['endpoint-not-found'] },
  { method: 'patch', path: '/webhook-endpoints/:endpoint_id', permission: 'webhooks:manage', handler: webhooks.change,
    summary: 'Change the named fields of an endpoint, or enable it again',
    body: webhookSchemas.changeEndpoint, consumes: ['application/merge-patch+json', 'application/json'],
    answers: { 200: webhookSchemas.endpoint }, problems: ['endpoint-not-found'] },
  { method: 'delete', path: '/webhook-endpoints/:endpoint_id', permission: 'webhooks:manage', handler: webhooks.remove,
    summary: 'Delete an endpoint with all that was to be sent to it', answers: { 204: null }, problems: ['endpoint-not-found'] },
  { method: 'post', path: '/webhook-endpoints/:endpoint_id/secret/rotate', permission: 'webhooks:manage', handler: webhooks.rotate,
    summary: 'Make a new secret; the one before signs as well for 24 hours',
    answers: { 200: webhookSchemas.rotatedSecret }, problems: ['endpoint-not-found'] },
  { method: 'post', path: '/webhook-endpoints/:endpoint_id/test', permission: 'webhooks:manage', handler: webhooks.test,
    summary: 'Send a `webhook.test` event now, and see what comes back',
    answers: { 200: webhookSchemas.tested }, problems: ['endpoint-not-found'] },
  { method: 'get', path: '/webhook-endpoints/:endpoint_id/deliveries', permission: 'webhooks:manage', handler: webhooks.deliveries,
    summary: 'What was sent to an endpoint, or is to be, and what came of it; the newest event first',
    query: webhookSchemas.deliveryQuery, answers: { 200: webhookSchemas.deliveryList }, problems: ['endpoint-not-found'] },
  { method: 'post', path: '/webhook-endpoints/:endpoint_id/replay', permission: 'webhooks:manage', handler: webhooks.replay,
    summary: 'Send events again: those named, or those of a time, up to 5,000 at once',
    body: webhookSchemas.replay, answers: { 202: webhookSchemas.replayed }, problems: ['endpoint-not-found'] },

  { method: 'get', path: '/me', permission: 'me:read', handler: me.read,
    summary: 'Who the token says asks, and what they may do',
    answers: { 200: meSchemas.me } },

  { method: 'get', path: '/health', permission: 'public', handler: ops.health,
    summary: 'Whether requests can be accepted, and each dependency',
    answers: { 200: opsSchemas.health, 503: opsSchemas.health } },
  { method: 'get', path: '/openapi.json', permission: 'public', handler: ops.openapi, summary: 'The OpenAPI document' },
  { method: 'get', path: '/docs', permission: 'public', handler: ops.docs, summary: 'The documentation page' },
  { method: 'get', path: '/docs/:file', permission: 'public', handler: ops.docsAsset, summary: 'Files of the documentation page' },
  { method: 'get', path: '/console', permission: 'public', handler: desk.page, summary: 'The console of the people at the desk' },
  { method: 'get', path: '/console/config.json', permission: 'public', handler: desk.config, summary: 'Where the people of the console sign in' },
  { method: 'get', path: '/console/:file', permission: 'public', handler: desk.asset, summary: 'Files of the console' },
  { method: 'get', path: '/problems', permission: 'public', handler: ops.problems, summary: 'Every problem there is' },
  { method: 'get', path: '/problems/:code', permission: 'public', handler: ops.problem, summary: 'What a problem means' },
];
