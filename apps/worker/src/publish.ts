// Makes events of what SQL transactions left in the outbox, announces what will lapse, and deletes what is old. Of several
// workers one does each at a time. When it is late nothing is lost: events come later, in the same order.

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '@customer-service/runtime';
import { announceExpiring, type Database, forgetEvents, isStorageFault, publishEvents } from '@customer-service/store';

const EVERY_MS = 200;
/** Fewer are what has come in meanwhile, and no backlog. */
const BACKLOG = 1_000;
/**
 * With a backlog it rests ten times as long as it works, and leaves the database to those who apply: tills wait for them,
 * and nobody for it. For so long; whoever is still behind then publishes as quickly as it can.
 */
const YIELDS_MS = 20_000;
const RESTS = 10;
/** How often it looks whether a day has begun or something is too old. */
const UPKEEP_EVERY_MS = 1_000;

export interface Publishing {
  /** Resolves when the round under way is over. */
  stop(): Promise<void>;
}

/** @param announce is told, after the commit, how many events are new */
export function startPublishing(db: Database, announce: (events: number) => void, log: Log): Publishing {
  const stopping = new AbortController();
  let upkeep_at = 0;
  let behind_since: number | undefined;

  /** @returns how many events were published */
  async function round(): Promise<number> {
    const published = await publishEvents(db);
    if (published > 0) announce(published);
    if (performance.now() >= upkeep_at) {
      const more = [await announceExpiring(db), await forgetEvents(db)].includes(true);
      upkeep_at = more ? 0 : performance.now() + UPKEEP_EVERY_MS;
    }
    return published;
  }

  /** @returns how long to wait before the next round */
  function restAfter(published: number, started: number): number {
    if (published < BACKLOG) behind_since = undefined;
    else behind_since ??= started;
    if (behind_since === undefined) return EVERY_MS;
    return started - behind_since < YIELDS_MS ? (performance.now() - started) * RESTS : 0;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const started = performance.now();
      const published = await round().catch((error) => {
        log[isStorageFault(error) ? 'warn' : 'error']({ error: error.message }, 'publishing');
        return 0;
      });
      await pause(restAfter(published, started), undefined, { signal: stopping.signal }).catch(() => {});
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
