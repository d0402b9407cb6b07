// What every process says of itself to Prometheus: its build, its memory, its event loop, its connections, and what it
// decided. Names and units follow https://prometheus.io/docs/practices/naming; docs/metrics.md lists all of them.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = Registry;

/** @param service `api` or `worker`: tells the processes apart, as does the `job` of whoever scrapes them */
export function createMetrics(service: string, version: string): Metrics {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  // Gauges whose names say that they count, which no conformance check lets pass; the same figures are there by type.
  for (const what of ['handles', 'requests', 'resources']) metrics.removeSingleMetric(`nodejs_active_${what}_total`);
  new Gauge({
    name: 'customer_service_build_info',
    help: 'Which build this process is of; always 1',
    labelNames: ['service', 'version', 'node_version'],
    registers: [metrics],
  }).set({ service, version, node_version: process.version }, 1);
  return metrics;
}

/** @param pools by name: how busy each is at the moment of the question */
export function watchPools(
  metrics: Metrics,
  pools: Record<string, () => { used: number; free: number; waiting: number; max: number }>,
): void {
  const labelNames = ['pool'];
  const registers = [metrics];
  const gauge = (name: string, help: string, read: (name: string) => number) =>
    new Gauge({
      ...{ name: `customer_service_database_pool_${name}`, help, labelNames, registers },
      collect() {
        for (const pool of Object.keys(pools)) this.set({ pool }, read(pool));
      },
    });
  gauge('used_connections', 'Connections to PostgreSQL in use', (pool) => pools[pool]?.().used ?? 0);
  gauge('idle_connections', 'Connections to PostgreSQL open and not in use', (pool) => pools[pool]?.().free ?? 0);
  gauge('waiting', 'Queries that wait for a connection', (pool) => pools[pool]?.().waiting ?? 0);
  gauge('max_connections', 'Connections the pool may open', (pool) => pools[pool]?.().max ?? 0);
}

/** Who decided: the queue's worker, the sweep, time that passed, or the API for a till that waits. */
export type AppliedBy = 'queue' | 'sweep' | 'settling' | 'request';

interface Run {
  lines: readonly { id: string | null; type: string; status: string }[];
  posted: ReadonlyMap<string, { accepted_at: string }>;
  duration_ms: number;
}

export interface ApplyMetrics {
  applied(by: AppliedBy, run: Run): void;
  /** Customers whose transactions could not be decided. */
  failed(by: AppliedBy, customers: number): void;
}

/** Limits of the buckets that durations are counted in. */
export const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const TRANSACTIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

/**
 * Counts what is decided, where it is decided. Every series that can be foreseen is there from the start, at 0: a rate
 * would miss the first step of one that appears.
 */
export function createApplyMetrics(
  metrics: Metrics,
  { types, by: sources }: { types: readonly string[]; by: readonly AppliedBy[] },
): ApplyMetrics {
  const registers = [metrics];
  const decided = new Counter({
    name: 'customer_service_transactions_decided_total',
    help: 'Lines of the ledger decided, by type, outcome (applied, rejected, parked) and by whom',
    labelNames: ['type', 'outcome', 'by'],
    registers,
  });
  const failures = new Counter({
    name: 'customer_service_apply_failures_total',
    help: 'Customers whose transactions could not be decided in a run, by whom; each is tried again',
    labelNames: ['by'],
    registers,
  });
  const batch = new Histogram({
    name: 'customer_service_apply_batch_transactions',
    help: 'Lines that one SQL transaction decided',
    labelNames: ['by'],
    buckets: TRANSACTIONS,
    registers,
  });
  const duration = new Histogram({
    name: 'customer_service_apply_duration_seconds',
    help: 'How long one SQL transaction took that decided something',
    labelNames: ['by'],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const latency = new Histogram({
    name: 'customer_service_transaction_latency_seconds',
    help: 'From the acceptance of a transaction to the commit of its outcome',
    buckets: LATENCY_SECONDS,
    registers,
  });
  for (const by of sources) {
    failures.inc({ by }, 0);
    batch.zero({ by });
    duration.zero({ by });
    for (const type of types) decided.inc({ type, outcome: 'applied', by }, 0);
  }

  return {
    applied: (by, { lines, posted, duration_ms }) => {
      const now = Date.now();
      const counts = new Map<string, { type: string; outcome: string; count: number }>();
      for (const { id, type, status: outcome } of lines) {
        const key = `${type} ${outcome}`;
        const counted = counts.get(key);
        if (counted === undefined) counts.set(key, { type, outcome, count: 1 });
        else counted.count += 1;
        const waited = id === null ? undefined : posted.get(id);
        if (waited !== undefined) latency.observe(Math.max(0, now - Date.parse(waited.accepted_at)) / 1_000);
      }
      for (const { type, outcome, count } of counts.values()) decided.inc({ type, outcome, by }, count);
      batch.observe({ by }, lines.length);
      duration.observe({ by }, duration_ms / 1_000);
    },
    failed: (by, customers) => {
      if (customers > 0) failures.inc({ by }, customers);
    },
  };
}

export interface ReconcileMetrics {
  /** @param mismatched accounts that do not agree, in the last round or the one under way */
  compared(accounts: number, mismatched: number): void;
  /** A round over all accounts has ended. */
  completed(): void;
}

export function createReconcileMetrics(metrics: Metrics): ReconcileMetrics {
  const registers = [metrics];
  const compared = new Counter({
    name: 'customer_service_reconcile_accounts_total',
    help: 'Accounts that were compared with their ledger',
    registers,
  });
  const mismatches = new Gauge({
    name: 'customer_service_reconcile_mismatched_accounts',
    help: 'Accounts that did not agree with their ledger, in the last round or the one under way',
    registers,
  });
  const completed = new Gauge({
    name: 'customer_service_reconcile_completed_timestamp_seconds',
    help: 'When the last round over all accounts ended; 0 before the first',
    registers,
  });
  return {
    compared: (accounts, mismatched) => {
      compared.inc(accounts);
      mismatches.set(mismatched);
    },
    completed: () => completed.setToCurrentTime(),
  };
}

/** What an attempt came to: taken; answered with anything else; without an answer; or the endpoint wants no more. */
export type AttemptOutcome = 'delivered' | 'refused' | 'no_answer' | 'gone';

export interface WebhookMetrics {
  attempted(outcome: AttemptOutcome, duration_ms: number): void;
}

export function createWebhookMetrics(metrics: Metrics): WebhookMetrics {
  const registers = [metrics];
  const attempts = new Counter({
    name: 'customer_service_webhook_attempts_total',
    help: 'Webhooks sent, by outcome (delivered, refused, no_answer, gone)',
    labelNames: ['outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'customer_service_webhook_duration_seconds',
    help: 'How long one webhook took to be answered, or given up',
    buckets: LATENCY_SECONDS,
    registers,
  });
  for (const outcome of ['delivered', 'refused', 'no_answer', 'gone']) attempts.inc({ outcome }, 0);
  return {
    attempted: (outcome, duration_ms) => {
      attempts.inc({ outcome });
      duration.observe(duration_ms / 1_000);
    },
  };
}
