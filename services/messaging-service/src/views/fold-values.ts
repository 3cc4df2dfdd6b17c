import { formatTime, type Instant } from '@nova/events';

/** A 64-bit integer as a column holds it: publishers may give more than a number can tell apart. */
export function safeNumber(given: bigint | undefined): number {
  const value = Number(given ?? 0n);
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** The time that a payload tells, else when its event occurred. */
export function timeOf(given: Instant | undefined, occurredAt: string): string {
  return (given === undefined ? undefined : formatTime(given)) ?? occurredAt;
}

/**
 * Whether details are older than those which are known, by the version that their owner gives them.
 * Without versions the later event counts.
 */
export function isOutdated(given: bigint | undefined, known: number | null): boolean {
  return given !== undefined && known !== null && safeNumber(given) < known;
}
