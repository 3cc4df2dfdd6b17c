import { appendFileSync, closeSync, openSync } from 'node:fs';
import type { HistoryLine } from '../checker/history.ts';

type WithoutTime<Line> = Line extends unknown ? Omit<Line, 'at'> : never;

/** A line before it is written. */
export type NewLine = WithoutTime<HistoryLine>;

/**
 * What was asked, answered and broken, line by line as it happens: see `HistoryLine`.
 *
 * A line that `write` has returned from is the kernel's: it outlives the kill -9 of this process. It is not
 * synced, so it would not outlive a crash of the machine; nor would what it is compared with: servers of
 * specs run without fsync, and their disks may be in memory.
 */
export class HistoryFile {
  readonly path: string;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a');
  }

  /** In the file when it returns, for whoever reads it. */
  write(line: NewLine): void {
    appendFileSync(this.#file, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
