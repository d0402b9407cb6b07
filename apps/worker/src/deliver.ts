// Sends what is due to the webhooks' endpoints. PostgreSQL knows what is; a ring, or a second, makes this look. Each
// endpoint has so many deliveries under way at the most, so that a slow one holds up nobody else. Whatever this process
// does not live to record is sent again, under the same id.

import { setTimeout as pause } from 'node:timers/promises';
import { decideDelivery, retryAfterSeconds, type ServiceEvent } from '@customer-service/domain';
import {
  type AttemptOutcome,
  createBatcher,
  createSampler,
  type Log,
  type WebhookAnswer,
  type WebhookBell,
  type WebhookMetrics,
  type WebhookSender,
} from '@customer-service/runtime';
import {
  type ClaimedDelivery,
  claimDeliveries,
  type Database,
  type DeliveryOutcome,
  disableGone,
  hasEndpoints,
  isStorageFault,
  readEvents,
  recordDeliveries,
} from '@customer-service/store';

const EVERY_MS = 1_000;
const JITTER_MS = 200;
/** Deliveries of one endpoint under way at once, in each worker. */
const EACH = 10;
/** How long what is under way may take to end with the process. */
const CLOSE_MS = 3_000;
const LINES_PER_SECOND = 5;
const RECORDED_AT_ONCE = 500;

export interface Delivering {
  /** Has it look for what is due now. */
  look(): void;
  /** Resolves when what is under way is sent and recorded, or has taken too long. */
  stop(): Promise<void>;
}

interface Means {
  sender: WebhookSender;
  metrics: WebhookMetrics;
  log: Log;
}

export function startDelivering(db: Database, { sender, metrics, log }: Means): Delivering {
  const stopping = new AbortController();
  const sending = new Map<string, number>();
  /** Endpoints of which there may be more than could be taken. */
  const full = new Set<string>();
  const underWay = new Set<Promise<void>>();
  const isFirst = createSampler(LINES_PER_SECOND);
  let waker = new AbortController();
  const record = createBatcher<DeliveryOutcome, null>(async (outcomes) => {
    await recordDeliveries(db, outcomes);
    return outcomes.map(() => null);
  }, RECORDED_AT_ONCE);

  async function claim(): Promise<void> {
    const before = new Map(sending);
    const claimed = await claimDeliveries(db, { sending: before, each: EACH });
    for (const { endpoint_id } of claimed) {
      sending.set(endpoint_id, (sending.get(endpoint_id) ?? 0) + 1);
      before.set(endpoint_id, (before.get(endpoint_id) ?? 0) + 1);
    }
    full.clear();
    for (const [endpoint_id, count] of before) if (count >= EACH) full.add(endpoint_id);
    // Some may have ended while the database was asked.
    if ([...full].some((endpoint_id) => (sending.get(endpoint_id) ?? 0) < EACH)) waker.abort();
    if (claimed.length === 0) return;
    const events = new Map<string, ServiceEvent>();
    try {
      const ids = [...new Set(claimed.map(({ event_id }) => event_id))];
      for (const event of await readEvents(db, ids)) events.set(event.id, event);
    } finally {
      for (const delivery of claimed) begin(delivery, events.get(delivery.event_id));
    }
  }

  /** Without its event, which could not be read just now, it is left for the next who claims it. */
  function begin(delivery: ClaimedDelivery, event: ServiceEvent | undefined): void {
    const { endpoint_id, event_id } = delivery;
    const work = (event === undefined ? Promise.resolve() : deliver(delivery, event))
      .catch((error) => log.warn({ error, endpoint_id, event_id }, 'a delivery could not be recorded'))
      .finally(() => {
        underWay.delete(work);
        const left = (sending.get(endpoint_id) ?? 1) - 1;
        if (left > 0) sending.set(endpoint_id, left);
        else sending.delete(endpoint_id);
        if (full.has(endpoint_id)) waker.abort();
      });
    underWay.add(work);
  }

  async function deliver(delivery: ClaimedDelivery, event: ServiceEvent): Promise<void> {
    const { endpoint_id, event_id, attempts, url, secrets } = delivery;
    const answer = await sender.send({ url, id: event_id, body: JSON.stringify(event), secrets });
    const { status, retry_in_s, gone } = decideDelivery(
      { attempts, status: answer.status, retry_after_s: retryAfterSeconds(answer.retry_after, Date.now()) },
      Math.random(),
    );
    const outcome = outcomeOf(answer, { delivered: status === 'delivered', gone });
    metrics.attempted(outcome, answer.duration_ms);
    const { status: last_status, error: last_error, duration_ms: last_duration_ms } = answer;
    if (outcome !== 'delivered' && isFirst() !== undefined)
      log.info({ endpoint_id, event_id, attempts, status: last_status, fault: last_error }, 'a webhook was not taken');
    if (gone && (await disableGone(db, { id: endpoint_id, url })))
      log.warn({ endpoint_id }, 'an endpoint answered 410, and is disabled');
    await record.add({
      ...{ endpoint_id, event_id, attempts, status, retry_in_s, last_status, last_error, last_duration_ms },
    });
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      waker = new AbortController();
      await claim().catch((error) =>
        log[isStorageFault(error) ? 'warn' : 'error']({ error: error.message }, 'delivering webhooks'),
      );
      const idle = EVERY_MS + (Math.random() * 2 - 1) * JITTER_MS;
      const signal = AbortSignal.any([stopping.signal, waker.signal]);
      await pause(idle, undefined, { signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    look: () => waker.abort(),
    stop: async () => {
      stopping.abort();
      await running;
      await Promise.race([Promise.all(underWay), pause(CLOSE_MS)]);
      sender.close();
    },
  };
}

function outcomeOf(
  { status }: WebhookAnswer,
  { delivered, gone }: { delivered: boolean; gone: boolean },
): AttemptOutcome {
  if (delivered) return 'delivered';
  if (gone) return 'gone';
  return status === null ? 'no_answer' : 'refused';
}

/** @returns rings for events that are new, if any endpoint is there to be told of them */
export function createAnnouncer(db: Database, bell: WebhookBell, log: Log): (events: number) => void {
  return (events) => {
    hasEndpoints(db).then(
      (some) => some && bell.ring(events),
      (error) => log.debug({ error }, 'no ring for webhooks'),
    );
  };
}
