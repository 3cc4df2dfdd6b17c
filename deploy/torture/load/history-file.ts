import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs';
import type { HistoryLine } from '../checker/history.ts';

type WithoutTime<Line> = Line extends unknown ? Omit<Line, 'at'> : never;

/** A line before it is written. */
export type NewLine = WithoutTime<HistoryLine>;

/** What was asked, answered and broken, line by line as it happens: see `HistoryLine`. */
export class HistoryFile {
  readonly path: string;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a');
  }

  /** In the file when it returns. */
  write(line: NewLine): void {
    appendFileSync(this.#file, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
  }

  /** On the disk when it returns. */
  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }
}
