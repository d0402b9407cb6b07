// Rounds: in each of them everybody has a turn, one after the other, so that whatever else the machine is doing meets all
// alike. Figures of one round are compared with each other, never with those of another.

import type { Measurement } from './suite.ts';

export interface Contender {
  name: string;
  unit: string;
  note?: string;
  /**
   * One turn. Does its own preparation, and gives the figure of what came after it, or several of them by name: `{ p99 }`
   * of `idle` is the measurement `idle p99`.
   */
  turn(round: number): Promise<number | Record<string, number>>;
  /** After each turn: throws BrokenBooks when an invariant does not hold. */
  check?(): Promise<void>;
}

export interface Rounds {
  rounds: number;
  /** Before the first, for caches and compilers; checked like the others and not counted. 1, if not given. */
  warmups?: number;
  say(line: string): void;
}

/** Each round begins with another contender: to go first, or after a certain other, must be nobody's advantage. */
export async function runRounds(contenders: readonly Contender[], options: Rounds): Promise<Measurement[]> {
  const { rounds, warmups = 1, say } = options;
  const measured = new Map(contenders.map(({ name }): [string, Map<string, number[]>] => [name, new Map()]));
  for (let round = -warmups; round < rounds; round += 1) {
    const said: string[] = [];
    for (const contender of turnsOf(contenders, round + warmups)) {
      const figures = namedFigures(contender.name, await contender.turn(round + warmups));
      await contender.check?.();
      const values = measured.get(contender.name) as Map<string, number[]>;
      for (const [name, figure] of figures) {
        said.push(`${name} ${roughly(figure)}`);
        if (round >= 0) values.set(name, [...(values.get(name) ?? []), figure]);
      }
    }
    say(`${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${said.join(' · ')}`);
  }
  return contenders.flatMap(({ name: own, unit, note }) =>
    [...(measured.get(own) as Map<string, number[]>)].map(([name, values]) => ({
      ...{ name, unit, values },
      ...(note !== undefined && { note }),
    })),
  );
}

function namedFigures(name: string, figures: number | Record<string, number>): [string, number][] {
  if (typeof figures === 'number') return [[name, figures]];
  return Object.entries(figures).map(([figure, value]) => [`${name} ${figure}`, value]);
}

/** Begins with the next one each time, and every other time backwards. */
function turnsOf<Item>(items: readonly Item[], round: number): Item[] {
  const first = round % items.length;
  const turned = [...items.slice(first), ...items.slice(0, first)];
  return round % 2 === 0 ? turned : turned.reverse();
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that this share of them does not exceed, between two of them by the straight line. NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below = Number.NaN, above = Number.NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

/** Round by round. Those that share no round have no ratio. */
export function ratios(values: readonly number[], against: readonly number[]): number[] {
  return values.flatMap((value, round) => {
    const other = against[round];
    return other === undefined ? [] : [value / other];
  });
}

/** Three digits that count, with a comma for the thousands. */
export function roughly(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded =
    digits > 0 ? value.toFixed(digits) : String(Math.round(value / 10 ** -cut(value)) * 10 ** -cut(value));
  return rounded.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
}

/** How many places before the decimal point are rounded away, as a negative number. */
function cut(value: number): number {
  return Math.min(0, 2 - Math.floor(Math.log10(Math.abs(value))));
}
