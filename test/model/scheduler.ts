// Runs generators a step at a time, in an order that one number decides. Every `yield` is a choice point: anybody else
// who is ready may come first, or the process dies right there.

/** Ready to go on once it is true; `undefined`: at any time. */
export type Condition = (() => boolean) | undefined;
export type Steps<Result = void> = Generator<Condition, Result, undefined>;

export interface Random {
  /** 0 ≤ whole number < `limit`. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** Mulberry32: 32 bits of state, so a whole schedule is told by one number. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, chance: (probability) => next() < probability, pick: (items) => items[below(items.length)] as never };
}

interface Task {
  process: string;
  run: Steps<unknown>;
  condition: Condition;
}

export interface Scheduler {
  random: Random;
  /** Steps taken so far: the only clock there is. */
  now(): number;
  spawn(process: string, run: Steps<unknown>): void;
  /** Its tasks take no further step. */
  kill(process: string): void;
  /** Goes on until nobody is ready. @throws Error after `limit` steps: somebody runs in circles */
  rest(limit: number): void;
}

export function createScheduler(seed: number): Scheduler {
  const random = createRandom(seed);
  let tasks: Task[] = [];
  let steps = 0;

  const isReady = ({ condition }: Task) => condition === undefined || condition();

  /** Each of those who are ready is as likely. Guesses first, because to ask everybody takes longer. */
  function next(): Task | undefined {
    for (let guess = 0; guess < 8 && tasks.length > 0; guess += 1) {
      const task = random.pick(tasks);
      if (isReady(task)) return task;
    }
    const ready = tasks.filter(isReady);
    return ready.length === 0 ? undefined : random.pick(ready);
  }

  function step(task: Task): void {
    steps += 1;
    const { done, value } = task.run.next();
    if (done) tasks.splice(tasks.indexOf(task), 1);
    else task.condition = value;
  }

  return {
    random,
    now: () => steps,
    spawn: (process, run) => tasks.push({ process, run, condition: undefined }),
    kill: (process) => {
      tasks = tasks.filter((task) => task.process !== process);
    },
    rest: (limit) => {
      for (;;) {
        const task = next();
        if (task === undefined) return;
        if (steps > limit) throw new Error(`no rest after ${limit} steps: ${task.process} goes on`);
        step(task);
      }
    },
  };
}
