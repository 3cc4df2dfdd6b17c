import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

/** Writers go on while it is told to be full. */
const MOST_TRIES = 20;

/** A small disk in memory that may be full to the last byte. */
export class Disk {
  readonly path: string;
  readonly #bytes: number;

  private constructor(path: string, bytes: number) {
    this.path = path;
    this.#bytes = bytes;
  }

  /** Makes one at this path; undefined where this user may mount nothing, or the system knows no tmpfs. */
  static open(path: string, megabytes: number): Disk | undefined {
    mkdirSync(path);
    const bytes = megabytes * 1024 * 1024;
    const made = mount('-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'nova-torture', path);
    return made ? new Disk(path, bytes) : undefined;
  }

  /** Takes all that is left: it becomes as small as what is on it, which takes no time and no memory. */
  fill(): void {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { blocks, bfree, bsize } = statfsSync(this.path);
      if (this.#resize((blocks - bfree) * bsize)) return;
    }
    throw new Error(`${this.path} cannot be made full`);
  }

  /** Gives it back. */
  free(): void {
    if (!this.#resize(this.#bytes)) throw new Error(`${this.path} cannot be made larger`);
  }

  /** What is on it is gone; whoever has files open there keeps them until it ends. */
  close(): void {
    execFileSync('umount', ['--lazy', this.path], { stdio: 'ignore' });
  }

  #resize(bytes: number): boolean {
    return mount('-o', `remount,size=${bytes}`, this.path);
  }
}

function mount(...args: readonly string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    // May not, or not so small: more is on it by now.
    return false;
  }
}
