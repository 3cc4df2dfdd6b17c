import { renameSync, writeFileSync } from 'node:fs';

/** Replaces a file in one step, readable by this user only: a reader never sees half of it. */
export function writeWhole(path: string, text: string): void {
  const unfinished = `${path}.${process.pid}.new`;
  writeFileSync(unfinished, text, { mode: 0o600 });
  renameSync(unfinished, path);
}
