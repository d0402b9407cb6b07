// The refusals the core can give before a transaction is accepted. A transaction that was accepted is never
// refused this way: it becomes `rejected` on its row. Knows no HTTP status: apps/api/src/problems.ts maps each code.

export type ErrorCode =
  | 'customer-not-found'
  | 'transaction-not-found'
  | 'hold-not-found'
  | 'customer-exists'
  | 'customer-merged'
  | 'customer-quarantined'
  | 'version-mismatch'
  | 'idempotency-key-reused'
  | 'external-reference-reused'
  | 'adjustment-not-found'
  | 'events-gone'
  | 'adjustment-decided'
  | 'second-person-needed'
  | 'programme-changed'
  | 'endpoint-not-found'
  | 'value-refused'
  | 'storage-unavailable'
  | 'outcome-unknown';

/** `pointer` is an RFC 6901 JSON pointer into the request's body. */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[];

  constructor(code: ErrorCode, detail: string, errors: FieldError[] = []) {
    super(detail);
    this.name = 'DomainError';
    this.code = code;
    this.errors = errors;
  }
}
