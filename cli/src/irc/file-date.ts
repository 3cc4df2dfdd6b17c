import { isDate } from './stamp.ts';

// 2004-12-25, 2004_12_25, 2004.12.25 or 20041225, wherever it stands in the name.
const DATE_IN_NAME = /(?<!\d)(\d{4})([-_.]?)(\d{2})\2(\d{2})(?!\d)/g;

/** The first date in a file name as `YYYY-MM-DD`; undefined when it names no day from 1988 on. */
export function dateInName(fileName: string): string | undefined {
  for (const [, year, , month, day] of fileName.matchAll(DATE_IN_NAME)) {
    const date = `${year}-${month}-${day}`;
    // Digits before the year in which IRC began are some other number.
    if (Number(year) >= 1988 && isDate(date)) return date;
  }
  return undefined;
}
