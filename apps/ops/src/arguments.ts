// How moments, durations and ids are written on the command line.

import { InvalidArgumentError } from 'commander';

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `10m`, `2h`, `1d`. @returns seconds */
export function duration(text: string): number {
  const [, number, unit] = /^(\d{1,6}(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (number === undefined || unit === undefined) throw new InvalidArgumentError('Write it as 90s, 10m, 2h or 1d.');
  return Number(number) * (SECONDS[unit] as number);
}

/** RFC 3339, or a duration before now. @returns RFC 3339 in UTC */
export function moment(text: string): string {
  if (/^[\d.]+[smhd]$/.test(text)) return new Date(Date.now() - duration(text) * 1_000).toISOString();
  const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/;
  if (!rfc3339.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('Write it as 10m, 2h or 2026-01-31T08:30:00Z.');
  return new Date(text).toISOString();
}

export function id(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw new InvalidArgumentError('An id looks like 0197f0a4-5b6c-7d8e-9f00-112233445566.');
  return text.toLowerCase();
}

export function amount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 to 999999 is expected.');
  return Number(text);
}
