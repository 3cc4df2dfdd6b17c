import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian, Fedora and Alpine have it: with threads, in this order. */
const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib64/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
];

/**
 * Clocks of processes that may be wrong, each by itself, by libfaketime: the time of day jumps within
 * two seconds of a word in a file, the monotonic clock goes on.
 */
export class Clocks {
  readonly #folder: string;
  readonly #library: string;

  private constructor(folder: string, library: string) {
    this.#folder = folder;
    this.#library = library;
  }

  /** Undefined where the machine has no libfaketime (`apt-get install faketime`). */
  static open(folder: string): Clocks | undefined {
    const library = LIBRARIES.find((path) => existsSync(path));
    if (library === undefined) return undefined;
    mkdirSync(folder);
    // PostgreSQL is another user.
    chmodSync(folder, 0o755);
    return new Clocks(folder, library);
  }

  /** What a process is started with, so that its clock can be set. */
  environmentOf(name: string): Readonly<Record<string, string>> {
    this.set(name, 0);
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#fileOf(name),
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DISABLE_SHM: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** From now on this clock is so many seconds ahead, or behind. */
  set(name: string, seconds: number): void {
    writeFileSync(this.#fileOf(name), `${seconds < 0 ? '' : '+'}${seconds}\n`, { mode: 0o644 });
  }

  #fileOf(name: string): string {
    return join(this.#folder, name);
  }
}
