// Tells every two seconds what this process did since it last told: differences of its own metrics. The ops page shows
// what all processes told; where there is a Prometheus, it sees the same figures.

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from './log.ts';
import { LATENCY_SECONDS, type Metrics } from './metrics.ts';

const EVERY_MS = 2_000;

export interface ActivityCounts {
  accepted: number;
  applied: number;
  rejected: number;
  swept: number;
  /** Decided transactions by bucket of LATENCY_SECONDS, the last of them beyond it. */
  latency: number[];
}

export interface ActivityReports {
  /** Resolves when the last report is over. */
  stop(): Promise<void>;
}

/** @param tell keeps the report; when it fails, the next one contains what it said */
export function startActivityReports(
  metrics: Metrics,
  { tell, leave }: { tell(done: ActivityCounts): Promise<void>; leave(): Promise<void> },
  log: Log,
): ActivityReports {
  const stopping = new AbortController();
  let told: ActivityCounts = { accepted: 0, applied: 0, rejected: 0, swept: 0, latency: LATENCY_SECONDS.map(() => 0) };
  told.latency.push(0);

  async function report(): Promise<void> {
    const now = await countsOf(metrics);
    try {
      await tell({
        accepted: now.accepted - told.accepted,
        applied: now.applied - told.applied,
        rejected: now.rejected - told.rejected,
        swept: now.swept - told.swept,
        latency: now.latency.map((count, bucket) => count - (told.latency[bucket] as number)),
      });
      told = now;
    } catch (error) {
      log.warn({ error }, 'activity');
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await report();
      await pause(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
    await report();
    await leave().catch((error) => log.debug({ error }, 'activity'));
  }

  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

interface Sample {
  value: number;
  labels: Partial<Record<string, string | number>>;
  metricName?: string;
}

async function countsOf(metrics: Metrics): Promise<ActivityCounts> {
  const read = async (name: string): Promise<Sample[]> =>
    ((await metrics.getSingleMetric(`customer_service_${name}`)?.get())?.values as Sample[] | undefined) ?? [];
  const sum = (samples: Sample[]) => samples.reduce((total, { value }) => total + value, 0);
  const decided = (await read('transactions_decided_total')).filter(({ labels }) => labels.by !== 'settling');
  const outcome = (of: string) => sum(decided.filter(({ labels }) => labels.outcome === of));
  return {
    accepted: sum((await read('transactions_accepted_total')).filter(({ labels }) => labels.outcome === 'accepted')),
    applied: outcome('applied'),
    rejected: outcome('rejected'),
    swept: sum(decided.filter(({ labels }) => labels.by === 'sweep')),
    latency: bucketsOf(await read('transaction_latency_seconds')),
  };
}

/** Prometheus counts each bucket with all below it. */
function bucketsOf(samples: Sample[]): number[] {
  const below = new Map(
    samples.filter(({ metricName }) => metricName?.endsWith('_bucket')).map(({ labels, value }) => [labels.le, value]),
  );
  const limits = [...LATENCY_SECONDS, '+Inf'];
  return limits.map((le, index) => (below.get(le) ?? 0) - (below.get(limits[index - 1] as number) ?? 0));
}

/**
 * Estimates a quantile from buckets of LATENCY_SECONDS, evenly within a bucket; seconds. Null: nothing was counted.
 * What lies beyond the last limit counts as that limit.
 */
export function latencyQuantile(buckets: readonly number[], quantile: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    const from = LATENCY_SECONDS[index - 1] ?? 0;
    const to = LATENCY_SECONDS[index] ?? from;
    if (count > 0 && below + count >= quantile * total)
      return from + (to - from) * ((quantile * total - below) / count);
    below += count;
  }
  return LATENCY_SECONDS.at(-1) ?? null;
}
