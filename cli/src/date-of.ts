/** A time of an answer. */
export function dateOf(
  time: { readonly seconds: bigint; readonly nanos: number } | undefined,
): Date | undefined {
  return time === undefined ? undefined : new Date(Number(time.seconds) * 1000 + time.nanos / 1e6);
}
