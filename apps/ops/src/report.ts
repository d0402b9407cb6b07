// What a command has to say: data for machines, a text for people, and an exit code for scripts.

import { SingleBar } from 'cli-progress';

/**
 * 0: all is well · 1: something was found · 2: wrong use · 3: it could not be done, as a rule because the database or the
 * queue is out of reach.
 */
export const EXIT = { fine: 0, found: 1, wrong_use: 2, unreachable: 3 } as const;

export interface Report {
  /** Printed with --json, as one document. */
  data: object;
  text: string;
  /** Whether somebody should look at it. */
  found: boolean;
}

export class WrongUse extends Error {}

export class Unreachable extends Error {}

/** Columns under each other, two spaces apart; numbers to the right. */
export function table(head: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  const width = head.map((name, column) => Math.max(name.length, ...lines.map((line) => `${line[column]}`.length)));
  const row = (cells: readonly (string | number)[]) =>
    cells
      .map((cell, column) => {
        const space = width[column] as number;
        return typeof cell === 'number' ? `${cell}`.padStart(space) : cell.padEnd(space);
      })
      .join('  ')
      .trimEnd();
  return [row(head), ...lines.map(row)].join('\n');
}

/** Names and what they are, a line each. */
export function list(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length)) + 2;
  return lines.map(([name, value]) => `${name.padEnd(width)}${value}`).join('\n');
}

/** `1 job`, `2 jobs`, `1,204 transactions`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;

/** 0.4 s, 12 s, 5 min, 3 h, 2 days. */
export function span(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

export interface Progress {
  show(done: number, total: number): void;
  stop(): void;
}

/** A bar on the error stream, which shows on a terminal and nowhere else. */
export function progressBar(what: string): Progress {
  const bar = new SingleBar({
    format: `${what} [{bar}] {value}/{total}`,
    clearOnComplete: true,
    stopOnComplete: false,
    // Its handler swallows the first Ctrl-C; nothing is hidden here that would have to be restored.
    gracefulExit: false,
  });
  let started = false;
  return {
    show: (done, total) => {
      if (!started) bar.start(total, done);
      started = true;
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
