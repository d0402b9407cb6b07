// `npm run data` as somebody at a terminal runs it, against a service of the tests.

import { type Ended, runScript } from './command.ts';
import { type Service, tokenFor } from './service.ts';

export function runData(service: Service, ...args: string[]): Promise<Ended> {
  return runScript('scripts/data.ts', {}, ...args, '--url', service.url, '--token', tokenFor('admin'));
}

/** The figures of a report, by their names. */
export function figuresOf({ output }: Ended): Record<string, number> {
  const lines = [...output.matchAll(/^ *(\S.*?) {2,}([\d,]+)$/gm)];
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))]));
}
