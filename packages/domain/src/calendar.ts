// Calendar arithmetic in UTC on RFC 3339 moments. Pure: every moment is given, none is asked of a clock.

const DAY_MS = 86_400_000;

const toMoment = (ms: number): string => new Date(ms).toISOString();

export function addSeconds(moment: string, seconds: number): string {
  return toMoment(Date.parse(moment) + seconds * 1_000);
}

export function addDays(moment: string, days: number): string {
  return toMoment(Date.parse(moment) + days * DAY_MS);
}

/** The first moment of the day that is `days` after the one of `moment`. */
export function midnightAfter(moment: string, days: number): string {
  return toMoment(Math.floor(Date.parse(moment) / DAY_MS) * DAY_MS + days * DAY_MS);
}

/** YYYY-MM of a moment or of a month. */
export const monthOf = (moment: string): string => moment.slice(0, 7);

/** YYYY-MM, `months` later. */
export function addMonths(month: string, months: number): string {
  const count = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + months;
  return `${String(Math.floor(count / 12)).padStart(4, '0')}-${String((count % 12) + 1).padStart(2, '0')}`;
}

export const startOfMonth = (month: string): string => `${month}-01T00:00:00.000Z`;

/** The same day `months` later, or the last of that month where it has no such day. */
export function sameDayMonthsLater(moment: string, months: number): string {
  const month = addMonths(monthOf(moment), months);
  const lastDay = Number(midnightAfter(startOfMonth(addMonths(month, 1)), -1).slice(8, 10));
  const day = Math.min(Number(moment.slice(8, 10)), lastDay);
  return `${month}-${String(day).padStart(2, '0')}${moment.slice(10)}`;
}

/** The first month of the calendar quarter, or year, that holds this month. */
export const quarterOf = (month: string): string => addMonths(month, -((Number(month.slice(5, 7)) - 1) % 3));
export const yearOf = (month: string): string => `${month.slice(0, 4)}-01`;
