// What becomes of a webhook's delivery after an attempt: whether and when it is sent again. Clock and chance are given.

export const ENDPOINT_STATUSES = ['enabled', 'disabled'] as const;
export type EndpointStatus = (typeof ENDPOINT_STATUSES)[number];

/** Why an endpoint gets nothing: somebody said so, or it answered 410 itself. */
export const DISABLED_REASONS = ['by_hand', 'gone'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Seconds from each attempt to the next: 14 attempts within three days. */
export const RETRY_S: readonly number[] = [
  ...[5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600],
  ...[43_200, 43_200, 43_200, 43_200, 43_200],
];
/** Pauses differ by up to this part of themselves, so that what failed at one moment does not come back at one moment. */
const JITTER = 0.2;
/** The longest that a Retry-After is followed. */
const MAX_ASKED_S = 43_200;

export interface Attempted {
  /** How many attempts there were, this one included. */
  attempts: number;
  /** The status of the answer; null when there was none. */
  status: number | null;
  /** What the answer asked for. */
  retry_after_s: number | null;
}

export interface DeliveryDecision {
  status: DeliveryStatus;
  /** Seconds until the next attempt; null: there is none. */
  retry_in_s: number | null;
  /** The endpoint wants nothing any more. */
  gone: boolean;
}

/** @param chance from 0 up to 1, which spreads the attempts */
export function decideDelivery({ attempts, status, retry_after_s }: Attempted, chance: number): DeliveryDecision {
  if (status !== null && status >= 200 && status < 300) return { status: 'delivered', retry_in_s: null, gone: false };
  // It waits for the endpoint to be enabled again.
  if (status === 410) return { status: 'pending', retry_in_s: 0, gone: true };
  const pause = RETRY_S[attempts - 1];
  if (pause === undefined) return { status: 'failed', retry_in_s: null, gone: false };
  const spread = pause * (1 + JITTER * (2 * chance - 1));
  const asked = Math.min(retry_after_s ?? 0, MAX_ASKED_S) * (1 + JITTER * chance);
  return { status: 'pending', retry_in_s: Math.max(spread, asked), gone: false };
}

/** A Retry-After in seconds: a number of them, or a date. Null for what is neither. */
export function retryAfterSeconds(header: string | undefined, now_ms: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const at = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, Math.round((at - now_ms) / 1_000));
}
