// Notices a queue worker that has stopped listening without a word, as after a connection that is gone on one side only,
// and puts a new one in its place. A worker that gets jobs proves that it lives; an idle one is sent canaries: jobs that
// mean nothing. Several at a time, because another worker may be quicker.

import type { Log } from './log.ts';

const EVERY_MS = 30_000;
export const CANARIES = 5;
/** Rounds of canaries in a row without a sign of life. */
const MISSES = 2;

export interface Replaceable {
  /** `force`: without waiting for what it has under way. */
  close(force?: boolean): Promise<void>;
}

export interface Watched<Worker> {
  /** The worker of now. */
  current(): Worker;
  /** To be called whenever a job, or a canary, is done. */
  heard(): void;
  close(): Promise<void>;
}

export interface CanaryOptions<Worker> {
  open(): Worker;
  /** Sends canaries. A rejection says nothing about the worker: the queue itself is away. */
  ring(): Promise<unknown>;
  log: Log;
  every_ms?: number | undefined;
}

export function watchWorker<Worker extends Replaceable>(options: CanaryOptions<Worker>): Watched<Worker> {
  const { open, ring, log, every_ms = EVERY_MS } = options;
  let worker = open();
  let heard = 0;
  let misses = 0;
  let rung = false;

  function look(): void {
    misses = heard === 0 && rung ? misses + 1 : 0;
    if (misses === MISSES) {
      log.warn({ misses }, 'the queue worker answers no canary: a new one takes its place');
      worker.close(true).catch((error) => log.debug({ error }, 'the old queue worker'));
      worker = open();
      misses = 0;
    }
    const idle = heard === 0;
    heard = 0;
    rung = false;
    if (!idle) return;
    ring().then(
      () => {
        rung = true;
      },
      () => {},
    );
  }

  const timer = setInterval(look, every_ms);
  timer.unref();
  return {
    current: () => worker,
    heard: () => {
      heard += 1;
    },
    close: () => {
      clearInterval(timer);
      return worker.close();
    },
  };
}
