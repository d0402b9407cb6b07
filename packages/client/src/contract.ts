// Written by `npm run openapi` from docs/openapi.json: what every operation takes and answers. Change nothing here.

/**
 * The name alone, or with what is known about it; `noted_by` and `noted_at` default to the caller and now
 */
export type NewAllergy =
  | string
  | {
      /**
       * One of celery, cereals-containing-gluten, crustaceans, eggs, fish, lupin, milk, molluscs, mustard, nuts, peanuts, sesame, soybeans, sulphites, or free text
       */
      allergen: string;
      severity?: 'unknown' | 'mild' | 'moderate' | 'severe';
      noted_by?: string | null;
      noted_at?: string;
    };
export type PreferencesPatch = {
  dietary_restrictions?: string[] | null;
  allergies?: NewAllergy[] | null;
  consents?: NewConsent[] | null;
  favorite_cuisines?: string[] | null;
  preferred_payment_method?: string | null;
  notification_channels?: ('email' | 'sms' | 'push' | 'phone' | 'post')[] | null;
  marketing_consent?: boolean | null;
  language?: string | null;
} | null;
/**
 * Why the line is what it is, kept with it; null while it waits, when it was refused, and before this was kept
 */
export type Explanation = {
  /**
   * The version of the programme in force when it happened
   */
  programme_version?: number;
  /**
   * Held before it
   */
  tier?: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  /**
   * Of that tier, in basis points: 10,000 is ×1
   */
  multiplier_bp?: number;
  /**
   * The campaign that counted
   */
  campaign?: string;
  /**
   * What it would have been without a limit of the programme
   */
  uncapped_points?: number;
  lot?: LotTerms;
  /**
   * The lots that the points came from, or went back to, in that order
   */
  allocations?: Lot[];
  hold_id?: string;
  /**
   * Of a hold
   */
  expires_at?: string;
  /**
   * Of an adjustment
   */
  reason_code?: string;
  reversed?: Reversed;
  /**
   * Of a refund: it had waited for its purchase
   */
  parked?: true;
  /**
   * Points that should have gone back and were spent already
   */
  shortfall?: number;
} | null;
export type FieldChange = {
  before?: unknown;
  after?: unknown;
} | null;
/**
 * Either a purchase (`amount_minor` and `currency`) or `points`
 */
export type EarnRequest = {
  /**
   * The purchase in minor units (cents); the programme says the points
   */
  amount_minor?: number;
  currency?: 'AUD' | 'CAD' | 'CHF' | 'CZK' | 'DKK' | 'EUR' | 'GBP' | 'NOK' | 'NZD' | 'PLN' | 'SEK' | 'SGD' | 'USD';
  /**
   * Points given without a purchase, such as a bonus
   */
  points?: number;
  /**
   * Parts of the purchase, for programmes that reward categories or products; together no more than `amount_minor`. Kept for ever: nothing of a person in it
   */
  items?: PurchaseItem[];
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
} & EarnRequest1;
export type EarnRequest1 =
  | {
      points?: never;
    }
  | {
      amount_minor?: never;
      currency?: never;
      items?: never;
    };
export type EventAnswer = LoyaltyTransaction | DryRun;
/**
 * `points`, or `amount_minor` with `currency`, or neither: all that is left
 */
export type ReverseRequest = {
  /**
   * So many points, and nothing of the spend
   */
  points?: number;
  /**
   * So much of the purchase, and the points in proportion
   */
  amount_minor?: number;
  currency?: 'AUD' | 'CAD' | 'CHF' | 'CZK' | 'DKK' | 'EUR' | 'GBP' | 'NOK' | 'NZD' | 'PLN' | 'SEK' | 'SGD' | 'USD';
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
} & ReverseRequest1;
export type ReverseRequest1 =
  | {
      points?: never;
    }
  | {
      amount_minor?: never;
      currency?: never;
    };
/**
 * `points`, or `amount_minor` with `currency`, or neither: all that is left
 */
export type RefundRequest = {
  /**
   * So many points, and nothing of the spend
   */
  points?: number;
  /**
   * So much of the purchase, and the points in proportion
   */
  amount_minor?: number;
  currency?: 'AUD' | 'CAD' | 'CHF' | 'CZK' | 'DKK' | 'EUR' | 'GBP' | 'NOK' | 'NZD' | 'PLN' | 'SEK' | 'SGD' | 'USD';
  /**
   * Of the purchase
   */
  order_id: string;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
} & RefundRequest1;
export type RefundRequest1 =
  | {
      points?: never;
    }
  | {
      amount_minor?: never;
      currency?: never;
    };
export type AdjustmentAnswer = LoyaltyTransaction | Adjustment;
export type BalanceAnswer = LoyaltyBalance | BookedBalance;
/**
 * What is lacking to keep the tier beyond `until`; null where a tier has no end
 */
export type TierKeep = {
  until: string;
  spend_minor: number | null;
  visits: number | null;
  points: number | null;
} | null;
/**
 * Either a purchase (`amount_minor` and `currency`) or `points`
 */
export type EarnEvent = {
  /**
   * The purchase in minor units (cents); the programme says the points
   */
  amount_minor?: number;
  currency?: 'AUD' | 'CAD' | 'CHF' | 'CZK' | 'DKK' | 'EUR' | 'GBP' | 'NOK' | 'NZD' | 'PLN' | 'SEK' | 'SGD' | 'USD';
  /**
   * Points given without a purchase, such as a bonus
   */
  points?: number;
  /**
   * Parts of the purchase, for programmes that reward categories or products; together no more than `amount_minor`. Kept for ever: nothing of a person in it
   */
  items?: PurchaseItem[];
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
  customer_id: string;
  idempotency_key: string;
  type: 'earn';
} & EarnEvent1;
export type EarnEvent1 =
  | {
      points?: never;
    }
  | {
      amount_minor?: never;
      currency?: never;
      items?: never;
    };
/**
 * `points`, or `amount_minor` with `currency`, or neither: all that is left
 */
export type RefundEvent = {
  /**
   * So many points, and nothing of the spend
   */
  points?: number;
  /**
   * So much of the purchase, and the points in proportion
   */
  amount_minor?: number;
  currency?: 'AUD' | 'CAD' | 'CHF' | 'CZK' | 'DKK' | 'EUR' | 'GBP' | 'NOK' | 'NZD' | 'PLN' | 'SEK' | 'SGD' | 'USD';
  /**
   * Of the purchase
   */
  order_id: string;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
  customer_id: string;
  idempotency_key: string;
  type: 'reverse';
} & RefundEvent1;
export type RefundEvent1 =
  | {
      points?: never;
    }
  | {
      amount_minor?: never;
      currency?: never;
    };
export type ServiceEvent = CustomerEvent | MergeEvent | LedgerEvent | TierEvent | ExpiringEvent;
export type WebhookReplay = {
  event_ids?: string[];
  /**
   * Events published from then on
   */
  since?: string;
  /**
   * … and before then
   */
  until?: string;
  /**
   * … of this customer alone
   */
  customer_id?: string;
  /**
   * … after this one: `next_after` of the answer before
   */
  after?: string;
} & WebhookReplay1;
export type WebhookReplay1 =
  | {
      since?: never;
      until?: never;
      customer_id?: never;
      after?: never;
    }
  | {
      event_ids?: never;
    };

