// Gathers what is asked for one at a time into batches, as DataLoader does, but without a timer: whatever has
// gathered goes out as soon as the batch before is back. So an idle process adds no delay, and a busy one shares
// more the busier it is. The API accepts through one, the doorbell rings through one, the worker applies through one.

export interface Batcher<Item, Result> {
  /** Resolves, or rejects, with what the batch says of this item. */
  add(item: Item): Promise<Result>;
  /** Items that wait for their batch or are in it. */
  size(): number;
}

interface Waiting<Item, Result> {
  item: Item;
  since: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export interface BatcherLimits {
  /** How long an item may wait for its batch to begin. */
  wait_ms: number;
  /**
   * What an item is refused with that never got into a batch: because it waited too long, or because the batch before
   * failed with this `fault`. Undefined for a fault that says nothing about the next batch.
   */
  refuse(fault?: unknown): Error | undefined;
}

/**
 * @param run gets one to `max` items and answers each in the same order; an Error as answer rejects that item alone,
 *   and a throw rejects the whole batch. Never called again before it has settled.
 * @param limits for a caller whose own callers wait; without them an item waits as long as it takes
 */
export function createBatcher<Item, Result>(
  run: (items: Item[]) => Promise<(Result | Error)[]>,
  max: number,
  limits?: BatcherLimits,
): Batcher<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let running = 0;
  let draining = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, max);
      waiting = waiting.slice(max);
      running = batch.length;
      const fault = await settle(batch, run);
      if (fault !== undefined) refuse(() => true, fault);
    }
    running = 0;
    draining = false;
  }

  function refuse(which: (item: Waiting<Item, Result>) => boolean, fault?: unknown): void {
    const error = limits?.refuse(fault);
    if (error === undefined) return;
    for (const { reject } of waiting.filter(which)) reject(error);
    waiting = waiting.filter((item) => !which(item));
  }

  /** One timer for all, while any wait. */
  let watching = false;
  function watch(wait_ms: number): void {
    watching = waiting[0] !== undefined;
    if (waiting[0] === undefined) return;
    const pause = Math.max(1, waiting[0].since + wait_ms - performance.now());
    setTimeout(() => {
      const now = performance.now();
      refuse(({ since }) => now - since >= wait_ms);
      watch(wait_ms);
    }, pause).unref();
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, since: performance.now(), resolve, reject });
        if (draining) {
          if (limits !== undefined && !watching) watch(limits.wait_ms);
          return;
        }
        draining = true;
        // After this turn of the event loop, so that requests parsed in the same turn share the batch.
        setImmediate(() => void drain());
      }),
    size: () => waiting.length + running,
  };
}

/** @returns what `run` threw, if it did */
async function settle<Item, Result>(
  batch: Waiting<Item, Result>[],
  run: (items: Item[]) => Promise<(Result | Error)[]>,
): Promise<unknown> {
  try {
    const answers = await run(batch.map(({ item }) => item));
    if (answers.length !== batch.length) throw new Error(`a batch of ${batch.length} got ${answers.length} answers`);
    batch.forEach(({ resolve, reject }, index) => {
      const answer = answers[index];
      if (answer instanceof Error) reject(answer);
      else resolve(answer as Result);
    });
    return undefined;
  } catch (error) {
    for (const { reject } of batch) reject(error);
    return error;
  }
}
