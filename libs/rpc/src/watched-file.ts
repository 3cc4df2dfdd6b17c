import { readFileSync, statSync } from 'node:fs';

/** How often the state of a file is asked for at most, in milliseconds. */
const LOOK_EVERY_MS = 1000;

/**
 * The text of a file that others may replace: a token, a certificate, keys. Looked at when it is
 * asked for, at most once a second; a file that cannot be read keeps its last text.
 */
export class WatchedFile {
  readonly path: string;
  #text: string;
  #version: string;
  #lookedAt: number;

  /** Reads the file; throws what the file system says when it cannot be read. */
  constructor(path: string) {
    this.path = path;
    this.#version = versionOf(path);
    this.#text = readFileSync(path, 'utf8');
    this.#lookedAt = performance.now();
  }

  /** The present text. `problem` says why a newer one could not be read. */
  read(): { readonly text: string; readonly problem?: unknown } {
    if (performance.now() - this.#lookedAt < LOOK_EVERY_MS) return { text: this.#text };
    this.#lookedAt = performance.now();
    try {
      const version = versionOf(this.path);
      if (version !== this.#version) {
        this.#text = readFileSync(this.path, 'utf8');
        this.#version = version;
      }
      return { text: this.#text };
    } catch (problem) {
      return { text: this.#text, problem };
    }
  }
}

// Links are followed: mounted secrets are replaced by turning a link.
function versionOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path);
  return `${mtimeMs}/${size}/${ino}`;
}
