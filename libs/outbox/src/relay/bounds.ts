/** The lowest of these positions; undefined when there are none. */
export function lowest(positions: Iterable<bigint>): bigint | undefined {
  let least: bigint | undefined;
  for (const position of positions) {
    if (least === undefined || position < least) least = position;
  }
  return least;
}

/** The highest of these positions; undefined when there are none. */
export function highest(positions: Iterable<bigint>): bigint | undefined {
  let most: bigint | undefined;
  for (const position of positions) {
    if (most === undefined || position > most) most = position;
  }
  return most;
}
