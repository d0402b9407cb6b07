// The table: every measurement with its figure and spread, each goal with its ratio, and whether it is met.

import { GOALS, type Goal } from './goals.ts';
import { median, quantile, ratios, roughly } from './rounds.ts';
import type { Measurement } from './suite.ts';

export interface SuiteResult {
  suite: string;
  measurements: Measurement[];
}

/** One line of the table, and of the JSON. */
export interface Row {
  suite: string;
  name: string;
  unit: string;
  /** The median of the rounds, the lowest and the highest. */
  figure: number;
  lowest: number;
  highest: number;
  rounds: number;
  note?: string;
  /** What the goal looks at, when it is a ratio: the median of the rounds' own ratios. */
  ratio?: { against: string; figure: number; lowest: number; highest: number };
  goal?: { at_least?: number; at_most?: number };
  verdict?: 'pass' | 'short';
}

/** A row a measurement; one with several goals has a row for each. */
export function rowsOf(results: readonly SuiteResult[], goals: readonly Goal[] = GOALS): Row[] {
  return results.flatMap(({ suite, measurements }) =>
    measurements.flatMap((measurement): Row[] => {
      const { name, unit, values, note } = measurement;
      const row: Row = { suite, name, unit, ...summary(values), rounds: values.length, ...(note && { note }) };
      const own = goals.filter((goal) => goal.suite === suite && goal.of === name);
      const judged = own.flatMap((goal) => judge(row, measurement, { goal, measurements }));
      return judged.length > 0 ? judged : [row];
    }),
  );
}

/** Nothing when what it is compared with was not measured. */
function judge(row: Row, { values }: Measurement, beside: { goal: Goal; measurements: readonly Measurement[] }): Row[] {
  const { against, at_least, at_most } = beside.goal;
  const goal = { ...(at_least !== undefined && { at_least }), ...(at_most !== undefined && { at_most }) };
  const meets = (figure: number) => figure >= (at_least ?? -Infinity) && figure <= (at_most ?? Infinity);
  if (against === undefined) return [{ ...row, goal, verdict: meets(row.figure) ? 'pass' : 'short' }];
  const others = beside.measurements.filter(({ name }) => against.includes(name));
  const [best] = others.toSorted((a, b) => median(b.values) - median(a.values));
  if (best === undefined) return [];
  const ratio = { against: best.name, ...summary(ratios(values, best.values)) };
  return [{ ...row, ratio, goal, verdict: meets(ratio.figure) ? 'pass' : 'short' }];
}

function summary(values: readonly number[]): { figure: number; lowest: number; highest: number } {
  return { figure: median(values), lowest: quantile(values, 0), highest: quantile(values, 1) };
}

const HEAD = ['suite', 'measured', 'median', 'lowest … highest', 'ratio', 'goal', ''];

/** A table for people, which is Markdown as well. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row, index) => {
    const again = rows[index - 1]?.suite === row.suite && rows[index - 1]?.name === row.name;
    return [
      rows[index - 1]?.suite === row.suite ? '' : row.suite,
      again ? '' : row.name + (row.note ? ` (${row.note})` : ''),
      again ? '' : `${roughly(row.figure)} ${row.unit}`,
      again ? '' : `${roughly(row.lowest)} … ${roughly(row.highest)}`,
      row.ratio ? `${row.ratio.figure.toFixed(2)} × ${row.ratio.against}` : '',
      row.goal ? goalOf(row.goal) : '',
      row.verdict === 'short' ? 'SHORT' : (row.verdict ?? ''),
    ];
  });
  const widths = HEAD.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const written = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  return [written(HEAD), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(written)].join(
    '\n',
  );
}

function goalOf({ at_least, at_most }: NonNullable<Row['goal']>): string {
  return at_least !== undefined ? `≥ ${at_least}` : `≤ ${at_most}`;
}
