// Lines over time that move in place and follow the colours of the page.
import uPlot from '/ops/assets/uplot.js';

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const clock = (at, timeStyle = 'short') => new Date(at * 1_000).toLocaleTimeString('en-GB', { timeStyle });

/** @param lines `{ label, colour: name of a CSS property, fill?, points? }` each; @param format of a value on the axis */
export function createChart(element, lines, format) {
  let chart;
  let data = [[], ...lines.map(() => [])];
  /** Where nobody points at a moment, the legend tells of the latest. */
  const told = (value, series) => value ?? data[series].at(-1) ?? null;

  function build() {
    chart?.destroy();
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui',
    };
    chart = new uPlot(
      {
        width: element.clientWidth,
        height: 220,
        cursor: { points: { size: 6 } },
        legend: { live: true },
        scales: { y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
          { ...axis, size: 32, values: (_chart, times) => times.map((at) => clock(at)) },
          { ...axis, size: 56, values: (_chart, values) => values.map(format) },
        ],
        series: [
          { label: 'Time', value: (_chart, at) => (told(at, 0) === null ? '' : clock(told(at, 0), 'medium')) },
          ...lines.map((line, index) => ({
            label: line.label,
            stroke: colour(line.colour),
            width: 2,
            points: { show: line.points ?? false, size: 4, width: 0, fill: colour(line.colour) },
            value: (_chart, value) => (told(value, index + 1) === null ? '–' : format(told(value, index + 1))),
            ...(line.fill && { fill: `${colour(line.colour)}22` }),
          })),
        ],
      },
      data,
      element,
    );
  }

  build();
  new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 220 })).observe(element);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
  return (next) => {
    data = next;
    chart.setData(data);
  };
}
