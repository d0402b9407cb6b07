// The shared package: models, tier rules, permissions and the one decision about points. No I/O, no dependencies.

export { type Applied, applyTransactions, type Rules } from './apply-transactions.ts';
export {
  AUDIT_ACTIONS,
  type AuditAction,
  type AuditEntry,
  type Change,
  type Changes,
  changesBetween,
} from './audit-entry.ts';
export {
  type Attempted,
  DELIVERY_STATUSES,
  type DeliveryDecision,
  type DeliveryStatus,
  DISABLED_REASONS,
  type DisabledReason,
  decideDelivery,
  ENDPOINT_STATUSES,
  type EndpointStatus,
  RETRY_S,
  retryAfterSeconds,
} from './deliveries.ts';
export { DUPLICATE_REASONS, type DuplicateReason, duplicateScore } from './duplicates.ts';
export { DomainError, type ErrorCode, type FieldError } from './errors.ts';
export { EVENT_TYPES, type EventType, EXPIRING_DAYS, type ServiceEvent } from './events.ts';
export { explain } from './explain.ts';
export { HOLD_SECONDS, HOLD_STATUSES, type HoldStatus, type HoldView, holdStatus, MAX_HOLDS } from './holds.ts';
export { expirations } from './lots.ts';
export * from './loyalty.ts';
export * from './loyalty-balance.ts';
export { mergeProfiles, overfullLists, PROFILE_LIMITS } from './merge-profiles.ts';
export * from './models.ts';
export {
  adjustmentLimitOf,
  isRole,
  PERMISSIONS,
  type Permission,
  POLICY,
  ROLES,
  type Role,
  type Scope,
  scopeOf,
} from './permissions.ts';
export {
  type Campaign,
  CURRENCIES,
  type ExpiryRule,
  type ItemMultiplier,
  MAX_AMOUNT_MINOR,
  MAX_POINTS,
  PROGRAMME,
  type Programme,
  type ProgrammeRules,
  type Programmes,
  programmeAt,
  type TierRule,
} from './programme.ts';
export { type Purchase, type PurchasePoints, pointsForPurchase } from './purchase.ts';
export { tierAtChange, tierFor, tierProgress } from './tiers.ts';
export { availablePoints, type Outcome, type ReversalTarget, TIER_CHANGE_REASONS, type TierChange } from './work.ts';
