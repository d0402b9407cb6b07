// Numbers, money, moments and codes as people read them, and back.

const LOCALE = 'en-GB';
const numbers = new Intl.NumberFormat(LOCALE);
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });
const amounts = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const days = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeZone: 'UTC' });
const minutes = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' });

export const number = (value: number): string => numbers.format(value);
export const compact = (value: number): string => short.format(value);
/** All currencies of the service have two decimals. Spend of several counts at par, and has no currency then. */
export const money = (minor: number, currency?: string | null): string =>
  currency ? `${amounts.format(minor / 100)} ${currency}` : amounts.format(minor / 100);
export const points = (value: number): string => `${number(value)} ${Math.abs(value) === 1 ? 'point' : 'points'}`;
export const day = (moment: string): string => days.format(new Date(moment));
export const minute = (moment: string): string => minutes.format(new Date(moment));

/** `same-phone`, `adjust_credit` and `no_answer` as words: "Same phone". */
export function words(code: string): string {
  const text = code.replaceAll(/[-_.]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `los angeles` as "Los Angeles". */
export const name = (text: string): string => text.replaceAll(/(?<!\p{L})\p{L}/gu, (letter) => letter.toUpperCase());

/** `12.5` and `1,250.50` in minor units; undefined for what is no amount above zero. */
export function minorOf(text: string): number | undefined {
  const plain = text.trim().replaceAll(/[ ,](?=\d{3}\b)/g, '');
  if (!/^\d{1,9}([.,]\d{1,2})?$/.test(plain)) return undefined;
  const minor = Math.round(Number(plain.replace(',', '.')) * 100);
  return minor > 0 ? minor : undefined;
}

/** Undefined for what is no whole number above zero. */
export function wholeOf(text: string): number | undefined {
  const plain = text.trim().replaceAll(/[ ,](?=\d{3}\b)/g, '');
  return /^[1-9]\d{0,9}$/.test(plain) ? Number(plain) : undefined;
}
