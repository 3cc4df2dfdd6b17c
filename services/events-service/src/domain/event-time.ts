import { formatTime, type Instant, parseTime } from '@nova/events';

/** Clocks of publishers may be ahead of ours by this much. */
const MAX_AHEAD_MS = 5 * 60_000;

/** An event waits for its time no longer than this. */
const MAX_WAIT_MS = 366 * 24 * 3_600_000;

/** A time as the log keeps it, or what is wrong with it. */
export type AcceptedTime = { readonly text: string } | { readonly problem: string };

/**
 * Judges the time that an event is said to have happened at. Order never follows from it.
 *
 * @param now undefined where it may be ahead
 */
export function acceptOccurredAt(given: Instant, now: Date | undefined): AcceptedTime {
  const text = formatTime(given);
  if (text === undefined) return MALFORMED;
  // Nothing that nova stores happened before computers kept time: a negative time is a mistake.
  if (given.seconds < 0n) return { problem: 'must not be before 1970-01-01T00:00:00Z' };
  if (now !== undefined && millisecondsOf(given) > now.getTime() + MAX_AHEAD_MS) {
    return { problem: `must not be more than 5 minutes ahead of ${now.toISOString()}` };
  }
  return { text };
}

/** Judges the time after which an event has no effects any more. */
export function acceptExpiresAt(given: Instant, now: Date): AcceptedTime {
  const text = formatTime(given);
  if (text === undefined) return MALFORMED;
  if (millisecondsOf(given) <= now.getTime()) return { problem: 'must lie in the future' };
  return { text };
}

/** Judges the time that an event is to wait for; undefined where it has come already. */
export function acceptNotBefore(given: Instant, now: Date): AcceptedTime | undefined {
  const text = formatTime(given);
  if (text === undefined) return MALFORMED;
  const aheadMs = millisecondsOf(given) - now.getTime();
  if (aheadMs > MAX_WAIT_MS) return { problem: 'must not be more than 366 days ahead' };
  return aheadMs <= 0 ? undefined : { text };
}

/** Whether one time lies before another. */
export function isBefore(one: Instant, other: Instant): boolean {
  return one.seconds < other.seconds || (one.seconds === other.seconds && one.nanos < other.nanos);
}

/** A time of the log, for answers. */
export function instantOf(text: string): Instant {
  const instant = parseTime(text);
  if (instant === undefined) throw new TypeError(`the log holds a time that is none: ${text}`);
  return instant;
}

/** A length of time, for answers. */
export function durationOf(ms: number): { seconds: bigint; nanos: number } {
  const whole = Math.floor(ms / 1000);
  return { seconds: BigInt(whole), nanos: Math.floor((ms - whole * 1000) * 1e6) };
}

const MALFORMED = {
  problem: 'must be a time from year 1 to 9999 with 0 to 999,999,999 nanoseconds',
};

function millisecondsOf({ seconds, nanos }: Instant): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}
