// The client's one door.

export { type Client, createClient } from './client.ts';
export type * from './contract.ts';
export type { KeyStore } from './keys.ts';
export type {
  Answer,
  AnswerOf,
  BodyOf,
  Call,
  CallOptions,
  ChangeOptions,
  ItemOf,
  ListName,
  MovementOptions,
  OperationName,
  QueryOf,
} from './operations.ts';
export {
  AuthenticationError,
  ChangedMeanwhileError,
  ConflictError,
  IdempotencyKeyReusedError,
  NoAnswerError,
  NotFoundError,
  PermissionError,
  ProblemError,
  type ProblemField,
  RateLimitedError,
  UnavailableError,
  ValidationError,
} from './problems.ts';
export type { ClientOptions } from './request.ts';
export { type ReceivedWebhook, type VerifiedWebhook, verifyWebhook, WebhookVerificationError } from './webhooks.ts';
