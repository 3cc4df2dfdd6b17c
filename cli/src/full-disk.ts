const MIB = 1024 * 1024;
/** Kafka and PostgreSQL make files of 16 MiB and more: with less room they end, again and again. */
const LEAST_FREE_BYTES = 64 * MIB;

/** What to say of a state folder that is full; undefined while there is room. */
export function fullDiskLine(directory: string, freeBytes: number | undefined): string | undefined {
  if (freeBytes === undefined || freeBytes >= LEAST_FREE_BYTES) return undefined;
  return (
    `the disk is full: ${Math.floor(freeBytes / MIB)} MiB free for ${directory}. ` +
    'What runs keeps trying, and all of it goes on by itself once there is room; states above may be old.'
  );
}
