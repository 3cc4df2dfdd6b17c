import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';

const CHUNK = 64 * 1024;

/** The log files of a stack: name of the part → path, in alphabetical order. */
export function logFiles(directory: string): Map<string, string> {
  if (!existsSync(directory)) return new Map();
  const names = readdirSync(directory).filter((name) => name.endsWith('.log'));
  return new Map(names.sort().map((name) => [basename(name, '.log'), join(directory, name)]));
}

/** The last `count` lines of a file, oldest first; none when it does not exist. */
export function lastLines(path: string, count: number): string[] {
  const file = openOrUndefined(path);
  if (file === undefined || count <= 0) return [];
  try {
    let at = fstatSync(file).size;
    let text = Buffer.alloc(0);
    while (at > 0 && newlinesIn(text) <= count) {
      const length = Math.min(CHUNK, at);
      at -= length;
      const chunk = Buffer.alloc(length);
      readSync(file, chunk, 0, length, at);
      text = Buffer.concat([chunk, text]);
    }
    const lines = text.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  } finally {
    closeSync(file);
  }
}

/** The last lines that say something: without the frames of Java's stack traces. */
export function lastTellingLines(path: string, count: number): string[] {
  const lines = lastLines(path, 20 * count);
  return lines.filter((line) => line.trim() !== '' && !/^\s+at /.test(line)).slice(-count);
}

/** Reads what is added to a file, whole lines only; starts over when the file got shorter. */
export class LogFollower {
  readonly #path: string;
  #at: number;
  #rest: Buffer = Buffer.alloc(0);

  /** Starts at the end of what the file holds now. */
  constructor(path: string) {
    this.#path = path;
    this.#at = sizeOf(path);
  }

  /** The lines added since the last call. */
  next(): string[] {
    const file = openOrUndefined(this.#path);
    if (file === undefined) return [];
    try {
      const size = fstatSync(file).size;
      if (size < this.#at) {
        this.#at = 0;
        this.#rest = Buffer.alloc(0);
      }
      const added = Buffer.alloc(size - this.#at);
      const read = readSync(file, added, 0, added.length, this.#at);
      this.#at += read;
      // Cut as bytes: a read may end inside a character.
      const bytes = Buffer.concat([this.#rest, added.subarray(0, read)]);
      const end = bytes.lastIndexOf(10) + 1;
      this.#rest = bytes.subarray(end);
      return end === 0 ? [] : bytes.toString('utf8', 0, end - 1).split('\n');
    } finally {
      closeSync(file);
    }
  }
}

function newlinesIn(text: Buffer): number {
  let count = 0;
  for (const byte of text) if (byte === 10) count += 1;
  return count;
}

function openOrUndefined(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function sizeOf(path: string): number {
  const file = openOrUndefined(path);
  if (file === undefined) return 0;
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}
