import { statfsSync } from 'node:fs';

const MIB = 1024 * 1024;
/** Kafka and PostgreSQL make files of 16 MiB and more: with less room they end, again and again. */
const LEAST_FREE_BYTES = 64 * MIB;

/** Bytes that the file system of a folder has left. Throws where the folder is not there. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** What to say of a state folder that is full; undefined while there is room. */
export function fullDiskLine(directory: string, free: number | undefined): string | undefined {
  if (free === undefined || free >= LEAST_FREE_BYTES) return undefined;
  return (
    `the disk is full: ${Math.floor(free / MIB)} MiB free for ${directory}. ` +
    'What runs keeps trying, and all of it goes on by itself once there is room; states above may be old.'
  );
}
