// Lines of CSV as RFC 4180 has them, for programs and spreadsheets alike.

/** A spreadsheet takes such a text for a formula, and would run it; numbers, and phones in E.164, it may have. */
const FORMULA = /^(?![+-]?\d[\d .]*$)[=+\-@\t\r]/;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Objects and lists as JSON, null as nothing, `'` before what would be a formula. */
export const csvLine = (values: readonly unknown[]): string => `${values.map(cell).join(',')}\n`;
