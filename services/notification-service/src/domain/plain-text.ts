const ELLIPSIS = '…';
// Line ends, tabs and other control characters, and marks that turn the direction of text around.
const CONTROLS = /[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu;
const HALF_A_POINT = /[\ud800-\udbff]$/;
/** Enough of a text to make `most` code points of it, unless it is nearly all white space. */
const UNITS_PER_POINT = 8;

/**
 * Text for one line of a notice: runs of white space and control characters become one space, and
 * what is longer than `most` code points is cut between two of them and ends with an ellipsis.
 */
export function plainText(text: string, most: number): string {
  const start = text.slice(0, most * UNITS_PER_POINT);
  const isShortened = start.length < text.length;
  const whole = isShortened ? start.replace(HALF_A_POINT, '') : start;
  const points = Array.from(whole.toWellFormed().replaceAll(CONTROLS, ' ').trim());
  if (!isShortened && points.length <= most) return points.join('');
  return `${points
    .slice(0, most - 1)
    .join('')
    .trimEnd()}${ELLIPSIS}`;
}
