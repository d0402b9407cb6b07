// The only door to PostgreSQL: one module a table, and the one SQL transaction that moves points.

export { type Accepted, acceptTogether, acceptTransactions, type NewTransaction } from './accept-transactions.ts';
export { type ActivityReport, activityOf, type LivingProcess, listProcesses, readActivity } from './activity.ts';
export {
  type Adjustment,
  type AdjustmentFilter,
  decideAdjustment,
  listAdjustments,
  readAdjustment,
  readRequest,
  requestAdjustment,
} from './adjustments.ts';
export { type Period, type Summary, summarise } from './analytics.ts';
export { auditFigures, type FigureDifference } from './analytics-audit.ts';
export { type Cohort, listCohorts } from './analytics-cohorts.ts';
export { DAILY_METRICS, type DailyMetric, type Day, listDays } from './analytics-days.ts';
export { foldAnalytics } from './analytics-fold.ts';
export { type AppliedRun, applyApart, applyPending } from './apply-pending.ts';
export { type AuditDifference, type AuditPage, auditAccounts, auditPage } from './audit.ts';
export { type Actor, type AuditFilter, listAudit } from './audit-log.ts';
export {
  countWaiting,
  listWaiting,
  readTransactionLife,
  type TransactionLife,
  type Waiting,
  type WaitingTransaction,
} from './backlog.ts';
export {
  type Database,
  type DatabaseOptions,
  databaseAnswers,
  openDatabase,
  type PoolUsage,
  poolUsage,
} from './connect.ts';
export { type CustomerFilter, RANGES } from './customer-filter.ts';
export {
  accountOf,
  type CustomerRow,
  insertCustomer,
  profileOf,
  readCustomer,
  updateCustomer,
} from './customers.ts';
export { type DuplicateCustomer, type DuplicatePair, listDuplicates, type PairKey } from './duplicates.ts';
export { eraseCustomer } from './erase-customer.ts';
export {
  announceExpiring,
  type EventFilter,
  forgetEvents,
  KEPT_DAYS,
  listEvents,
  publishEvents,
  readEvents,
} from './events.ts';
export { type CustomerExport, exportCustomer } from './export-customer.ts';
export { isProven, type LedgerLine, type LedgerPart, readLedger } from './export-ledger.ts';
export { isStorageFault, isValueFault } from './faults.ts';
export { type BookedBalance, listTierChanges, readBooked, type TierChangeRow } from './history.ts';
export { type HoldRow, readHolds } from './holds.ts';
export { type Imported, type ImportedCustomer, importCustomers } from './import-customers.ts';
export { type Liability, readLiability } from './liability.ts';
export {
  CUSTOMER_SORTS,
  type CustomerList,
  type CustomerSort,
  countCustomers,
  listCustomers,
  type Place,
} from './list-customers.ts';
export { isOpen, listLapsed, readAccounts, readBalance } from './loyalty-accounts.ts';
export {
  listOverdueCustomers,
  listTransactions,
  readTransaction,
  type TransactionFilter,
} from './loyalty-transactions.ts';
export { type Merge, mergeCustomers } from './merge-customers.ts';
export { readMergedInto } from './merged-customers.ts';
export { assertReady, migrate } from './migrate.ts';
export { type Backlog, readBacklog, readUpkeep, type Upkeep } from './ops.ts';
export { type AccountView, hasLapsed, type Preview, previewAccounts, previewTransaction } from './preview.ts';
export { addProgramme, ledgerNow, type NewProgramme, readAllAccounts, readProgrammes } from './programmes.ts';
export {
  isQuarantined,
  listQuarantined,
  type Quarantined,
  QuarantinedError,
  releaseQuarantined,
} from './quarantine.ts';
export { lastReconciliation, type Reconciliation, reconcile, saveReconciliation } from './reconciliations.ts';
export { requalifySome } from './requalify.ts';
export { setTestClock } from './test-clock.ts';
export {
  type ClaimedDelivery,
  claimDeliveries,
  type Delivery,
  type DeliveryBacklog,
  type DeliveryFilter,
  type DeliveryOutcome,
  LEASE_S,
  listDeliveries,
  REPLAYED_AT_ONCE,
  type Replay,
  readDeliveryBacklog,
  recordDeliveries,
  replayDeliveries,
} from './webhook-deliveries.ts';
export {
  addEndpoint,
  deleteEndpoint,
  disableGone,
  type EndpointChange,
  type EndpointPage,
  hasEndpoints,
  listEndpoints,
  readEndpoint,
  readSecrets,
  rotateSecret,
  updateEndpoint,
  type WebhookEndpoint,
} from './webhook-endpoints.ts';
