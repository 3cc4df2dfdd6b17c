/** The protocol's "no timestamp". */
export const NO_TIME = -1;

/** Milliseconds since 1970 as a record has them; undefined where it has none. */
export function recordTime(given: string | bigint): number | undefined {
  const ms = Number(given);
  return ms < 0 ? undefined : ms;
}
