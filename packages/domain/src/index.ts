// The shared package: models, tier rules, permissions and the one decision about points. No I/O, no dependencies.

export { applyTransactions, type Outcome } from './apply-transactions.ts';
export {
  AUDIT_ACTIONS,
  type AuditAction,
  type AuditEntry,
  type Change,
  type Changes,
  changesBetween,
} from './audit-entry.ts';
export { DUPLICATE_REASONS, type DuplicateReason, duplicateScore } from './duplicates.ts';
export { DomainError, type ErrorCode, type FieldError } from './errors.ts';
export { mergeProfiles, overfullLists, PROFILE_LIMITS } from './merge-profiles.ts';
export * from './models.ts';
export { isRole, PERMISSIONS, type Permission, POLICY, ROLES, type Role, type Scope, scopeOf } from './permissions.ts';
export {
  MAX_AMOUNT_MINOR,
  MAX_POINTS,
  PROGRAMME,
  type Programme,
  pointsForPurchase,
  type TierRule,
  tierFor,
  tierProgress,
} from './programme.ts';
