// Reads the text format of Prometheus, as far as a service writes it.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  type: string;
  help: string;
  /** Of a histogram all of its series; its own label `le` and a summary's `quantile` are left out. */
  samples: Sample[];
}

export function readMetrics(text: string): Family[] {
  const families: Family[] = [];
  for (const line of text.split('\n')) {
    const [, name = '', help = ''] = /^# HELP (\w+) (.*)$/.exec(line) ?? [];
    if (name !== '') families.push({ name, help, type: '', samples: [] });
    const last = families.at(-1);
    const [, typed, type = ''] = /^# TYPE (\w+) (\w+)$/.exec(line) ?? [];
    if (last !== undefined && typed === last.name) last.type = type;
    if (last !== undefined && line !== '' && !line.startsWith('#')) last.samples.push(readSample(line));
  }
  return families;
}

function readSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const pairs = [...labels.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, key, text]) => [key, text]);
  const { le: _le, quantile: _quantile, ...own } = Object.fromEntries(pairs);
  return { name, labels: own, value: Number(value) };
}

/** Undefined when there is no such series; the sum where several have these labels. */
export function figure(families: Family[], name: string, labels: Record<string, string> = {}): number | undefined {
  const samples = families
    .flatMap((family) => family.samples)
    .filter((sample) => {
      return sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
    });
  return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0);
}
