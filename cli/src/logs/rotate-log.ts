import { copyFileSync, statSync, truncateSync } from 'node:fs';

/** Size at which a log is moved to `<name>.1`; a stack keeps at most twice this per part. */
export const MAX_LOG_BYTES = 32 * 1024 * 1024;

/**
 * Empties a log that has grown too large, after copying it to `<path>.1`. The writer appends to an
 * open file, so it goes on at the beginning; lines written in between are lost.
 */
export function rotateLog(path: string, maxBytes = MAX_LOG_BYTES): boolean {
  try {
    if (statSync(path).size <= maxBytes) return false;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    return true;
  } catch {
    // Not there yet, or the disk is full: neither may stop the supervisor.
    return false;
  }
}
