import { lastLines } from './log-file.ts';
import { type LogLine, parseLogLine } from './log-line.ts';

/** The last `count` lines over all files, ordered by time; lines without time stay with theirs. */
export function mergedTail(files: ReadonlyMap<string, string>, count: number): LogLine[] {
  const timed = [...files].flatMap(([part, path]) => {
    let lastMs = Number.NEGATIVE_INFINITY;
    return lastLines(path, count).map((raw) => {
      const line = parseLogLine(part, raw);
      lastMs = line.timeMs ?? lastMs;
      return { line, sortMs: lastMs };
    });
  });
  // The sort is stable, so the lines of one file keep their order.
  timed.sort((a, b) => compare(a.sortMs, b.sortMs));
  return timed.slice(Math.max(0, timed.length - count)).map(({ line }) => line);
}

// Not a subtraction: that of two infinities is not a number.
function compare(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
