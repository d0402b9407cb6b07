// What the contenders with a queue of their own have in common: a process that is asked to fill its queue, and then to
// work it off.

import { serve } from '../child.ts';
import { type EventsOf, makeEvents } from '../events.ts';
import type { PlainEvent } from './plain-ledger.ts';

export interface Peer {
  /** Puts the events into the queue, in this order; nothing is applied yet. */
  fill(events: PlainEvent[]): Promise<void>;
  /** Resolves when that many are applied and done with in the queue. */
  work(count: number): Promise<void>;
}

let accepted = 0;

/** Answers `fill` with nothing and `work` with the milliseconds that it took. */
export function servePeer(peer: Peer): void {
  serve({
    fill: async (lot: EventsOf) => {
      const events = makeEvents(lot).map((event): PlainEvent => {
        accepted += 1;
        return { ...event, accepted };
      });
      await peer.fill(events);
    },
    work: async (count: number) => {
      const began = performance.now();
      await peer.work(count);
      return performance.now() - began;
    },
  });
}

/** Resolves once `done` was called that often. */
export function countDown(count: number): { done(by?: number): void; all: Promise<void> } {
  let left = count;
  let resolve = () => {};
  const all = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return {
    done: (by = 1) => {
      left -= by;
      if (left <= 0) resolve();
    },
    all,
  };
}
