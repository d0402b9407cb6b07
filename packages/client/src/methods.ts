// The operations as methods. Ids come first, then what is sent, then how. They add nothing to the request but names:
// `options` has signal and repeatable; for a movement idempotency_key and wait; for a change if_match.

import type {
  BookedBalance,
  DryRun,
  LoyaltyBalance,
  LoyaltyTransaction,
  Programme,
  ProgrammeDryRun,
  ServiceEvent,
} from './contract.ts';
import type {
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
import { pause } from './request.ts';

type Ask = <Name extends OperationName>(name: Name, call: Call<Name>) => Promise<AnswerOf<Name>>;
type List = <Name extends ListName>(name: Name, call: Call<Name>) => AsyncGenerator<ItemOf<Name>, void, void>;

const CUSTOMER = '/customers/{customer_id}';
const ACCOUNT = '/customers/{customer_id}/loyalty';
const HOLD = '/customers/{customer_id}/loyalty/holds/{hold_id}';
const TRANSACTION = '/customers/{customer_id}/loyalty/transactions/{transaction_id}';
const ENDPOINT = '/webhook-endpoints/{endpoint_id}';
const ADJUSTMENT = '/loyalty/adjustments/{adjustment_id}';

export const customers = (ask: Ask, list: List) => ({
  /** Sent once: nobody could tell whether a second one is another person. Say `repeatable` when it has an email or an id. */
  create: (body: BodyOf<'POST /customers'>, options?: CallOptions) => ask('POST /customers', { body, ...options }),
  /** Up to 500, made or changed by `external_id`: who is in already is recognised, so that it may be sent again. */
  batch: (body: BodyOf<'POST /customers/batch'>, options?: CallOptions) =>
    ask('POST /customers/batch', { body, repeatable: true, ...options }),
  /** What that would do; writes nothing. */
  tryBatch: (body: BodyOf<'POST /customers/batch'>, options?: CallOptions) =>
    ask('POST /customers/batch', { query: { dry_run: true }, body, repeatable: true, ...options }),
  get: (customer_id: string, options?: CallOptions) => ask(`GET ${CUSTOMER}`, { path: { customer_id }, ...options }),
  /** Searches by `search`, filters and sorts. */
  list: (query: QueryOf<'GET /customers'> = {}, options?: CallOptions) => list('GET /customers', { query, ...options }),
  /** Changes the fields named. */
  update: (customer_id: string, body: BodyOf<`PUT ${typeof CUSTOMER}`>, options?: ChangeOptions) =>
    ask(`PUT ${CUSTOMER}`, { path: { customer_id }, body, ...options }),
  /** Changes by JSON Merge Patch. */
  patch: (customer_id: string, body: BodyOf<`PATCH ${typeof CUSTOMER}`>, options?: ChangeOptions) =>
    ask(`PATCH ${CUSTOMER}`, { path: { customer_id }, body, ...options }),
  /** Erases the person; the ledger stays. After a lost answer the second attempt may say `NotFoundError`. */
  erase: (customer_id: string, query: QueryOf<`DELETE ${typeof CUSTOMER}`> = {}, options?: CallOptions) =>
    ask(`DELETE ${CUSTOMER}`, { path: { customer_id }, query, ...options }),
  /** Everything that is held on the person. */
  export: (customer_id: string, options?: CallOptions) =>
    ask(`GET ${CUSTOMER}/export`, { path: { customer_id }, ...options }),
  /** Merges another record of the same person into this one. */
  merge: (customer_id: string, body: BodyOf<`POST ${typeof CUSTOMER}/merge`>, options?: CallOptions) =>
    ask(`POST ${CUSTOMER}/merge`, { path: { customer_id }, body, ...options }),
  /** Pairs of records that may be of one person. */
  duplicates: (options?: CallOptions) => list('GET /customers/duplicates', { ...options }),
});

export const loyalty = (ask: Ask, list: List) => ({
  /** Points by a purchase (`amount_minor`, `currency`) or as a bonus (`points`). */
  earn: (customer_id: string, body: BodyOf<`POST ${typeof ACCOUNT}/earn`>, options?: MovementOptions) =>
    ask(`POST ${ACCOUNT}/earn`, { path: { customer_id }, body, ...options }) as Promise<LoyaltyTransaction>,
  /** Not enough points is no error: the transaction is `rejected`, and `rejection_code` says why. */
  redeem: (customer_id: string, body: BodyOf<`POST ${typeof ACCOUNT}/redeem`>, options?: MovementOptions) =>
    ask(`POST ${ACCOUNT}/redeem`, { path: { customer_id }, body, ...options }) as Promise<LoyaltyTransaction>,
  /** What earning would do right now; writes nothing. */
  tryEarn: (customer_id: string, body: BodyOf<`POST ${typeof ACCOUNT}/earn`>, options?: CallOptions) =>
    ask(`POST ${ACCOUNT}/earn`, {
      path: { customer_id },
      query: { dry_run: true },
      body,
      ...options,
    }) as Promise<DryRun>,
  /** What redeeming would do right now; writes nothing. */
  tryRedeem: (customer_id: string, body: BodyOf<`POST ${typeof ACCOUNT}/redeem`>, options?: CallOptions) =>
    ask(`POST ${ACCOUNT}/redeem`, {
      path: { customer_id },
      query: { dry_run: true },
      body,
      ...options,
    }) as Promise<DryRun>,
  /** Takes back a purchase, a redemption or a capture: all that is left, or the part that `body` names. */
  reverse: (
    ids: Ids<'transaction_id'>,
    body: BodyOf<`POST ${typeof TRANSACTION}/reverse`> = {},
    options?: MovementOptions,
  ) => ask(`POST ${TRANSACTION}/reverse`, { path: ids, body, ...options }),
  /** A refund that knows its order alone; parked until the purchase comes. */
  refund: (customer_id: string, body: BodyOf<`POST ${typeof ACCOUNT}/reversals`>, options?: MovementOptions) =>
    ask(`POST ${ACCOUNT}/reversals`, { path: { customer_id }, body, ...options }),
  /** By hand, with a reason; above the limit of the role the answer is an adjustment that waits for a second person. */
  adjust: (customer_id: string, body: BodyOf<`POST ${typeof ACCOUNT}/adjustments`>, options?: MovementOptions) =>
    ask(`POST ${ACCOUNT}/adjustments`, { path: { customer_id }, body, ...options }),
  /** Up to 1,000 events of any customers, each with a key of its own, which must be kept until it is answered. */
  batch: (body: BodyOf<'POST /loyalty/transactions/batch'>, options?: CallOptions) =>
    ask('POST /loyalty/transactions/batch', { body, ...options }),
  balance: (customer_id: string, options?: CallOptions) =>
    ask(`GET ${ACCOUNT}`, { path: { customer_id }, ...options }) as Promise<LoyaltyBalance>,
  /** What was booked at a moment. */
  balanceAt: (customer_id: string, as_of: string, options?: CallOptions) =>
    ask(`GET ${ACCOUNT}`, { path: { customer_id }, query: { as_of }, ...options }) as Promise<BookedBalance>,
  /** Which points lapse when. */
  expirations: (customer_id: string, options?: CallOptions) =>
    ask(`GET ${ACCOUNT}/expirations`, { path: { customer_id }, ...options }),
  /** Every move between tiers, the newest first. */
  tiers: (customer_id: string, options?: CallOptions) =>
    list(`GET ${ACCOUNT}/tiers`, { path: { customer_id }, ...options }),
  transaction: (ids: Ids<'transaction_id'>, options?: CallOptions) =>
    ask(`GET ${TRANSACTION}`, { path: ids, ...options }),
  /** The history, each line explained. */
  transactions: (
    customer_id: string,
    query: QueryOf<`GET ${typeof ACCOUNT}/transactions`> = {},
    options?: CallOptions,
  ) => list(`GET ${ACCOUNT}/transactions`, { path: { customer_id }, query, ...options }),
  /** Folds the ledgers of some accounts again, and says what differs. */
  verify: (query: QueryOf<'GET /loyalty/verify'> = {}, options?: CallOptions) =>
    ask('GET /loyalty/verify', { query, ...options }),
  /** Points outstanding by the month in which they lapse. */
  liability: (options?: CallOptions) => ask('GET /loyalty/liability', { ...options }),
});

/** Of something that belongs to a customer. */
type Ids<Own extends string> = Record<'customer_id' | Own, string>;

/** Points set aside, then captured or given back. The service waits 5 s for the outcome unless `wait` says otherwise. */
export const holds = (ask: Ask, list: List) => ({
  create: (customer_id: string, body: BodyOf<`POST ${typeof ACCOUNT}/holds`>, options?: MovementOptions) =>
    ask(`POST ${ACCOUNT}/holds`, { path: { customer_id }, body, ...options }),
  get: (ids: Ids<'hold_id'>, options?: CallOptions) => ask(`GET ${HOLD}`, { path: ids, ...options }),
  /** Those that are open, the newest first. */
  list: (customer_id: string, options?: CallOptions) =>
    list(`GET ${ACCOUNT}/holds`, { path: { customer_id }, ...options }),
  /** Redeems what is on hold, or the part that `body` names. */
  capture: (ids: Ids<'hold_id'>, body: BodyOf<`POST ${typeof HOLD}/capture`> = {}, options?: MovementOptions) =>
    ask(`POST ${HOLD}/capture`, { path: ids, body, ...options }),
  /** Gives back what is left of it. */
  void: (ids: Ids<'hold_id'>, body: BodyOf<`POST ${typeof HOLD}/void`> = {}, options?: MovementOptions) =>
    ask(`POST ${HOLD}/void`, { path: ids, body, ...options }),
});

/** Those that needed a second person. */
export const adjustments = (ask: Ask, list: List) => ({
  get: (adjustment_id: string, options?: CallOptions) =>
    ask(`GET ${ADJUSTMENT}`, { path: { adjustment_id }, ...options }),
  list: (query: QueryOf<'GET /loyalty/adjustments'> = {}, options?: CallOptions) =>
    list('GET /loyalty/adjustments', { query, ...options }),
  approve: (adjustment_id: string, options?: CallOptions) =>
    ask(`POST ${ADJUSTMENT}/approve`, { path: { adjustment_id }, ...options }),
  refuse: (adjustment_id: string, options?: CallOptions) =>
    ask(`POST ${ADJUSTMENT}/refuse`, { path: { adjustment_id }, ...options }),
});

export const programme = (ask: Ask) => ({
  /** The rules in force, and every version there was and will be. */
  get: (options?: CallOptions) => ask('GET /loyalty/programme', { ...options }),
  /** Writes a new version. */
  put: (body: BodyOf<'PUT /loyalty/programme'>, options?: ChangeOptions) =>
    ask('PUT /loyalty/programme', { body, ...options }) as Promise<Programme>,
  /** Who would change tier; writes nothing. */
  try: (body: BodyOf<'PUT /loyalty/programme'>, options?: ChangeOptions) =>
    ask('PUT /loyalty/programme', { query: { dry_run: true }, body, ...options }) as Promise<ProgrammeDryRun>,
});

/** Events, sent to a URL as they happen. */
export const webhooks = (ask: Ask, list: List) => ({
  /** The answer has the secret that signs what is sent: keep it, it is not shown again. */
  create: (body: BodyOf<'POST /webhook-endpoints'>, options?: CallOptions) =>
    ask('POST /webhook-endpoints', { body, ...options }),
  get: (endpoint_id: string, options?: CallOptions) => ask(`GET ${ENDPOINT}`, { path: { endpoint_id }, ...options }),
  list: (options?: CallOptions) => list('GET /webhook-endpoints', { ...options }),
  /** Changes the fields named; `status: 'enabled'` has what waited sent. */
  update: (endpoint_id: string, body: BodyOf<`PATCH ${typeof ENDPOINT}`>, options?: CallOptions) =>
    ask(`PATCH ${ENDPOINT}`, { path: { endpoint_id }, body, ...options }),
  /** After a lost answer the second attempt may say `NotFoundError`. */
  delete: (endpoint_id: string, options?: CallOptions) =>
    ask(`DELETE ${ENDPOINT}`, { path: { endpoint_id }, ...options }),
  /** Makes a new secret; the one before signs as well for 24 hours. */
  rotateSecret: (endpoint_id: string, options?: CallOptions) =>
    ask(`POST ${ENDPOINT}/secret/rotate`, { path: { endpoint_id }, ...options }),
  /** Sends something now, and tells what came back. */
  test: (endpoint_id: string, options?: CallOptions) =>
    ask(`POST ${ENDPOINT}/test`, { path: { endpoint_id }, repeatable: true, ...options }),
  /** What was sent, or is to be, and what came of it. */
  deliveries: (endpoint_id: string, query: QueryOf<`GET ${typeof ENDPOINT}/deliveries`> = {}, options?: CallOptions) =>
    list(`GET ${ENDPOINT}/deliveries`, { path: { endpoint_id }, query, ...options }),
  /** Has events sent again, by their ids or those of a time. */
  replay: (endpoint_id: string, body: BodyOf<`POST ${typeof ENDPOINT}/replay`>, options?: CallOptions) =>
    ask(`POST ${ENDPOINT}/replay`, { path: { endpoint_id }, body, repeatable: true, ...options }),
});

export const analytics = (ask: Ask) => ({
  /** Customers, points and spend, of all time or of a period. */
  summary: (query: QueryOf<'GET /customers/analytics/summary'> = {}, options?: CallOptions) =>
    ask('GET /customers/analytics/summary', { query, ...options }),
  /** One figure day by day. */
  daily: (query: QueryOf<'GET /customers/analytics/daily'>, options?: CallOptions) =>
    ask('GET /customers/analytics/daily', { query, ...options }),
  /** Who joined in a month, and how many of them bought in each month after. */
  cohorts: (query: QueryOf<'GET /customers/analytics/cohorts'> = {}, options?: CallOptions) =>
    ask('GET /customers/analytics/cohorts', { query, ...options }),
});

export const events = (ask: Ask) => ({
  /**
   * What happened after `after`, in order; without it from the oldest that is kept. Ends with the newest, or goes on for
   * ever and asks every `follow_ms` for more. Keep the id of the last one you have handled, and go on after it.
   */
  async *list(
    query: QueryOf<'GET /events'> = {},
    { follow_ms, ...options }: CallOptions & { follow_ms?: number } = {},
  ): AsyncGenerator<ServiceEvent, void, void> {
    const limit = query.limit ?? 1_000;
    let after = query.after;
    for (;;) {
      const page = await ask('GET /events', { query: { ...query, limit, ...(after && { after }) }, ...options });
      yield* page.items;
      after = page.next_after ?? after;
      if (page.items.length === limit) continue;
      if (follow_ms === undefined) return;
      await pause(follow_ms, options.signal);
    }
  },
});
