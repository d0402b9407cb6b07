// The types of the contract in the form in which they are called: what an operation is given, and which ones are lists.

import type { Operations } from './contract.ts';

/** An operation as the document names it: `POST /customers/{customer_id}/loyalty/earn`. */
export type OperationName = keyof Operations;

export type AnswerOf<Name extends OperationName> = Operations[Name]['answer'];

/** What an operation asks for in its path, query and body. */
type Given<Name extends OperationName> = Pick<
  Operations[Name],
  Extract<keyof Operations[Name], 'path' | 'query' | 'body'>
>;

type HeaderOf<Name extends OperationName> = Operations[Name] extends { header: infer Header } ? Header : never;

export interface CallOptions {
  /** Gives up at once; a movement under way may have been accepted, and has the same key when it is asked for again. */
  signal?: AbortSignal;
  /**
   * Whether it is sent again although the request before may have been done. The default is yes for whatever the service
   * recognises or that changes nothing the second time, and no for the rest, such as making a customer.
   */
  repeatable?: boolean;
}

export interface MovementOptions extends CallOptions {
  /**
   * A name of your own for this movement, such as the order id: the same key gives the same transaction, for ever. Without
   * one the client makes a key, keeps it until there is an answer, and makes another one for the next movement.
   */
  idempotency_key?: string;
  /** Seconds, at most 10, that the service may take to answer with the outcome instead of `pending`; 0: don't wait. */
  wait?: number;
}

export interface ChangeOptions extends CallOptions {
  /** The `etag` of what was read: refused with `ChangedMeanwhileError` when somebody has changed it since. */
  if_match?: string;
}

/** The options that an operation knows, by its headers. */
export type OptionsOf<Name extends OperationName> = CallOptions &
  ('Idempotency-Key' extends HeaderOf<Name> ? MovementOptions : object) &
  ('If-Match' extends HeaderOf<Name> ? ChangeOptions : object);

/** All that may be said with a call. */
export type Call<Name extends OperationName> = Given<Name> & OptionsOf<Name>;

export type BodyOf<Name extends OperationName> = Operations[Name] extends { body: infer Body } ? Body : never;
export type QueryOf<Name extends OperationName> = Operations[Name] extends { query?: infer Query }
  ? NonNullable<Query>
  : never;

/** A call needs no argument where nothing is required. */
export type CallArguments<Name extends OperationName> =
  object extends Given<Name> ? [call?: Call<Name>] : [call: Call<Name>];

interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** Operations that answer page by page. */
export type ListName = {
  [Name in OperationName]: AnswerOf<Name> extends Page<unknown> ? Name : never;
}[OperationName];

export type ItemOf<Name extends ListName> = AnswerOf<Name> extends Page<infer Item> ? Item : never;

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}
