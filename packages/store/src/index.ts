// The only door to PostgreSQL: one module a table, and the one SQL transaction that moves points.

export { type Accepted, acceptTogether, acceptTransactions, type NewTransaction } from './accept-transactions.ts';
export { type Period, type Summary, summarise } from './analytics.ts';
export { applyApart, applyPending } from './apply-pending.ts';
export { type AuditDifference, auditAccounts } from './audit.ts';
export { type Actor, type AuditFilter, listAudit } from './audit-log.ts';
export { type Database, type DatabaseOptions, databaseAnswers, openDatabase } from './connect.ts';
export { type CustomerFilter, RANGES } from './customer-filter.ts';
export { type CustomerRow, insertCustomer, readCustomer, updateCustomer } from './customers.ts';
export { type DuplicateCustomer, type DuplicatePair, listDuplicates, type PairKey } from './duplicates.ts';
export { eraseCustomer } from './erase-customer.ts';
export { type CustomerExport, exportCustomer } from './export-customer.ts';
export { isStorageFault, isValueFault } from './faults.ts';
export {
  CUSTOMER_SORTS,
  type CustomerList,
  type CustomerSort,
  countCustomers,
  listCustomers,
  type Place,
} from './list-customers.ts';
export { isOpen, readAccounts, readBalance } from './loyalty-accounts.ts';
export {
  listOverdueCustomers,
  listTransactions,
  previewPending,
  readTransaction,
  type TransactionFilter,
} from './loyalty-transactions.ts';
export { type Merge, mergeCustomers } from './merge-customers.ts';
export { readMergedInto } from './merged-customers.ts';
export { assertReady, migrate } from './migrate.ts';
