import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BALLAST = 'ballast';

/** A small disk in memory that may be filled to the last byte. */
export class Disk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes one at this path; undefined where this user may mount nothing, or the system knows no tmpfs. */
  static open(path: string, megabytes: number): Disk | undefined {
    mkdirSync(path);
    try {
      const options = `size=${megabytes}m,mode=0755`;
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'nova-torture', path], {
        stdio: 'ignore',
      });
      return new Disk(path);
    } catch {
      return undefined;
    }
  }

  /** Takes all that is left. */
  fill(): void {
    const file = openSync(join(this.path, BALLAST), 'w', 0o600);
    try {
      for (const bytes of [Buffer.alloc(4 * 1024 * 1024), Buffer.alloc(4096)])
        writeAll(file, bytes);
    } finally {
      closeSync(file);
    }
  }

  /** Gives it back. */
  free(): void {
    rmSync(join(this.path, BALLAST), { force: true });
  }

  /** What is on it is gone; whoever has files open there keeps them until it ends. */
  close(): void {
    execFileSync('umount', ['--lazy', this.path], { stdio: 'ignore' });
  }
}

/** Writes this again and again until there is no room for it. */
function writeAll(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes);
  } catch (thrown) {
    // Of another realm under jest: no instance of its Error.
    if (typeof thrown !== 'object' || thrown === null) throw thrown;
    if (!('code' in thrown) || thrown.code !== 'ENOSPC') throw thrown;
  }
}
