// What the overview page shows, in one answer: whether points are flowing, and what waits for somebody.

import { latencyQuantile, type QueueView } from '@customer-service/runtime';
import {
  type Database,
  databaseAnswers,
  lastReconciliation,
  listProcesses,
  listQuarantined,
  readActivity,
  readBacklog,
  readDeliveryBacklog,
  readUpkeep,
} from '@customer-service/store';
import type { Services } from '../route.ts';

/** Ranges one can look at, in minutes, with the seconds of a step. */
export const RANGES: Readonly<Record<string, number>> = { 15: 10, 60: 60, 360: 300 };
/** A process that has not told for so long is not counted on. */
const SILENT_S = 10;
const SHOWN = 20;
/** What the share of the sweep is taken of. */
const RECENT_MIN = 5;

type Sources = Pick<Services, 'db' | 'config' | 'version'>;

export async function readOverview(
  { db, config, version }: Sources,
  view: QueueView,
  minutes: number,
): Promise<object> {
  const backend = config.redis_url === null ? 'postgresql' : 'redis';
  const step_s = RANGES[minutes] as number;
  const [database, queue] = await Promise.all([timed(() => databaseAnswers(db)), readQueue(view)]);
  const known = database.value ? await readLedger(db, minutes, step_s) : null;
  return {
    as_of: new Date().toISOString(),
    version,
    range: { minutes, step_s },
    database: { status: database.value ? 'up' : 'down', answered_ms: database.ms },
    queue: { backend, ...queue },
    ...known,
  };
}

async function readLedger(db: Database, minutes: number, step_s: number) {
  const [backlog, upkeep, webhooks, steps, processes, quarantined, reconciled] = await Promise.all([
    readBacklog(db),
    readUpkeep(db),
    readDeliveryBacklog(db),
    readActivity(db, { minutes, step_s }),
    listProcesses(db),
    listQuarantined(db, SHOWN),
    lastReconciliation(db),
  ]);
  const recent = await readActivity(db, { minutes: RECENT_MIN, step_s: 10 });
  const minute = recent.filter(({ at }) => Date.parse(at) > Date.now() - 70_000);
  const sum = (of: typeof recent, field: 'accepted' | 'applied' | 'rejected' | 'swept') =>
    of.reduce((total, step) => total + step[field], 0);
  const decided = sum(recent, 'applied') + sum(recent, 'rejected');
  return {
    backlog,
    upkeep,
    webhooks,
    last_minute: {
      accepted: sum(minute, 'accepted'),
      applied: sum(minute, 'applied'),
      rejected: sum(minute, 'rejected'),
    },
    steps: steps.map(({ latency, ...step }) => ({
      ...step,
      latency_p50_s: latencyQuantile(latency, 0.5),
      latency_p99_s: latencyQuantile(latency, 0.99),
    })),
    sweep_share: decided === 0 ? null : sum(recent, 'swept') / decided,
    processes: processes.map(({ silent_s, ...process }) => ({ ...process, silent_s, alive: silent_s < SILENT_S })),
    quarantined,
    reconciled,
  };
}

async function readQueue({ queue }: QueueView) {
  const answer = await timed(async () => {
    const [counts, failed, paused] = await Promise.all([
      queue.getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed'),
      queue.getJobs('failed', 0, SHOWN - 1),
      queue.isPaused(),
    ]);
    return { counts, paused, failed: failed.filter((job) => job !== undefined).map(toFailed) };
  }).catch(() => null);
  if (answer === null) return { status: 'down', counts: null, paused: false, failed: [] };
  return { status: 'up', answered_ms: answer.ms, ...answer.value };
}

const toFailed = (job: Awaited<ReturnType<QueueView['queue']['getJobs']>>[number]) => ({
  id: job.id,
  type: job.name,
  attempts: job.attemptsMade,
  failed_at: job.finishedOn === undefined ? null : new Date(job.finishedOn).toISOString(),
  reason: job.failedReason,
});

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const started = performance.now();
  const value = await work();
  return { value, ms: Math.round((performance.now() - started) * 10) / 10 };
}
