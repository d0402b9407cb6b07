// The net under the queue: applies, from PostgreSQL alone, what has waited longer than a doorbell takes. With the
// queue flushed, dead or absent it does all the work, a little later. It applies and does not ring again.

import { setTimeout as pause } from 'node:timers/promises';
import { createSampler, inTrace, type Log } from '@customer-service/runtime';
import {
  type AppliedRun,
  applyApart,
  type Database,
  isStorageFault,
  listOverdueCustomers,
} from '@customer-service/store';
import type { Observer } from './observe.ts';

const EVERY_MS = 500;
/** While PostgreSQL is away: what was accepted before has waited for as long as that, and need not wait for the next sweep. */
const AWAY_EVERY_MS = 100;
/** One fifth more or less. */
const JITTER = 0.2;
const LINES_PER_SECOND = 2;
/** Younger rows are left to the doorbell. */
const OLDER_THAN_MS = 500;
/** The oldest rows one round looks at. */
const ROWS = 2_000;
/** A customer whose transactions could not be applied is left alone for this long. */
const PAUSE_MS = 5_000;
/** The same after a fault that passes, such as an account that somebody holds locked. */
const PASSING_MS = 500;

export interface Sweep {
  /** Resolves when the first round is over, whatever came of it. */
  first: Promise<void>;
  /** Resolves when the round under way is over. */
  stop(): Promise<void>;
}

export function startSweep(db: Database, { onApplied, failed }: Observer, log: Log): Sweep {
  const paused = new Map<string, number>();
  const stopping = new AbortController();
  const isFirst = createSampler(LINES_PER_SECOND);

  /** @returns whether something was decided, so that there may be more */
  async function round(): Promise<boolean> {
    for (const [customerId, until] of paused) if (until < Date.now()) paused.delete(customerId);
    const overdue = await listOverdueCustomers(db, {
      older_than_ms: OLDER_THAN_MS,
      except: [...paused.keys()],
      limit: ROWS,
    });
    if (overdue.length === 0) return false;
    let decided = 0;
    const counted = (run: AppliedRun) => {
      decided += run.lines.length;
      onApplied(run);
    };
    // Whoever has an account locked is mostly applying what waits for it; if not, the next round is soon.
    const apply = () => applyApart(db, overdue, { busy: 'skip', onApplied: counted });
    const failures = await inTrace({ name: 'sweep', kind: 'consumer', parent: null }, apply);
    failed(failures.size);
    for (const [customer_id, error] of failures) {
      const passing = isStorageFault(error);
      paused.set(customer_id, Date.now() + (passing ? PASSING_MS : PAUSE_MS));
      log[passing ? 'warn' : 'error']({ customer_id, error }, 'sweeping failed');
    }
    return decided > 0;
  }

  const idle = (ms: number) =>
    pause(ms * (1 + (Math.random() * 2 - 1) * JITTER), undefined, { signal: stopping.signal }).catch(() => {});

  let firstIsOver = () => {};
  const first = new Promise<void>((resolve) => {
    firstIsOver = resolve;
  });

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let again_ms = EVERY_MS;
      const found = await round().catch((error) => {
        const away = isStorageFault(error);
        if (away) again_ms = AWAY_EVERY_MS;
        if (isFirst() !== undefined) log[away ? 'warn' : 'error']({ error: error.message }, 'sweep');
        return false;
      });
      firstIsOver();
      // A backlog is worked off at once, round after round.
      if (!found) await idle(again_ms);
    }
  }

  const running = run();
  return {
    first,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
