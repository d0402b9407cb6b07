// What is due without any transaction: lots that lapse, holds that run out, tiers whose period ends, a programme that
// begins. Settled about once a second, from PostgreSQL alone and in bounded batches. Nobody waits for it: whoever reads
// or redeems leaves out what has lapsed already.

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '@customer-service/runtime';
import { applyApart, type Database, isStorageFault, listLapsed, requalifySome } from '@customer-service/store';
import type { Observer } from './observe.ts';

const EVERY_MS = 1_000;
const JITTER_MS = 200;
/** Accounts one round takes of either kind. */
const ACCOUNTS = 500;

export interface Settling {
  /** Resolves when the round under way is over. */
  stop(): Promise<void>;
}

export function startSettling(db: Database, { onApplied, failed }: Observer, log: Log): Settling {
  const stopping = new AbortController();

  /** @returns whether there may be more */
  async function round(): Promise<boolean> {
    const lapsed = await listLapsed(db, ACCOUNTS);
    const failures = lapsed.length === 0 ? new Map() : await applyApart(db, lapsed, { settle: 'overdue', onApplied });
    failed(failures.size);
    for (const [customer_id, error] of failures)
      log[isStorageFault(error) ? 'warn' : 'error']({ customer_id, error }, 'settling failed');
    const requalified = await requalifySome(db, ACCOUNTS, { onApplied });
    return (lapsed.length === ACCOUNTS && failures.size === 0) || requalified === ACCOUNTS;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const more = await round().catch((error) => {
        log[isStorageFault(error) ? 'warn' : 'error']({ error: error.message }, 'settling');
        return false;
      });
      const idle = EVERY_MS + (Math.random() * 2 - 1) * JITTER_MS;
      if (!more) await pause(idle, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
