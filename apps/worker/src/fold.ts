// Keeps analytics quick: folds what was counted beside the transactions. When it is late the figures are as exact, and
// take a little longer to read. Of several workers one folds at a time.

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '@customer-service/runtime';
import { type Database, foldAnalytics, isStorageFault } from '@customer-service/store';

const EVERY_MS = 250;
/** A backlog leaves room for the sweep, which shares the connections. */
const BETWEEN_ROUNDS_MS = 50;

export interface Fold {
  /** Resolves when the round under way is over. */
  stop(): Promise<void>;
}

export function startFold(db: Database, log: Log): Fold {
  const stopping = new AbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const more = await foldAnalytics(db).catch((error) => {
        log[isStorageFault(error) ? 'warn' : 'error']({ error: error.message }, 'fold');
        return false;
      });
      const wait = more ? BETWEEN_ROUNDS_MS : EVERY_MS;
      await pause(wait, undefined, { signal: stopping.signal }).catch(() => {});
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
