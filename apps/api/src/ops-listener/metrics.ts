// What the API counts: requests, what is accepted, and the state that all processes share, which it reads from
// PostgreSQL and from the queue when somebody asks. docs/metrics.md lists all of it.

import { type Doorbell, type Metrics, QUEUE_NAME, type QueueView } from '@customer-service/runtime';
import {
  type Accepted,
  type Database,
  databaseAnswers,
  readBacklog,
  readDeliveryBacklog,
  readUpkeep,
} from '@customer-service/store';
import { Counter, Gauge, Histogram } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Whoever asks within this time gets the same answer. */
const FRESH_MS = 1_000;

export interface AnsweredRequest {
  /** One that the API knows, or `other`: a label must have few values. */
  method: string;
  /** The path as the route spells it; `none` when there is no such route. */
  route: string;
  status: number;
  duration_ms: number;
}

export interface ApiMetrics {
  answered(request: AnsweredRequest): void;
  /** One answer an item, as the store gives them. */
  accepted(items: readonly { type: string }[], answers: readonly (Accepted | Error)[]): void;
}

/** @param types of transactions that clients post */
export function createApiMetrics(metrics: Metrics, types: readonly string[]): ApiMetrics {
  const registers = [metrics];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests that were answered, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the headers of a request to its answer, ready to be sent, by method and route',
    labelNames: ['method', 'route'],
    buckets: SECONDS,
    registers,
  });
  const accepted = new Counter({
    name: 'customer_service_transactions_accepted_total',
    help: 'Transactions posted, by type and outcome (accepted, replayed, refused)',
    labelNames: ['type', 'outcome'],
    registers,
  });
  for (const type of types) accepted.inc({ type, outcome: 'accepted' }, 0);

  return {
    answered: ({ method, route, status, duration_ms }) => {
      requests.inc({ method, route, status });
      duration.observe({ method, route }, duration_ms / 1_000);
    },
    accepted: (items, answers) => {
      answers.forEach((answer, index) => {
        const outcome = answer instanceof Error ? 'refused' : answer.replayed ? 'replayed' : 'accepted';
        accepted.inc({ type: items[index]?.type ?? 'unknown', outcome });
      });
    },
  };
}

interface Watched {
  db: Database;
  doorbell: Doorbell;
  /** The queue of webhooks. */
  webhooks: QueueView;
  /** Transactions of this process that wait for their INSERT or are in it. */
  accepting: () => number;
}

/** What waits and what is away. A gauge whose source is away is left out, and `dependency_up` says why. */
export function watchService(metrics: Metrics, { db, doorbell, webhooks, accepting }: Watched): void {
  const registers = [metrics];
  const jobs = remembered(() => doorbell.counts().catch(() => undefined));
  const webhookJobs = remembered(() => webhooks.queue.getJobCounts().catch(() => undefined));
  const database = remembered(() => databaseAnswers(db));

  watchSource(registers, () => readBacklog(db), {
    pending_transactions: [
      'Transactions accepted and not decided; 100,000 stands for that many or more',
      ({ pending }) => pending,
    ],
    oldest_pending_age_seconds: [
      'Age of the oldest transaction that is not decided; 0 without any',
      ({ oldest_age_s }) => oldest_age_s,
    ],
    quarantined_customers: [
      'Customers whose transactions failed again and again, and wait for somebody to release them',
      ({ quarantined }) => quarantined,
    ],
  });
  watchSource(registers, () => readUpkeep(db), {
    settling_overdue_seconds: [
      'How long ago the longest overdue of what passes with time (lots, holds, tiers) was due; 0 without any',
      ({ settling_overdue_s }) => settling_overdue_s,
    ],
    unfolded_rows: [
      'Rows that analytics has counted and not folded; 200,000 stands for that many or more',
      ({ unfolded }) => unfolded,
    ],
    unpublished_outbox_rows: [
      'SQL transactions whose events are not published; 100,000 stands for that many or more',
      ({ unpublished }) => unpublished,
    ],
    oldest_unpublished_age_seconds: [
      'Age of the oldest event that is not published; 0 without any',
      ({ oldest_unpublished_s }) => oldest_unpublished_s,
    ],
  });
  watchSource(registers, () => readDeliveryBacklog(db), {
    webhooks_waiting: [
      'Webhooks still to be delivered to endpoints that are enabled; 100,000 stands for that many or more',
      ({ waiting }) => waiting,
    ],
    webhooks_oldest_waiting_age_seconds: [
      'Age of the oldest event that an endpoint that is enabled has not got; 0 without any',
      ({ oldest_waiting_s }) => oldest_waiting_s,
    ],
    webhooks_overdue_seconds: [
      'How long ago the longest overdue attempt to deliver a webhook was due; 0 without any',
      ({ overdue_s }) => overdue_s,
    ],
    webhook_endpoints_gone: [
      'Endpoints that answered 410, and get nothing until somebody enables them',
      ({ gone }) => gone,
    ],
  });
  new Gauge({
    name: 'customer_service_accepting_transactions',
    help: 'Transactions posted to this process that wait for their INSERT or are in it',
    registers,
    collect() {
      this.set(accepting());
    },
  });
  new Gauge({
    name: 'customer_service_queue_jobs',
    help: 'Jobs of the queue by state; completed and failed ones are kept for a while',
    labelNames: ['queue', 'state'],
    registers,
    async collect() {
      const found = { [QUEUE_NAME]: await jobs(), webhooks: await webhookJobs() };
      this.reset();
      for (const [queue, counts] of Object.entries(found))
        for (const [state, count] of Object.entries(counts ?? {})) this.set({ queue, state }, count);
    },
  });
  new Gauge({
    name: 'customer_service_dependency_up',
    help: 'Whether PostgreSQL and the queue answer: 1 or 0',
    labelNames: ['dependency'],
    registers,
    async collect() {
      this.set({ dependency: 'database' }, (await database()) ? 1 : 0);
      this.set({ dependency: 'queue' }, doorbell.isUp() && (await jobs()) !== undefined ? 1 : 0);
    },
  });
}

/** Gauges by name, each with its help and what it shows of the one answer they share. */
function watchSource<Found>(
  registers: Metrics[],
  read: () => Promise<Found>,
  gauges: Record<string, [help: string, show: (found: Found) => number]>,
): void {
  const source = remembered(() => read().catch(() => undefined));
  for (const [name, [help, show]] of Object.entries(gauges)) {
    new Gauge({
      ...{ name: `customer_service_${name}`, help, registers },
      async collect() {
        const found = await source();
        this.remove();
        if (found !== undefined) this.set(show(found));
      },
    });
  }
}

/** Asks once for all that ask together or soon after one another. */
function remembered<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: { at: number; value: Promise<T> } | undefined;
  return () => {
    if (answer === undefined || performance.now() - answer.at > FRESH_MS)
      answer = { at: performance.now(), value: read() };
    return answer.value;
  };
}
