// Chance that can be had again: the same seed gives the same numbers.

export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  /** The same, and more often near `from`: a third of the way on the average. */
  mostly(from: number, to: number): number;
  one<T>(list: readonly T[]): T;
  /** True that often, from 0 to 1. */
  chance(share: number): boolean;
  /** Another source, which takes nothing from this one however often it is asked. */
  fork(name: string): Random;
}

/** Mulberry32: 32 bits of state, and good enough to choose faults by. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    between,
    mostly: (from, to) => from + Math.floor(next() ** 2 * (to - from + 1)),
    one: (list) => list[between(0, list.length - 1)] as (typeof list)[number],
    chance: (share) => next() < share,
    fork: (name) => seeded([...name].reduce((mixed, letter) => Math.imul(mixed, 31) + letter.charCodeAt(0), seed)),
  };
}