export interface Operations {
  /**
   * Create a customer and its loyalty account
   */
  'POST /customers': {
    body: NewCustomer;
    answer: Customer;
  };
  /**
   * List, filter and sort customers, or search for them by what somebody remembers
   */
  'GET /customers': {
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before, with the same filters, search and sort
       */
      cursor?: string;
      /**
       * What somebody remembers: words of the name, email, phone or external id, all of which must fit. Accents, capitals and the way a phone number is written do not matter. The best come first: whole words, beginnings of words, parts, names spelt much like it; the newest first among equals. Not together with `sort`. Of less than three characters, parts are found among the newest 10,000 customers only
       */
      search?: string;
      /**
       * With `-`: descending. `-created` when neither this nor `search` is given
       */
      sort?:
        | 'created'
        | '-created'
        | 'name'
        | '-name'
        | 'points'
        | '-points'
        | 'spent'
        | '-spent'
        | 'last_visit'
        | '-last_visit';
      /**
       * Whether to count all customers of the list: slow when there are very many
       */
      include_total?: boolean;
      status?: 'active' | 'inactive' | 'suspended';
      tier?: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
      email?: string;
      phone?: string;
      external_id?: string;
      /**
       * One of the tags, in any case, with or without accents
       */
      tag?: string;
      /**
       * The city of one of the addresses, in any case, with or without accents
       */
      city?: string;
      /**
       * The country of one of the addresses
       */
      country?: string;
      /**
       * One of the dietary restrictions, in any case, with or without accents
       */
      dietary_restriction?: string;
      /**
       * One of the allergens, in any case, with or without accents
       */
      allergen?: string;
      birthday_month?: number;
      /**
       * The smallest `points_available`
       */
      points_min?: number;
      /**
       * The largest
       */
      points_max?: number;
      /**
       * The smallest `total_spent_minor`
       */
      spent_min?: number;
      /**
       * The largest
       */
      spent_max?: number;
      /**
       * Created at this moment or later
       */
      created_from?: string;
      /**
       * Created before this moment
       */
      created_to?: string;
      /**
       * Updated at this moment or later
       */
      updated_from?: string;
      /**
       * Updated before this moment
       */
      updated_to?: string;
      /**
       * The latest purchase occurred at this moment or later
       */
      last_visit_from?: string;
      /**
       * The latest purchase occurred before this moment
       */
      last_visit_to?: string;
    };
    answer: CustomerList;
  };
  /**
   * Make or change up to 500 customers by their external ids, with the points they bring along
   */
  'POST /customers/batch': {
    query?: {
      /**
       * Answers what it would do, and writes nothing
       */
      dry_run?: boolean;
    };
    body: CustomerBatch;
    answer: CustomerBatchAnswer;
  };
  /**
   * Customers, points and spend in numbers, of all time or of a period
   */
  'GET /customers/analytics/summary': {
    query?: {
      /**
       * First day, UTC, included
       */
      date_from?: string;
      /**
       * Last day, UTC, included
       */
      date_to?: string;
    };
    answer: AnalyticsSummary;
  };
  /**
   * One figure day by day, at most two years of it
   */
  'GET /customers/analytics/daily': {
    query: {
      /**
       * `spend` in minor units; `active_customers` had at least one earn or redeem applied that day
       */
      metric:
        | 'new_customers'
        | 'points_earned'
        | 'points_redeemed'
        | 'points_expired'
        | 'spend'
        | 'visits'
        | 'active_customers';
      /**
       * First day, UTC, included; 29 days before the last one when not given
       */
      date_from?: string;
      /**
       * Last day, UTC, included; today when not given. At most 731 days
       */
      date_to?: string;
      /**
       * Break down by the tier held after the transaction
       */
      by?: 'tier';
    };
    answer: AnalyticsDaily;
  };
  /**
   * Who joined in a month, and how many of them bought in each month after
   */
  'GET /customers/analytics/cohorts': {
    query?: {
      /**
       * How many months of joining, and after it
       */
      months?: number;
      /**
       * Last month, UTC, included; the one that is when not given
       */
      month_to?: string;
    };
    answer: AnalyticsCohorts;
  };
  /**
   * Pairs of records that may be of one person, the newest first; a page may be short and have a next one
   */
  'GET /customers/duplicates': {
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
    };
    answer: DuplicatePairList;
  };
  /**
   * Read a customer with its loyalty account
   */
  'GET /customers/{customer_id}': {
    path: {
      customer_id: string;
    };
    header: 'If-None-Match';
    answer: Customer;
  };
  /**
   * Change the named fields of a customer
   */
  'PUT /customers/{customer_id}': {
    path: {
      customer_id: string;
    };
    header: 'If-Match';
    body: CustomerChange;
    answer: Customer;
  };
  /**
   * Change a customer by JSON Merge Patch
   */
  'PATCH /customers/{customer_id}': {
    path: {
      customer_id: string;
    };
    header: 'If-Match';
    body: CustomerPatch;
    answer: Customer;
  };
  /**
   * Erase the person; the ledger stays and still adds up
   */
  'DELETE /customers/{customer_id}': {
    path: {
      customer_id: string;
    };
    query?: {
      /**
       * Why; kept in the audit log, so say nothing of the person in it
       */
      reason?: string;
    };
    answer: null;
  };
  /**
   * Everything that is held on the person
   */
  'GET /customers/{customer_id}/export': {
    path: {
      customer_id: string;
    };
    answer: CustomerExport;
  };
  /**
   * Merge another record of the same person into this one
   */
  'POST /customers/{customer_id}/merge': {
    path: {
      customer_id: string;
    };
    body: MergeRequest;
    answer: Customer;
  };
  /**
   * Earn points by a purchase, or as a bonus
   */
  'POST /customers/{customer_id}/loyalty/earn': {
    path: {
      customer_id: string;
    };
    query?: {
      /**
       * Answers what it would do right now, after all that waits, and writes nothing; Idempotency-Key is not asked for
       */
      dry_run?: boolean;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: EarnRequest;
    answer: EventAnswer | LoyaltyTransaction;
  };
  /**
   * Redeem points
   */
  'POST /customers/{customer_id}/loyalty/redeem': {
    path: {
      customer_id: string;
    };
    query?: {
      /**
       * Answers what it would do right now, after all that waits, and writes nothing; Idempotency-Key is not asked for
       */
      dry_run?: boolean;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: RedeemRequest;
    answer: EventAnswer | LoyaltyTransaction;
  };
  /**
   * Set points aside for a while; waits for the outcome
   */
  'POST /customers/{customer_id}/loyalty/holds': {
    path: {
      customer_id: string;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: HoldRequest;
    answer: LoyaltyTransaction;
  };
  /**
   * The open holds, the newest first
   */
  'GET /customers/{customer_id}/loyalty/holds': {
    path: {
      customer_id: string;
    };
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
    };
    answer: HoldList;
  };
  /**
   * Read one hold: what was captured of it, and what is left
   */
  'GET /customers/{customer_id}/loyalty/holds/{hold_id}': {
    path: {
      customer_id: string;
      hold_id: string;
    };
    answer: Hold;
  };
  /**
   * Redeem what is on hold, or a part of it; waits for the outcome
   */
  'POST /customers/{customer_id}/loyalty/holds/{hold_id}/capture': {
    path: {
      customer_id: string;
      hold_id: string;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: CaptureRequest;
    answer: LoyaltyTransaction;
  };
  /**
   * Give back what is left of a hold; waits for the outcome
   */
  'POST /customers/{customer_id}/loyalty/holds/{hold_id}/void': {
    path: {
      customer_id: string;
      hold_id: string;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: VoidRequest;
    answer: LoyaltyTransaction;
  };
  /**
   * Take back a purchase, a redemption or a capture, all of it or a part
   */
  'POST /customers/{customer_id}/loyalty/transactions/{transaction_id}/reverse': {
    path: {
      customer_id: string;
      transaction_id: string;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: ReverseRequest;
    answer: LoyaltyTransaction;
  };
  /**
   * Refund a purchase by its order; parked until the purchase comes
   */
  'POST /customers/{customer_id}/loyalty/reversals': {
    path: {
      customer_id: string;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: RefundRequest;
    answer: LoyaltyTransaction;
  };
  /**
   * Correct the balance by hand; above the limit of the role a second person must approve
   */
  'POST /customers/{customer_id}/loyalty/adjustments': {
    path: {
      customer_id: string;
    };
    header: 'Idempotency-Key' | 'Prefer';
    body: AdjustmentRequest;
    answer: AdjustmentAnswer;
  };
  /**
   * Adjustments that needed a second person, the newest first
   */
  'GET /loyalty/adjustments': {
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
      status?: 'awaiting_approval' | 'approved' | 'refused';
    };
    answer: AdjustmentList;
  };
  /**
   * Read one adjustment that needed a second person
   */
  'GET /loyalty/adjustments/{adjustment_id}': {
    path: {
      adjustment_id: string;
    };
    answer: Adjustment;
  };
  /**
   * Approve what somebody else asked for; it is applied at once
   */
  'POST /loyalty/adjustments/{adjustment_id}/approve': {
    path: {
      adjustment_id: string;
    };
    answer: AdjustmentDecision;
  };
  /**
   * Refuse what somebody else asked for
   */
  'POST /loyalty/adjustments/{adjustment_id}/refuse': {
    path: {
      adjustment_id: string;
    };
    answer: AdjustmentDecision;
  };
  /**
   * The history of a loyalty account, each line explained
   */
  'GET /customers/{customer_id}/loyalty/transactions': {
    path: {
      customer_id: string;
    };
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
      /**
       * One or more, separated by commas
       */
      type?: string;
      status?: 'pending' | 'parked' | 'applied' | 'rejected';
      /**
       * The first moment, included
       */
      occurred_from?: string;
      /**
       * The first moment that is not included any more
       */
      occurred_to?: string;
      order_id?: string;
      /**
       * In which they were accepted: `desc`, the newest first
       */
      order?: 'asc' | 'desc';
    };
    answer: LoyaltyTransactionList;
  };
  /**
   * Read one transaction: pending, parked, applied or rejected
   */
  'GET /customers/{customer_id}/loyalty/transactions/{transaction_id}': {
    path: {
      customer_id: string;
      transaction_id: string;
    };
    answer: LoyaltyTransaction;
  };
  /**
   * The balance, and what is missing to the next tier; or the balance of another moment
   */
  'GET /customers/{customer_id}/loyalty': {
    path: {
      customer_id: string;
    };
    query?: {
      /**
       * The balance as it was booked at that moment, in a shorter answer; not in the future
       */
      as_of?: string;
    };
    answer: BalanceAnswer;
  };
  /**
   * Which points lapse when
   */
  'GET /customers/{customer_id}/loyalty/expirations': {
    path: {
      customer_id: string;
    };
    answer: Expirations;
  };
  /**
   * Every move between tiers, the newest first
   */
  'GET /customers/{customer_id}/loyalty/tiers': {
    path: {
      customer_id: string;
    };
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
    };
    answer: TierChangeList;
  };
  /**
   * Post up to 1,000 events at once, as a till does that was offline
   */
  'POST /loyalty/transactions/batch': {
    query?: {
      /**
       * As in the body; for NDJSON, which has no other place
       */
      atomic?: boolean;
    };
    body: Batch;
    answer: BatchAnswer;
  };
  /**
   * The rules in force, and every version there was and will be
   */
  'GET /loyalty/programme': {
    answer: ProgrammeVersions;
  };
  /**
   * Write a new version of the rules, or ask what it would do to tiers
   */
  'PUT /loyalty/programme': {
    query?: {
      /**
       * Writes nothing, and counts the customers who would hold another tier
       */
      dry_run?: boolean;
    };
    header: 'If-Match';
    body: NewProgramme;
    answer: ProgrammeDryRun | Programme;
  };
  /**
   * Fold the ledgers of some accounts again, and say what differs
   */
  'GET /loyalty/verify': {
    query?: {
      /**
       * Accounts to fold
       */
      limit?: number;
      cursor?: string;
    };
    answer: Verification;
  };
  /**
   * Points outstanding by the month in which they lapse
   */
  'GET /loyalty/liability': {
    answer: Liability;
  };
  /**
   * The ledger's clock; only where TEST_CLOCK=1 is set, never in production
   */
  'GET /test-clock': {
    answer: TestClock;
  };
  /**
   * Travel in time, to see points lapse and tiers end; only where TEST_CLOCK=1 is set
   */
  'PUT /test-clock': {
    body: NewTestClock;
    answer: TestClock;
  };
  /**
   * Who changed what of whom and why, the newest first
   */
  'GET /audit': {
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
      customer_id?: string;
      /**
       * Subject of the token
       */
      actor?: string;
      action?:
        | 'customer.created'
        | 'customer.updated'
        | 'customer.erased'
        | 'customer.merged'
        | 'customer.merged_into'
        | 'customer.released'
        | 'adjustment.requested'
        | 'adjustment.approved'
        | 'adjustment.refused'
        | 'programme.changed'
        | 'webhook_endpoint.created'
        | 'webhook_endpoint.updated'
        | 'webhook_endpoint.deleted'
        | 'webhook_endpoint.secret_rotated'
        | 'webhook_endpoint.disabled';
      /**
       * The first moment, included
       */
      at_from?: string;
      /**
       * The first moment that is not included any more
       */
      at_to?: string;
    };
    answer: AuditEntryList;
  };
  /**
   * What happened after an event, the oldest first: ask again with `next_after` for what happens next
   */
  'GET /events': {
    query?: {
      /**
       * `next_after` of the answer before; without it from the oldest event, and events are kept for 90 days
       */
      after?: string;
      /**
       * How many at the most
       */
      limit?: number;
      type?:
        | 'customer.created'
        | 'customer.updated'
        | 'customer.merged'
        | 'customer.erased'
        | 'loyalty.transaction.applied'
        | 'loyalty.transaction.rejected'
        | 'loyalty.hold.authorized'
        | 'loyalty.hold.captured'
        | 'loyalty.hold.voided'
        | 'loyalty.hold.expired'
        | 'loyalty.tier.upgraded'
        | 'loyalty.tier.downgraded'
        | 'loyalty.points.expiring'
        | 'loyalty.points.expired';
      customer_id?: string;
    };
    answer: EventList;
  };
  /**
   * Have events sent to a URL; the answer has the secret that signs them, this once
   */
  'POST /webhook-endpoints': {
    body: NewWebhookEndpoint;
    answer: MadeWebhookEndpoint;
  };
  /**
   * Where events are sent to, the newest first
   */
  'GET /webhook-endpoints': {
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
    };
    answer: WebhookEndpointList;
  };
  /**
   * Read one endpoint
   */
  'GET /webhook-endpoints/{endpoint_id}': {
    path: {
      endpoint_id: string;
    };
    answer: WebhookEndpoint;
  };
  /**
   * Change the named fields of an endpoint, or enable it again
   */
  'PATCH /webhook-endpoints/{endpoint_id}': {
    path: {
      endpoint_id: string;
    };
    body: WebhookEndpointChange;
    answer: WebhookEndpoint;
  };
  /**
   * Delete an endpoint with all that was to be sent to it
   */
  'DELETE /webhook-endpoints/{endpoint_id}': {
    path: {
      endpoint_id: string;
    };
    answer: null;
  };
  /**
   * Make a new secret; the one before signs as well for 24 hours
   */
  'POST /webhook-endpoints/{endpoint_id}/secret/rotate': {
    path: {
      endpoint_id: string;
    };
    answer: RotatedWebhookSecret;
  };
  /**
   * Send a `webhook.test` event now, and see what comes back
   */
  'POST /webhook-endpoints/{endpoint_id}/test': {
    path: {
      endpoint_id: string;
    };
    answer: WebhookTest;
  };
  /**
   * What was sent to an endpoint, or is to be, and what came of it; the newest event first
   */
  'GET /webhook-endpoints/{endpoint_id}/deliveries': {
    path: {
      endpoint_id: string;
    };
    query?: {
      /**
       * How many items at the most
       */
      limit?: number;
      /**
       * `next_cursor` of the page before
       */
      cursor?: string;
      status?: 'pending' | 'delivered' | 'failed';
    };
    answer: WebhookDeliveryList;
  };
  /**
   * Send events again: those named, or those of a time, up to 5,000 at once
   */
  'POST /webhook-endpoints/{endpoint_id}/replay': {
    path: {
      endpoint_id: string;
    };
    body: WebhookReplay;
    answer: WebhookReplayed;
  };
  /**
   * Who the token says asks, and what they may do
   */
  'GET /me': {
    answer: Me;
  };
  /**
   * Whether requests can be accepted, and each dependency
   */
  'GET /health': {
    answer: Health;
  };
}
export interface NewCustomer {
  /**
   * Your own id of this customer, unique
   */
  external_id?: string | null;
  first_name: string;
  last_name: string;
  /**
   * Unique; stored in lower case
   */
  email?: string | null;
  /**
   * Unique; stored as E.164
   */
  phone?: string | null;
  alternate_email?: string | null;
  alternate_phone?: string | null;
  addresses?: NewAddress[];
  date_of_birth?: string | null;
  gender?: string | null;
  /**
   * While `suspended`, points are neither earned nor redeemed
   */
  status?: 'active' | 'inactive' | 'suspended';
  tags?: string[];
  notes?: string | null;
  referral_source?: string | null;
  metadata?: {
    [k: string]: string;
  };
  preferences?: NewPreferences;
}
export interface NewAddress {
  label?: string | null;
  street?: string | null;
  city: string;
  state?: string | null;
  postal_code?: string | null;
  country: string;
  is_primary?: boolean;
}
export interface NewPreferences {
  dietary_restrictions?: string[];
  allergies?: NewAllergy[];
  consents?: NewConsent[];
  favorite_cuisines?: string[];
  preferred_payment_method?: string | null;
  notification_channels?: ('email' | 'sms' | 'push' | 'phone' | 'post')[];
  marketing_consent?: boolean;
  language?: string | null;
}
export interface NewConsent {
  purpose: string;
  channel?: 'email' | 'sms' | 'push' | 'phone' | 'post' | null;
  granted: boolean;
  source?: string | null;
  recorded_at?: string;
}
export interface Customer {
  id: string;
  /**
   * Your own id of this customer, unique
   */
  external_id?: string | null;
  first_name: string;
  last_name: string;
  /**
   * Unique; stored in lower case
   */
  email: string | null;
  /**
   * Unique; stored as E.164
   */
  phone: string | null;
  alternate_email: string | null;
  alternate_phone: string | null;
  addresses: Address[];
  date_of_birth: string | null;
  gender: string | null;
  /**
   * While `suspended`, points are neither earned nor redeemed
   */
  status?: 'active' | 'inactive' | 'suspended';
  tags?: string[];
  notes?: string | null;
  referral_source?: string | null;
  metadata?: {
    [k: string]: string;
  };
  preferences: Preferences;
  loyalty: LoyaltySummary;
  version: number;
  created_at: string;
  updated_at: string;
}
export interface Address {
  label: string | null;
  street: string | null;
  city: string;
  state: string | null;
  postal_code: string | null;
  country: string;
  is_primary: boolean;
}
export interface Preferences {
  dietary_restrictions: string[];
  allergies: Allergy[];
  consents: Consent[];
  favorite_cuisines: string[];
  preferred_payment_method: string | null;
  notification_channels: ('email' | 'sms' | 'push' | 'phone' | 'post')[];
  marketing_consent: boolean;
  language: string | null;
}
export interface Allergy {
  /**
   * One of celery, cereals-containing-gluten, crustaceans, eggs, fish, lupin, milk, molluscs, mustard, nuts, peanuts, sesame, soybeans, sulphites, or free text
   */
  allergen: string;
  severity: 'unknown' | 'mild' | 'moderate' | 'severe';
  noted_by: string | null;
  noted_at: string;
}
export interface Consent {
  purpose: string;
  channel: 'email' | 'sms' | 'push' | 'phone' | 'post' | null;
  granted: boolean;
  source: string | null;
  recorded_at: string;
}
export interface LoyaltySummary {
  points_available: number;
  /**
   * What pending transactions would add or take now
   */
  points_pending: number;
  tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  total_spent_minor: number;
  visits_count: number;
  /**
   * When the latest purchase occurred
   */
  last_visit_at: string | null;
}
export interface CustomerList {
  items: Customer[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
  /**
   * Of all pages together; with `include_total=true` only
   */
  total?: number;
}
/**
 * Customers by `external_id`: a new one is made; of one that is known the fields that the item names are changed, within `preferences` too. The same batch again changes nothing
 */
export interface CustomerBatch {
  items: ImportedCustomer[];
}
export interface ImportedCustomer {
  first_name: string;
  last_name: string;
  /**
   * Unique; stored in lower case
   */
  email?: string | null;
  /**
   * Unique; stored as E.164
   */
  phone?: string | null;
  alternate_email?: string | null;
  alternate_phone?: string | null;
  addresses?: NewAddress[];
  date_of_birth?: string | null;
  gender?: string | null;
  /**
   * While `suspended`, points are neither earned nor redeemed
   */
  status?: 'active' | 'inactive' | 'suspended';
  tags?: string[];
  notes?: string | null;
  referral_source?: string | null;
  metadata?: {
    [k: string]: string;
  };
  preferences?: NewPreferences;
  /**
   * By which the customer is known again
   */
  external_id: string;
  opening_balance?: OpeningBalance;
}
/**
 * Points from before. Booked once for each customer, as a correction by hand with the reason `migration`
 */
export interface OpeningBalance {
  points: number;
  /**
   * When they were earned, for when they lapse; now when not given
   */
  occurred_at?: string | null;
}
export interface CustomerBatchAnswer {
  dry_run: boolean;
  created: number;
  changed: number;
  unchanged: number;
  refused: number;
  items: CustomerBatchItemAnswer[];
}
export interface CustomerBatchItemAnswer {
  /**
   * Place in the request, from 0
   */
  index: number;
  /**
   * As it was sent; null when it was no text
   */
  external_id: string | null;
  outcome: 'created' | 'changed' | 'unchanged' | 'refused';
  /**
   * Not when refused, nor of a new customer in a dry run
   */
  customer_id?: string;
  /**
   * When there are points to book: accepted now, or booked before
   */
  opening_balance?: 'accepted' | 'replayed';
  problem?: Problem;
}
/**
 * RFC 9457
 */
export interface Problem {
  /**
   * The page that explains the problem
   */
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code:
    | 'malformed-json'
    | 'body-not-object'
    | 'json-too-complex'
    | 'unsupported-media-type'
    | 'payload-too-large'
    | 'not-found'
    | 'method-not-allowed'
    | 'invalid-query'
    | 'invalid-header'
    | 'validation-failed'
    | 'idempotency-key-missing'
    | 'idempotency-key-invalid'
    | 'idempotency-key-reused'
    | 'external-reference-reused'
    | 'adjustment-not-found'
    | 'endpoint-not-found'
    | 'adjustment-decided'
    | 'second-person-needed'
    | 'programme-changed'
    | 'value-refused'
    | 'batch-refused'
    | 'unauthenticated'
    | 'invalid-token'
    | 'forbidden'
    | 'customer-not-found'
    | 'transaction-not-found'
    | 'hold-not-found'
    | 'events-gone'
    | 'not-reversible'
    | 'customer-exists'
    | 'customer-merged'
    | 'customer-quarantined'
    | 'version-mismatch'
    | 'storage-unavailable'
    | 'outcome-unknown'
    | 'keys-unavailable'
    | 'rate-limited'
    | 'overloaded'
    | 'request-timeout'
    | 'uri-too-long'
    | 'headers-too-large'
    | 'method-not-implemented'
    | 'bad-request'
    | 'internal';
  request_id: string;
  errors?: {
    pointer?: string;
    parameter?: string;
    code: string;
    detail: string;
  }[];
}
export interface AnalyticsSummary {
  customers: {
    total: number;
    by_status: {
      active: number;
      inactive: number;
      suspended: number;
    };
    by_tier: {
      bronze: number;
      silver: number;
      gold: number;
      platinum: number;
      diamond: number;
    };
    /**
     * Created within the period
     */
    new: number;
  };
  points: {
    /**
     * What all balances hold now
     */
    outstanding: number;
    earned: number;
    redeemed: number;
  };
  spend: {
    total_minor: number;
    /**
     * Customers who bought
     */
    customers: number;
    /**
     * Per customer who bought, rounded down
     */
    average_per_customer_minor: number;
    visits: number;
  };
  date_from: string | null;
  date_to: string | null;
  /**
   * What was committed by then is in every figure
   */
  as_of: string;
}
export interface AnalyticsDaily {
  metric:
    'new_customers' | 'points_earned' | 'points_redeemed' | 'points_expired' | 'spend' | 'visits' | 'active_customers';
  date_from: string;
  date_to: string;
  /**
   * What was committed by then is counted
   */
  as_of: string;
  /**
   * One a day, the days without anything too
   */
  days: {
    date: string;
    value: number;
    by_tier?: {
      bronze: number;
      silver: number;
      gold: number;
      platinum: number;
      diamond: number;
    };
  }[];
}
export interface AnalyticsCohorts {
  months: number;
  month_to: string;
  /**
   * One a month, in order, those in which nobody joined too
   */
  cohorts: {
    /**
     * In which they joined: of `created_at`, or of the first purchase where that is earlier
     */
    month: string;
    /**
     * Who joined then, and was neither erased nor merged into somebody since
     */
    customers: number;
    /**
     * Of these, who bought in that month, in the next one …, up to `month_to`; also what was brought back later
     */
    bought: number[];
  }[];
  /**
   * What was committed by then is counted
   */
  as_of: string;
}
export interface DuplicatePairList {
  items: DuplicatePair[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
export interface DuplicatePair {
  /**
   * How likely they are one person
   */
  score: number;
  reasons: ('same-phone' | 'same-mailbox-name' | 'same-name' | 'similar-name' | 'same-birthday' | 'same-city')[];
  /**
   * The newer record first
   */
  customers: DuplicateRecord[];
}
export interface DuplicateRecord {
  id: string;
  first_name: string;
  last_name: string;
  email: string | null;
  phone: string | null;
  alternate_email: string | null;
  alternate_phone: string | null;
  date_of_birth: string | null;
  cities: string[];
  created_at: string;
}
/**
 * The fields it names are changed, within `preferences` too; the others stay as they are
 */
export interface CustomerChange {
  /**
   * Your own id of this customer, unique
   */
  external_id?: string | null;
  first_name?: string;
  last_name?: string;
  /**
   * Unique; stored in lower case
   */
  email?: string | null;
  /**
   * Unique; stored as E.164
   */
  phone?: string | null;
  alternate_email?: string | null;
  alternate_phone?: string | null;
  addresses?: NewAddress[];
  date_of_birth?: string | null;
  gender?: string | null;
  /**
   * While `suspended`, points are neither earned nor redeemed
   */
  status?: 'active' | 'inactive' | 'suspended';
  tags?: string[];
  notes?: string | null;
  referral_source?: string | null;
  metadata?: {
    [k: string]: string;
  };
  preferences?: PreferencesChange;
}
export interface PreferencesChange {
  dietary_restrictions?: string[];
  allergies?: NewAllergy[];
  consents?: NewConsent[];
  favorite_cuisines?: string[];
  preferred_payment_method?: string | null;
  notification_channels?: ('email' | 'sms' | 'push' | 'phone' | 'post')[];
  marketing_consent?: boolean;
  language?: string | null;
}
/**
 * JSON Merge Patch (RFC 7396): null removes a value, objects are merged, lists are replaced
 */
export interface CustomerPatch {
  /**
   * Your own id of this customer, unique
   */
  external_id?: string | null;
  first_name?: string | null;
  last_name?: string | null;
  /**
   * Unique; stored in lower case
   */
  email?: string | null;
  /**
   * Unique; stored as E.164
   */
  phone?: string | null;
  alternate_email?: string | null;
  alternate_phone?: string | null;
  addresses?: NewAddress[] | null;
  date_of_birth?: string | null;
  gender?: string | null;
  /**
   * While `suspended`, points are neither earned nor redeemed
   */
  status?: 'active' | 'inactive' | 'suspended' | null;
  tags?: string[] | null;
  notes?: string | null;
  referral_source?: string | null;
  metadata?: {
    [k: string]: string | null;
  } | null;
  preferences?: PreferencesPatch;
}
export interface CustomerExport {
  exported_at: string;
  customer: Customer;
  /**
   * Records that were merged into this one
   */
  merged_customer_ids: string[];
  loyalty_account: {
    points_balance: number;
    points_held: number;
    lifetime_points_earned: number;
    lifetime_points_redeemed: number;
    lifetime_points_expired: number;
    lifetime_points_adjusted: number;
    total_spent_minor: number;
    visits_count: number;
    tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  };
  /**
   * In accepted order
   */
  transactions: LoyaltyTransaction[];
  /**
   * Corrections by hand that needed a second person, the oldest first
   */
  adjustments: Adjustment[];
  /**
   * The oldest first
   */
  tier_changes: TierChange[];
  /**
   * Every change of the profile, the oldest first
   */
  audit: AuditEntry[];
}
export interface LoyaltyTransaction {
  id: string;
  customer_id: string;
  /**
   * 1, 2, 3 … per customer; null while it waits
   */
  sequence: number | null;
  type:
    | 'earn'
    | 'redeem'
    | 'hold'
    | 'capture'
    | 'release'
    | 'reverse_earn'
    | 'reverse_redeem'
    | 'adjust_credit'
    | 'adjust_debit'
    | 'expire'
    | 'repay'
    | 'transfer_in'
    | 'transfer_out';
  /**
   * `parked`: a refund that came before its purchase, and waits for it
   */
  status: 'pending' | 'parked' | 'applied' | 'rejected';
  /**
   * Unsigned: `type` says the direction
   */
  points: number | null;
  rejection_code:
    | 'customer-suspended'
    | 'currency-not-accepted'
    | 'below-minimum'
    | 'hold-not-open'
    | 'exceeds-hold'
    | 'not-reversible'
    | 'exceeds-original'
    | 'insufficient-points'
    | 'limit-exceeded'
    | null;
  balance_after: number | null;
  explanation: Explanation;
  amount_minor: number | null;
  currency: string | null;
  order_id: string | null;
  source: string | null;
  external_reference: string | null;
  description: string | null;
  balance_before: number | null;
  /**
   * What it did and why, in a sentence for a person
   */
  text: string;
  occurred_at: string;
  accepted_at: string;
  /**
   * When it was applied or rejected
   */
  applied_at: string | null;
}
/**
 * The lot that the points went into, or that lapsed
 */
export interface LotTerms {
  /**
   * From this moment on they are gone; null: never
   */
  expires_at: string | null;
  /**
   * They lapse when nothing was earned or redeemed for so many days
   */
  inactivity_days?: number;
}
export interface Lot {
  points: number;
  /**
   * From this moment on they are gone; null: never
   */
  expires_at: string | null;
  /**
   * They lapse when nothing was earned or redeemed for so many days
   */
  inactivity_days?: number;
}
/**
 * The transaction that it takes back, and how much of it
 */
export interface Reversed {
  id: string;
  points: number;
  amount_minor: number;
  visits: number;
}
export interface Adjustment {
  id: string;
  customer_id: string;
  type: 'adjust_credit' | 'adjust_debit';
  points: number;
  reason_code: 'goodwill' | 'correction' | 'complaint' | 'migration' | 'fraud' | 'other';
  note: string | null;
  status: 'awaiting_approval' | 'approved' | 'refused';
  /**
   * Role and subject; null where the reader may not know who works here
   */
  requested_by: string | null;
  requested_at: string;
  decided_by: string | null;
  decided_at: string | null;
  /**
   * Once approved
   */
  transaction_id: string | null;
}
export interface TierChange {
  at: string;
  from_tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  to_tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  reason: 'activity' | 'reversal' | 'period' | 'programme' | 'merge';
  /**
   * Of the line of the ledger before it
   */
  sequence: number;
}
export interface AuditEntry {
  id: number;
  at: string;
  actor_role: string;
  /**
   * Subject of the token; null where the reader may not know who works here
   */
  actor_sub: string | null;
  action:
    | 'customer.created'
    | 'customer.updated'
    | 'customer.erased'
    | 'customer.merged'
    | 'customer.merged_into'
    | 'customer.released'
    | 'adjustment.requested'
    | 'adjustment.approved'
    | 'adjustment.refused'
    | 'programme.changed'
    | 'webhook_endpoint.created'
    | 'webhook_endpoint.updated'
    | 'webhook_endpoint.deleted'
    | 'webhook_endpoint.secret_rotated'
    | 'webhook_endpoint.disabled';
  customer_id: string | null;
  reason: string | null;
  /**
   * X-Request-Id of the request that did it
   */
  request_id: string | null;
  /**
   * `{ field: { before, after } }` of what changed; `{ field: null }` once the customer is erased
   */
  changes: {
    [k: string]: FieldChange;
  };
}
export interface MergeRequest {
  /**
   * The customer that is merged into the one of the path, and lives on under its id
   */
  from_customer_id: string;
  /**
   * Why; kept in the audit log, so say nothing of the person in it
   */
  reason?: string;
}
export interface PurchaseItem {
  category?: string | null;
  product?: string | null;
  amount_minor: number;
}
export interface DryRun {
  dry_run: true;
  type:
    | 'earn'
    | 'redeem'
    | 'hold'
    | 'capture'
    | 'release'
    | 'reverse_earn'
    | 'reverse_redeem'
    | 'adjust_credit'
    | 'adjust_debit'
    | 'expire'
    | 'repay'
    | 'transfer_in'
    | 'transfer_out';
  /**
   * `parked`: a refund that came before its purchase, and waits for it
   */
  status: 'pending' | 'parked' | 'applied' | 'rejected';
  /**
   * Unsigned: `type` says the direction
   */
  points: number | null;
  rejection_code:
    | 'customer-suspended'
    | 'currency-not-accepted'
    | 'below-minimum'
    | 'hold-not-open'
    | 'exceeds-hold'
    | 'not-reversible'
    | 'exceeds-original'
    | 'insufficient-points'
    | 'limit-exceeded'
    | null;
  balance_after: number | null;
  explanation: Explanation;
  /**
   * After all that waits
   */
  balance_before: number;
  /**
   * The balance after it and the lines that follow from it
   */
  points_after: number;
  tier_before: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  tier_after: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  /**
   * What the ledger would add of itself: repayments, refunds that wait for it
   */
  lines: DryRunLine[];
  as_of: string;
}
export interface DryRunLine {
  type:
    | 'earn'
    | 'redeem'
    | 'hold'
    | 'capture'
    | 'release'
    | 'reverse_earn'
    | 'reverse_redeem'
    | 'adjust_credit'
    | 'adjust_debit'
    | 'expire'
    | 'repay'
    | 'transfer_in'
    | 'transfer_out';
  /**
   * `parked`: a refund that came before its purchase, and waits for it
   */
  status: 'pending' | 'parked' | 'applied' | 'rejected';
  /**
   * Unsigned: `type` says the direction
   */
  points: number | null;
  rejection_code:
    | 'customer-suspended'
    | 'currency-not-accepted'
    | 'below-minimum'
    | 'hold-not-open'
    | 'exceeds-hold'
    | 'not-reversible'
    | 'exceeds-original'
    | 'insufficient-points'
    | 'limit-exceeded'
    | null;
  balance_after: number | null;
  explanation: Explanation;
}
export interface RedeemRequest {
  points: number;
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
}
export interface HoldRequest {
  points: number;
  /**
   * Seconds after which what is left is free again; 900 when not given
   */
  expires_in?: number;
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
}
export interface HoldList {
  items: Hold[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
export interface Hold {
  /**
   * Of the transaction that asked for it
   */
  id: string;
  customer_id: string;
  /**
   * Only an `open` one can be captured or voided
   */
  status: 'pending' | 'rejected' | 'open' | 'captured' | 'released' | 'expired';
  /**
   * Set aside at first
   */
  points: number;
  points_captured: number;
  /**
   * That can still be captured
   */
  points_left: number;
  order_id: string | null;
  source: string | null;
  external_reference: string | null;
  description: string | null;
  rejection_code:
    | 'customer-suspended'
    | 'currency-not-accepted'
    | 'below-minimum'
    | 'hold-not-open'
    | 'exceeds-hold'
    | 'not-reversible'
    | 'exceeds-original'
    | 'insufficient-points'
    | 'limit-exceeded'
    | null;
  accepted_at: string;
  /**
   * Null unless it was applied
   */
  expires_at: string | null;
}
export interface CaptureRequest {
  /**
   * All that is left, if not given
   */
  points?: number;
  /**
   * Whether what is left after it is free again; true when not given
   */
  final?: boolean;
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
}
export interface VoidRequest {
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
}
export interface AdjustmentRequest {
  direction: 'credit' | 'debit';
  points: number;
  reason_code: 'goodwill' | 'correction' | 'complaint' | 'migration' | 'fraud' | 'other';
  note?: string | null;
}
export interface AdjustmentList {
  items: Adjustment[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
export interface AdjustmentDecision {
  adjustment: Adjustment;
  transaction: LoyaltyTransaction | null;
}
export interface LoyaltyTransactionList {
  items: LoyaltyTransaction[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
export interface LoyaltyBalance {
  /**
   * As booked: held points included. Below zero only where the programme lets refunds do that
   */
  points_balance: number;
  /**
   * What can be spent now
   */
  points_available: number;
  points_held: number;
  /**
   * What pending transactions would add or take now
   */
  points_pending: number;
  /**
   * Owed for refunds of points that were spent; what comes in repays it first
   */
  points_debt: number;
  lifetime: {
    /**
     * Less what was taken back
     */
    earned: number;
    /**
     * Less what was given back
     */
    redeemed: number;
    expired: number;
    /**
     * Credits less debits
     */
    adjusted: number;
    total_spent_minor: number;
    visits_count: number;
  };
  tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  tier_progress: TierProgress;
  /**
   * Transactions decided so far
   */
  sequence: number;
  as_of: string;
}
/**
 * Spend, visits or points: any one reaches the next tier; null is no way to it. All null in the highest
 */
export interface TierProgress {
  next_tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond' | null;
  spend_to_next_minor: number | null;
  visits_to_next: number | null;
  points_to_next: number | null;
  keep: TierKeep;
}
/**
 * Lines of this account alone: what a merged record had before the merge is not among them
 */
export interface BookedBalance {
  /**
   * After the last line that was booked by then; 0 before the first
   */
  points_balance: number;
  /**
   * Of that line
   */
  sequence: number;
  tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
  as_of: string;
}
export interface Expirations {
  /**
   * The soonest first; held points are not among them
   */
  items: Expiration[];
  as_of: string;
}
export interface Expiration {
  /**
   * Of points that lapse by inactivity: if nothing happens until then; null: never
   */
  expires_at: string | null;
  points: number;
}
export interface TierChangeList {
  items: TierChange[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
/**
 * Earn, redeem and refund events of any customers, in the order in which they happened
 */
export interface Batch {
  items: (EarnEvent | RedeemEvent | RefundEvent)[];
  /**
   * All items are accepted, or none
   */
  atomic?: boolean;
}
export interface RedeemEvent {
  points: number;
  order_id?: string | null;
  /**
   * The system this comes from
   */
  source?: string | null;
  /**
   * Its own reference, such as a receipt number: with `source` it catches the same event under a new key
   */
  external_reference?: string | null;
  description?: string | null;
  /**
   * When it happened at the checkout; now when not given
   */
  occurred_at?: string | null;
  customer_id: string;
  idempotency_key: string;
  type: 'redeem';
}
export interface BatchAnswer {
  accepted: number;
  replayed: number;
  refused: number;
  items: BatchItemAnswer[];
}
export interface BatchItemAnswer {
  /**
   * Place in the request, from 0
   */
  index: number;
  /**
   * As it was sent; null when it was no text
   */
  idempotency_key: string | null;
  outcome: 'accepted' | 'replayed' | 'refused';
  transaction?: LoyaltyTransaction;
  problem?: Problem;
}
export interface ProgrammeVersions {
  current: Programme;
  versions: Programme[];
}
export interface Programme {
  version: number;
  effective_from: string;
  earn: {
    /**
     * By currency: points for each `per_minor` of money in minor units. Others are refused
     */
    rates: {
      AUD?: {
        points: number;
        per_minor: number;
      };
      CAD?: {
        points: number;
        per_minor: number;
      };
      CHF?: {
        points: number;
        per_minor: number;
      };
      CZK?: {
        points: number;
        per_minor: number;
      };
      DKK?: {
        points: number;
        per_minor: number;
      };
      EUR?: {
        points: number;
        per_minor: number;
      };
      GBP?: {
        points: number;
        per_minor: number;
      };
      NOK?: {
        points: number;
        per_minor: number;
      };
      NZD?: {
        points: number;
        per_minor: number;
      };
      PLN?: {
        points: number;
        per_minor: number;
      };
      SEK?: {
        points: number;
        per_minor: number;
      };
      SGD?: {
        points: number;
        per_minor: number;
      };
      USD?: {
        points: number;
        per_minor: number;
      };
    };
    rounding?: 'down' | 'nearest' | 'up';
    /**
     * Of those that match an item the highest counts
     */
    multipliers?: {
      category?: string | null;
      product?: string | null;
      /**
       * Basis points: 10,000 is ×1
       */
      multiplier_bp: number;
    }[];
    /**
     * Of those under way the highest counts
     */
    campaigns?: {
      name: string;
      from: string;
      to: string;
      /**
       * Basis points: 10,000 is ×1
       */
      multiplier_bp: number;
      tiers?: ('bronze' | 'silver' | 'gold' | 'platinum' | 'diamond')[] | null;
    }[];
    max_points_per_transaction?: number | null;
    max_points_per_day?: number | null;
  };
  redeem?: {
    minimum_points: number;
  };
  /**
   * When points lapse; lots keep the terms they were earned under
   */
  expiry:
    | {
        policy: 'none';
      }
    | {
        policy: 'rolling_days';
        days: number;
      }
    | {
        policy: 'rolling_months';
        months: number;
      }
    | {
        policy: 'end_of_month' | 'end_of_quarter' | 'end_of_year';
        after_months?: number;
      }
    | {
        policy: 'inactivity';
        days: number;
      };
  reversal: {
    shortfall: 'clamp' | 'debt' | 'negative';
    grace_days?: number;
  };
  tiering: {
    window: 'lifetime' | 'calendar_year' | 'rolling_months' | 'membership_year';
    /**
     * Of rolling_months
     */
    months?: number;
    grace_days?: number;
    downgrade: 'none' | 'one_level' | 'requalify';
  };
  /**
   * From the lowest, which everybody has; any one threshold reaches a tier
   */
  tiers: {
    tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
    spend_threshold_minor?: number | null;
    visits_threshold?: number | null;
    points_threshold?: number | null;
    /**
     * Basis points: 10,000 is ×1
     */
    multiplier_bp: number;
  }[];
}
/**
 * A new version of the rules: whatever is not given has its default, not the value of the version before
 */
export interface NewProgramme {
  earn: {
    /**
     * By currency: points for each `per_minor` of money in minor units. Others are refused
     */
    rates: {
      AUD?: {
        points: number;
        per_minor: number;
      };
      CAD?: {
        points: number;
        per_minor: number;
      };
      CHF?: {
        points: number;
        per_minor: number;
      };
      CZK?: {
        points: number;
        per_minor: number;
      };
      DKK?: {
        points: number;
        per_minor: number;
      };
      EUR?: {
        points: number;
        per_minor: number;
      };
      GBP?: {
        points: number;
        per_minor: number;
      };
      NOK?: {
        points: number;
        per_minor: number;
      };
      NZD?: {
        points: number;
        per_minor: number;
      };
      PLN?: {
        points: number;
        per_minor: number;
      };
      SEK?: {
        points: number;
        per_minor: number;
      };
      SGD?: {
        points: number;
        per_minor: number;
      };
      USD?: {
        points: number;
        per_minor: number;
      };
    };
    rounding?: 'down' | 'nearest' | 'up';
    /**
     * Of those that match an item the highest counts
     */
    multipliers?: {
      category?: string | null;
      product?: string | null;
      /**
       * Basis points: 10,000 is ×1
       */
      multiplier_bp: number;
    }[];
    /**
     * Of those under way the highest counts
     */
    campaigns?: {
      name: string;
      from: string;
      to: string;
      /**
       * Basis points: 10,000 is ×1
       */
      multiplier_bp: number;
      tiers?: ('bronze' | 'silver' | 'gold' | 'platinum' | 'diamond')[] | null;
    }[];
    max_points_per_transaction?: number | null;
    max_points_per_day?: number | null;
  };
  redeem?: {
    minimum_points: number;
  };
  /**
   * When points lapse; lots keep the terms they were earned under
   */
  expiry:
    | {
        policy: 'none';
      }
    | {
        policy: 'rolling_days';
        days: number;
      }
    | {
        policy: 'rolling_months';
        months: number;
      }
    | {
        policy: 'end_of_month' | 'end_of_quarter' | 'end_of_year';
        after_months?: number;
      }
    | {
        policy: 'inactivity';
        days: number;
      };
  reversal: {
    shortfall: 'clamp' | 'debt' | 'negative';
    grace_days?: number;
  };
  tiering: {
    window: 'lifetime' | 'calendar_year' | 'rolling_months' | 'membership_year';
    /**
     * Of rolling_months
     */
    months?: number;
    grace_days?: number;
    downgrade: 'none' | 'one_level' | 'requalify';
  };
  /**
   * From the lowest, which everybody has; any one threshold reaches a tier
   */
  tiers: {
    tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
    spend_threshold_minor?: number | null;
    visits_threshold?: number | null;
    points_threshold?: number | null;
    /**
     * Basis points: 10,000 is ×1
     */
    multiplier_bp: number;
  }[];
  /**
   * Not in the past; null: at once
   */
  effective_from?: string | null;
}
export interface ProgrammeDryRun {
  dry_run: boolean;
  /**
   * Looked at
   */
  customers: number;
  moves: {
    from_tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
    to_tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
    customers: number;
  }[];
}
export interface Verification {
  /**
   * Folded
   */
  accounts: number;
  differences_found: number;
  differences: {
    customer_id: string;
    field: string;
    sequence: number | null;
    expected?: unknown;
    actual?: unknown;
  }[];
  next_cursor: string | null;
}
export interface Liability {
  as_of: string;
  /**
   * Held points included
   */
  points_outstanding: number;
  points_held: number;
  /**
   * `month` YYYY-MM; null: never, or after inactivity
   */
  by_expiry_month: {
    month: string | null;
    points: number;
  }[];
}
export interface TestClock {
  now: string;
}
export interface NewTestClock {
  /**
   * Not before anything that was accepted
   */
  now: string;
}
export interface AuditEntryList {
  items: AuditEntry[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
export interface EventList {
  items: ServiceEvent[];
  /**
   * Where to go on, now or later; null only while there is no event at all. Fewer than `limit`: that was all
   */
  next_after: string | null;
}
export interface CustomerEvent {
  /**
   * UUIDv7, ever increasing: the order of the feed, and the same each time it is sent
   */
  id: string;
  type: 'customer.created' | 'customer.updated' | 'customer.erased';
  /**
   * When it happened, by the ledger's clock
   */
  timestamp: string;
  customer_id: string;
  /**
   * 1, 2, 3 … of this customer, without a gap
   */
  sequence: number;
  data: {
    customer_id: string;
    /**
     * Of the customer, as in its ETag
     */
    version: number;
    /**
     * The names of the fields that changed; within preferences `preferences.language`. Never their values
     */
    changed: string[];
  };
}
export interface MergeEvent {
  /**
   * UUIDv7, ever increasing: the order of the feed, and the same each time it is sent
   */
  id: string;
  type: 'customer.merged';
  /**
   * When it happened, by the ledger's clock
   */
  timestamp: string;
  customer_id: string;
  /**
   * 1, 2, 3 … of this customer, without a gap
   */
  sequence: number;
  data: {
    customer_id: string;
    /**
     * Of the customer, as in its ETag
     */
    version: number;
    /**
     * The names of the fields that changed; within preferences `preferences.language`. Never their values
     */
    changed: string[];
    /**
     * Of the one that stays: who was merged into it
     */
    merged_from: string | null;
    /**
     * Of the one that is gone: who it lives on as
     */
    merged_into: string | null;
  };
}
export interface LedgerEvent {
  /**
   * UUIDv7, ever increasing: the order of the feed, and the same each time it is sent
   */
  id: string;
  type:
    | 'loyalty.transaction.applied'
    | 'loyalty.transaction.rejected'
    | 'loyalty.hold.authorized'
    | 'loyalty.hold.captured'
    | 'loyalty.hold.voided'
    | 'loyalty.hold.expired'
    | 'loyalty.points.expired';
  /**
   * When it happened, by the ledger's clock
   */
  timestamp: string;
  customer_id: string;
  /**
   * 1, 2, 3 … of this customer, without a gap
   */
  sequence: number;
  data: LoyaltyTransaction;
}
export interface TierEvent {
  /**
   * UUIDv7, ever increasing: the order of the feed, and the same each time it is sent
   */
  id: string;
  type: 'loyalty.tier.upgraded' | 'loyalty.tier.downgraded';
  /**
   * When it happened, by the ledger's clock
   */
  timestamp: string;
  customer_id: string;
  /**
   * 1, 2, 3 … of this customer, without a gap
   */
  sequence: number;
  data: {
    customer_id: string;
    at: string;
    from_tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
    to_tier: 'bronze' | 'silver' | 'gold' | 'platinum' | 'diamond';
    reason: 'activity' | 'reversal' | 'period' | 'programme' | 'merge';
  };
}
export interface ExpiringEvent {
  /**
   * UUIDv7, ever increasing: the order of the feed, and the same each time it is sent
   */
  id: string;
  type: 'loyalty.points.expiring';
  /**
   * When it happened, by the ledger's clock
   */
  timestamp: string;
  customer_id: string;
  /**
   * 1, 2, 3 … of this customer, without a gap
   */
  sequence: number;
  data: {
    customer_id: string;
    /**
     * That lapse then, if they are not spent before
     */
    points: number;
    expires_at: string;
    /**
     * The announcement that it is: so many days before
     */
    days: 30 | 7 | 1;
  };
}
export interface NewWebhookEndpoint {
  /**
   * https, of the public internet, on port 443 or one from 1024 up; without user, password and fragment
   */
  url: string;
  description?: string | null;
  /**
   * Of events it wants; none: all
   */
  types?: (
    | 'customer.created'
    | 'customer.updated'
    | 'customer.merged'
    | 'customer.erased'
    | 'loyalty.transaction.applied'
    | 'loyalty.transaction.rejected'
    | 'loyalty.hold.authorized'
    | 'loyalty.hold.captured'
    | 'loyalty.hold.voided'
    | 'loyalty.hold.expired'
    | 'loyalty.tier.upgraded'
    | 'loyalty.tier.downgraded'
    | 'loyalty.points.expiring'
    | 'loyalty.points.expired'
  )[];
}
export interface MadeWebhookEndpoint {
  id: string;
  /**
   * https, of the public internet, on port 443 or one from 1024 up; without user, password and fragment
   */
  url: string;
  description: string | null;
  /**
   * Of events it wants; none: all
   */
  types: (
    | 'customer.created'
    | 'customer.updated'
    | 'customer.merged'
    | 'customer.erased'
    | 'loyalty.transaction.applied'
    | 'loyalty.transaction.rejected'
    | 'loyalty.hold.authorized'
    | 'loyalty.hold.captured'
    | 'loyalty.hold.voided'
    | 'loyalty.hold.expired'
    | 'loyalty.tier.upgraded'
    | 'loyalty.tier.downgraded'
    | 'loyalty.points.expiring'
    | 'loyalty.points.expired'
  )[];
  status: 'enabled' | 'disabled';
  /**
   * `gone`: it answered 410
   */
  disabled_reason: 'by_hand' | 'gone' | null;
  created_at: string;
  updated_at: string;
  /**
   * Shown here and never again
   */
  secret: string;
}
export interface WebhookEndpointList {
  items: WebhookEndpoint[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
export interface WebhookEndpoint {
  id: string;
  /**
   * https, of the public internet, on port 443 or one from 1024 up; without user, password and fragment
   */
  url: string;
  description: string | null;
  /**
   * Of events it wants; none: all
   */
  types: (
    | 'customer.created'
    | 'customer.updated'
    | 'customer.merged'
    | 'customer.erased'
    | 'loyalty.transaction.applied'
    | 'loyalty.transaction.rejected'
    | 'loyalty.hold.authorized'
    | 'loyalty.hold.captured'
    | 'loyalty.hold.voided'
    | 'loyalty.hold.expired'
    | 'loyalty.tier.upgraded'
    | 'loyalty.tier.downgraded'
    | 'loyalty.points.expiring'
    | 'loyalty.points.expired'
  )[];
  status: 'enabled' | 'disabled';
  /**
   * `gone`: it answered 410
   */
  disabled_reason: 'by_hand' | 'gone' | null;
  created_at: string;
  updated_at: string;
}
export interface WebhookEndpointChange {
  /**
   * https, of the public internet, on port 443 or one from 1024 up; without user, password and fragment
   */
  url?: string;
  description?: string | null;
  /**
   * Of events it wants; none: all
   */
  types?: (
    | 'customer.created'
    | 'customer.updated'
    | 'customer.merged'
    | 'customer.erased'
    | 'loyalty.transaction.applied'
    | 'loyalty.transaction.rejected'
    | 'loyalty.hold.authorized'
    | 'loyalty.hold.captured'
    | 'loyalty.hold.voided'
    | 'loyalty.hold.expired'
    | 'loyalty.tier.upgraded'
    | 'loyalty.tier.downgraded'
    | 'loyalty.points.expiring'
    | 'loyalty.points.expired'
  )[];
  /**
   * Enabled again, it gets at once what has waited
   */
  status?: 'enabled' | 'disabled';
}
export interface RotatedWebhookSecret {
  id: string;
  /**
   * https, of the public internet, on port 443 or one from 1024 up; without user, password and fragment
   */
  url: string;
  description: string | null;
  /**
   * Of events it wants; none: all
   */
  types: (
    | 'customer.created'
    | 'customer.updated'
    | 'customer.merged'
    | 'customer.erased'
    | 'loyalty.transaction.applied'
    | 'loyalty.transaction.rejected'
    | 'loyalty.hold.authorized'
    | 'loyalty.hold.captured'
    | 'loyalty.hold.voided'
    | 'loyalty.hold.expired'
    | 'loyalty.tier.upgraded'
    | 'loyalty.tier.downgraded'
    | 'loyalty.points.expiring'
    | 'loyalty.points.expired'
  )[];
  status: 'enabled' | 'disabled';
  /**
   * `gone`: it answered 410
   */
  disabled_reason: 'by_hand' | 'gone' | null;
  created_at: string;
  updated_at: string;
  /**
   * Shown here and never again
   */
  secret: string;
  /**
   * The secret before signs as well until then
   */
  previous_secret_until: string;
}
export interface WebhookTest {
  webhook_id: string;
  /**
   * Whether it answered 2xx
   */
  delivered: boolean;
  /**
   * Of the last answer; null when there was none
   */
  last_status: number | null;
  /**
   * Why there was none: `timeout`, `address_refused`, or a code of the network such as `ECONNREFUSED`
   */
  last_error: string | null;
  last_duration_ms: number | null;
  /**
   * The first 1,024 bytes of the answer's body
   */
  answer: string;
}
export interface WebhookDeliveryList {
  items: WebhookDelivery[];
  /**
   * Null on the last page
   */
  next_cursor: string | null;
}
export interface WebhookDelivery {
  event_id: string;
  type:
    | 'customer.created'
    | 'customer.updated'
    | 'customer.merged'
    | 'customer.erased'
    | 'loyalty.transaction.applied'
    | 'loyalty.transaction.rejected'
    | 'loyalty.hold.authorized'
    | 'loyalty.hold.captured'
    | 'loyalty.hold.voided'
    | 'loyalty.hold.expired'
    | 'loyalty.tier.upgraded'
    | 'loyalty.tier.downgraded'
    | 'loyalty.points.expiring'
    | 'loyalty.points.expired';
  customer_id: string;
  /**
   * `failed`: it was tried for three days
   */
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  next_attempt_at: string | null;
  /**
   * Of the last answer; null when there was none
   */
  last_status: number | null;
  /**
   * Why there was none: `timeout`, `address_refused`, or a code of the network such as `ECONNREFUSED`
   */
  last_error: string | null;
  last_duration_ms: number | null;
  delivered_at: string | null;
}
export interface WebhookReplayed {
  /**
   * Events that will be sent
   */
  deliveries: number;
  /**
   * There may be more: send the same with this as `after`. Null: that was all
   */
  next_after: string | null;
}
export interface Me {
  /**
   * Subject of the token
   */
  sub: string;
  role: 'admin' | 'manager' | 'staff' | 'service' | 'ops' | 'customer';
  /**
   * On every customer; whatever is not among them is refused
   */
  permissions: (
    | 'customers:create'
    | 'customers:read'
    | 'customers:list'
    | 'customers:update'
    | 'customers:erase'
    | 'customers:export'
    | 'customers:merge'
    | 'customers:import'
    | 'loyalty:earn'
    | 'loyalty:redeem'
    | 'loyalty:hold'
    | 'loyalty:reverse'
    | 'loyalty:ingest'
    | 'loyalty:adjust'
    | 'loyalty:approve'
    | 'loyalty:read'
    | 'loyalty:rules'
    | 'loyalty:configure'
    | 'loyalty:verify'
    | 'loyalty:clock'
    | 'analytics:read'
    | 'audit:read'
    | 'webhooks:manage'
    | 'events:read'
    | 'me:read'
    | 'ops:read'
    | 'ops:operate'
  )[];
  /**
   * Points of the largest correction by hand that needs no second person
   */
  adjustment_limit: number;
}
export interface Health {
  status: 'ok' | 'degraded' | 'down';
  version: string;
  dependencies: {
    database: {
      status: 'up' | 'down';
    };
    queue: {
      status: 'up' | 'down';
      backend: 'redis' | 'postgresql';
    };
  };
}

/** The operations that carry an Idempotency-Key. */
export const keyed: ReadonlySet<string> = new Set<keyof Operations>([
  'POST /customers/{customer_id}/loyalty/earn',
  'POST /customers/{customer_id}/loyalty/redeem',
  'POST /customers/{customer_id}/loyalty/holds',
  'POST /customers/{customer_id}/loyalty/holds/{hold_id}/capture',
  'POST /customers/{customer_id}/loyalty/holds/{hold_id}/void',
  'POST /customers/{customer_id}/loyalty/transactions/{transaction_id}/reverse',
  'POST /customers/{customer_id}/loyalty/reversals',
  'POST /customers/{customer_id}/loyalty/adjustments',
]);
