import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

const TAIL_BYTES = 64 * 1024;

/**
 * The last `count` lines of a file that begin at `from` or later, without reading more than its
 * last 64 KiB; [] when unreadable.
 */
export function lastLines(file: string, count: number, from = 0): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(Math.max(0, size - from), TAIL_BYTES));
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    return lastLinesOf(bytes.toString('utf8', 0, read), count);
  } finally {
    closeSync(descriptor);
  }
}

/** How long a file is; 0 when it does not exist. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last `count` lines of a text, empty ones left out. */
export function lastLinesOf(text: string, count: number): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-count);
}

/** Lines as they stand in an error message, each on a line of its own. */
export function indented(lines: readonly string[]): string {
  return lines.length === 0 ? ' (none)' : lines.map((line) => `\n    ${line}`).join('');
}
