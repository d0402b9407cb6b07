// What a suite is: something to measure, several times over, beside what it is compared with. Knows no suite.

import type { Services } from './services.ts';

/** One figure of every round, in the order of the rounds: the figures of a round were taken side by side. */
export interface Measurement {
  /** Unique within its suite; goals.ts names it. */
  name: string;
  /** `events/s`, `requests/s`, `ms`, `MB` … */
  unit: string;
  values: number[];
  /** A word on what was done, for the table. */
  note?: string;
}

/** What a suite works with. */
export interface Bench {
  services: Services;
  /** How many rounds to take. */
  rounds: number;
  /** Everything together within five minutes: less data, shorter turns. */
  quick: boolean;
  /** Where the large databases of `growth` are kept for the next run; undefined: nowhere. */
  data?: string | undefined;
  /** How many of something: so many when quick, so many otherwise, times --scale. */
  sized(quick: number, full: number): number;
  /** Says what is going on, to whoever waits in front of the terminal. */
  say(line: string): void;
}

export interface Suite {
  name: string;
  /** One line, for --help. */
  about: string;
  /** `redis`: left out, with the reason printed, where there is no redis-server. */
  needs: 'postgresql' | 'redis';
  /**
   * Brings up what it needs by `bench.services`, and ends it. The order of what it gives is the order in the table.
   * @throws BrokenBooks when an invariant does not hold (invariants.ts); then no figure of the whole run counts
   */
  run(bench: Bench): Promise<Measurement[]>;
}
