// Bars over time or over names. The picture is for who sees it; the table behind it says the same to everybody. Sizes are
// attributes of SVG, because the content security policy allows no style in the page.

import { useId } from 'preact/hooks';
import { compact, number } from '../format.ts';

interface ChartProps {
  title: string;
  /** What a bar of each colour is. */
  series: readonly string[];
  rows: readonly { label: string; values: readonly number[] }[];
  /** Of the table; numbers as they are when not given. */
  format?: (value: number) => string;
  /** Of the axis; short numbers when not given. */
  scale?: (value: number) => string;
  hint?: string;
}

const HEIGHT = 100;
/** Of the room of a row: what its bars leave free. */
const GAP = 0.24;
/** Rows that have room at the least, so that a bar alone is no wall; so many are all labelled. */
const FEW = 5;

export function Chart({ title, series, rows, format = number, scale = compact, hint }: ChartProps) {
  const id = useId();
  const top = roundUp(Math.max(...rows.flatMap(({ values }) => values), 0));
  return (
    <figure class="card chart" aria-labelledby={id}>
      <figcaption id={id}>
        {title}
        {hint && <small class="quiet">{hint}</small>}
      </figcaption>
      {series.length > 1 && (
        <ul class="legend" aria-hidden="true">
          {series.map((name, index) => (
            <li key={name} class={`series-${index}`}>
              {name}
            </li>
          ))}
        </ul>
      )}
      <div class="plot" aria-hidden="true">
        <div class="axis">
          <span>{scale(top)}</span>
          <span>{scale(top / 2)}</span>
          <span>{scale(0)}</span>
        </div>
        <Bars rows={rows} top={top} series={series} format={format} />
        <Labels names={rows.map(({ label }) => label)} />
      </div>
      <details>
        <summary>The numbers</summary>
        <Numbers {...{ title, series, rows, format }} />
      </details>
    </figure>
  );
}

function Bars({
  rows,
  series,
  top,
  format = number,
}: Pick<ChartProps, 'rows' | 'series' | 'format'> & { top: number }) {
  const width = (1 - GAP) / series.length;
  const room = Math.max(rows.length, FEW);
  return (
    <svg viewBox={`0 0 ${room} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {[0, 0.5, 1].map((share) => (
        <line key={share} x1={0} x2={room} y1={share * HEIGHT} y2={share * HEIGHT} class="grid" />
      ))}
      {rows.flatMap(({ label, values }, row) =>
        values.map((value, index) => {
          const height = (Math.max(value, 0) / top) * HEIGHT;
          const x = row + GAP / 2 + index * width;
          return (
            <rect
              key={`${label}${series[index]}`}
              class={`series-${index}`}
              {...{ x, width, height }}
              y={HEIGHT - height}
            >
              <title>{`${label}: ${format(value)} ${series.length > 1 ? series[index]?.toLowerCase() : ''}`}</title>
            </rect>
          );
        }),
      )}
    </svg>
  );
}

function Numbers({ title, series, rows, format = number }: ChartProps) {
  return (
    <div class="scroll">
      <table>
        <caption class="hidden">{title}</caption>
        <thead>
          <tr>
            <td />
            {series.map((name) => (
              <th key={name} scope="col" class="right">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, values }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {values.map((value, index) => (
                <td key={series[index]} class="right">
                  {format(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** 1, 2 or 5 with as many noughts as it takes; never 0, which nothing could be a part of. */
function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

/** All names of a few rows, each below its bars; of many the first, the middle and the last. */
function Labels({ names }: { names: readonly string[] }) {
  const few = names.length <= FEW;
  const rest = Array.from({ length: Math.max(FEW - names.length, 0) }, () => '');
  const shown = few ? [...names, ...rest] : [0, 0.5, 1].map((share) => names[Math.round(share * (names.length - 1))]);
  return (
    <div class={few ? 'labels few' : 'labels'}>
      {shown.map((name, index) => (
        <span key={`${index} ${name}`}>{name}</span>
      ))}
    </div>
  );
}
