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
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * @param run gets one to `max` items and answers each in the same order; an Error as answer rejects that item alone,
 *   and a throw rejects the whole batch. Never called again before it has settled.
 */
export function createBatcher<Item, Result>(
  run: (items: Item[]) => Promise<(Result | Error)[]>,
  max: number,
): Batcher<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let running = 0;
  let draining = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, max);
      waiting = waiting.slice(max);
      running = batch.length;
      await settle(batch, run);
    }
    running = 0;
    draining = false;
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (draining) return;
        draining = true;
        // After this turn of the event loop, so that requests parsed in the same turn share the batch.
        setImmediate(() => void drain());
      }),
    size: () => waiting.length + running,
  };
}

async function settle<Item, Result>(
  batch: Waiting<Item, Result>[],
  run: (items: Item[]) => Promise<(Result | Error)[]>,
): Promise<void> {
  try {
    const answers = await run(batch.map(({ item }) => item));
    if (answers.length !== batch.length) throw new Error(`a batch of ${batch.length} got ${answers.length} answers`);
    batch.forEach(({ resolve, reject }, index) => {
      const answer = answers[index];
      if (answer instanceof Error) reject(answer);
      else resolve(answer as Result);
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
