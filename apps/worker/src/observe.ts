// What the worker tells of each run, once it is committed: the figures for whoever watches, a line in the log, and in the
// trace of every transaction that it was decided.

import { type ApplyMetrics, createSampler, type Log, traceDecisions } from '@customer-service/runtime';
import type { AppliedRun } from '@customer-service/store';

const LINES_PER_SECOND = 20;
/** A run that held its locks for longer has a line in any case. */
const LONG_MS = 150;
/** Traces that one line names. */
const TOLD = 20;

/** What applyApart tells, and how many customers it could not serve. */
export interface Observer {
  onApplied(run: AppliedRun): void;
  failed(customers: number): void;
}

export type Observe = (by: 'queue' | 'sweep' | 'settling') => Observer;

export function createObserve(metrics: ApplyMetrics, log: Log): Observe {
  const take = createSampler(LINES_PER_SECOND);
  return (by) => ({
    onApplied: (run) => {
      metrics.applied(by, run);
      const trace_ids = traceDecisions(by, run);
      const left_out = take();
      if (left_out === undefined && run.duration_ms <= LONG_MS) return;
      const line = { by, lines: run.lines.length, duration_ms: Math.round(run.duration_ms) };
      const traced = trace_ids.length > 0 && { trace_ids: trace_ids.slice(0, TOLD) };
      log.info({ ...line, ...traced, ...(left_out && { left_out }) }, 'applied');
    },
    failed: (customers) => metrics.failed(by, customers),
  });
}
