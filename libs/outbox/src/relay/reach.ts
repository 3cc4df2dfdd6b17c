import { LANES } from '@nova/events';

/** There is no index on lane or on several types: a read that looks for few must end somewhere. */
export const MOST_POSITIONS = 100_000n;

/**
 * How many positions of the log hold so many events of so many lanes, as lanes have equal shares of
 * it. A read goes no further: as long as PostgreSQL has no statistics of the log, as in its first
 * minute, it sorts all that it is asked for to find the first rows of it.
 */
export function reachOf(rows: number, lanes: number): bigint {
  const positions = BigInt(Math.ceil((rows * LANES) / Math.max(lanes, 1)));
  return positions < MOST_POSITIONS ? positions : MOST_POSITIONS;
}
