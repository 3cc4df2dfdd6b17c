import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 64 * 1024;

/** The last `count` lines of a file, without reading more than its last 64 KiB; [] when unreadable. */
export function lastLines(file: string, count: number): string[] {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    return lastLinesOf(bytes.toString('utf8', 0, read), count);
  } finally {
    closeSync(descriptor);
  }
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
