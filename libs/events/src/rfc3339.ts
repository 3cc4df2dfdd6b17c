/** An instant as protobuf carries it. */
export interface Instant {
  /** Since 1970-01-01T00:00:00Z, negative before. */
  readonly seconds: bigint;
  /** 0 to 999,999,999, counted forward also before 1970. */
  readonly nanos: number;
}

const RFC_3339 =
  /^(\d{4}-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const UTC = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;
// By month, from 1.
const DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;
const NANOS_PER_SECOND = 1_000_000_000;

/**
 * Reads an RFC 3339 time of the years 1 to 9999, with at most 9 decimals; undefined for anything
 * else. Days that a month does not have and leap seconds are refused, not moved.
 */
export function parseTime(text: string): Instant | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [, local = '', month, day, , decimals = '', sign, hours, minutes] = match;
  const milliseconds = Date.parse(`${local}Z`);
  if (Number.isNaN(milliseconds)) return undefined;
  const date = new Date(milliseconds);
  // Date.parse takes February 30 as March 1.
  if (date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day)) {
    return undefined;
  }
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 * (sign === '-' ? -1 : 1);
  const seconds = milliseconds / 1000 - offset;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return undefined;
  return { seconds: BigInt(seconds), nanos: Number(decimals.padEnd(9, '0')) };
}

/** Whether {@link parseTime} reads the text, and it ends with Z: for texts that are only handed on. */
export function isUtcTime(text: string): boolean {
  if (!UTC.test(text)) return false;
  const [year, month, day] = [
    numberAt(text, 0) * 100 + numberAt(text, 2),
    numberAt(text, 5),
    numberAt(text, 8),
  ];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : (DAYS[month] ?? 0);
  return year > 0 && day > 0 && day <= days;
}

// The two digits from here on.
function numberAt(text: string, index: number): number {
  return text.charCodeAt(index) * 10 + text.charCodeAt(index + 1) - 11 * '0'.charCodeAt(0);
}

/**
 * The instant as the log keeps it: RFC 3339, UTC, microseconds (the rest is cut off, never rounded
 * up into another year). Undefined where the instant is malformed or outside the years 1 to 9999.
 */
export function formatTime(instant: Instant): string | undefined {
  const { nanos } = instant;
  const seconds = Number(instant.seconds);
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return undefined;
  if (!Number.isInteger(nanos) || nanos < 0 || nanos >= NANOS_PER_SECOND) return undefined;
  const micros = Math.floor(nanos / 1000);
  const wholeSeconds = new Date(seconds * 1000)
    .toISOString()
    .slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return `${wholeSeconds}.${String(micros).padStart(6, '0')}Z`;
}
