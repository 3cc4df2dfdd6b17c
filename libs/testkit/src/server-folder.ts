import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Guard } from '@nova/servers';

/** A folder for one server of a test run, and the guard that removes both with this process. */
export interface ServerFolder {
  readonly path: string;
  readonly guard: Guard;
  remove(): void;
}

/** Makes a folder below this one, or the system's temporary one. */
export function serverFolder(name: string, below: string = tmpdir()): ServerFolder {
  const path = mkdtempSync(join(realpathSync(below), `nova-test-${name}-`));
  return {
    path,
    // Nothing of a test run is worth a clean end.
    guard: { signal: 'SIGKILL', graceSeconds: 0, removeFolder: path },
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}
