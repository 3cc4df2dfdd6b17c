/** An instant as protobuf carries it. */
interface Instant {
  readonly seconds: bigint;
  readonly nanos: number;
}

const SECOND = 1_000_000;

/** Microseconds since 1970 of a time as the log writes it: RFC 3339, UTC, six decimals. */
export function microsOfText(time: string): number {
  const whole = time.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return Date.parse(`${whole}Z`) * 1000 + Number(time.slice(whole.length + 1, -1));
}

/**
 * Microseconds since 1970 of what an event tells of: the time that its payload gives, else when it
 * occurred; never later than when it was stored, so that nobody is the newest for years.
 */
export function momentOf(
  given: Instant | undefined,
  { occurredAt, storedAt }: { readonly occurredAt: string; readonly storedAt: string },
): number {
  const told = given === undefined ? microsOfText(occurredAt) : microsOfInstant(given);
  return Math.min(told, microsOfText(storedAt));
}

/** The instant of microseconds since 1970. */
export function instantOf(micros: number): Instant {
  const seconds = Math.floor(micros / SECOND);
  return { seconds: BigInt(seconds), nanos: (micros - seconds * SECOND) * 1000 };
}

function microsOfInstant({ seconds, nanos }: Instant): number {
  return Number(seconds) * SECOND + Math.floor(nanos / 1000);
}
