import type { Queryable } from '@nova/postgres';
import type { GenerationName } from './marks.ts';

/** What waits in a consumer's tables. */
export interface WaitingCounts {
  readonly parkedAggregates: number;
  readonly retryingAggregates: number;
  readonly parkedEvents: number;
  readonly oldestParkedSeconds: number;
  /** Up to 10,000. */
  readonly pendingEffects: number;
  readonly parkedEffects: number;
}

/** Nothing waits. */
export const noCounts: WaitingCounts = {
  parkedAggregates: 0,
  retryingAggregates: 0,
  parkedEvents: 0,
  oldestParkedSeconds: 0,
  pendingEffects: 0,
  parkedEffects: 0,
};

/** Counts what waits in the database. */
export async function countWaiting(
  database: Queryable,
  { consumer, generation }: GenerationName,
): Promise<WaitingCounts> {
  const [row] = await database.query<WaitingCounts>(
    `SELECT
       (SELECT count(*)::integer FROM parked_aggregates
        WHERE consumer = $1 AND generation = $2 AND state = 'parked') AS "parkedAggregates",
       (SELECT count(*)::integer FROM parked_aggregates
        WHERE consumer = $1 AND generation = $2 AND state = 'retrying') AS "retryingAggregates",
       (SELECT count(*)::integer FROM parked_events
        WHERE consumer = $1 AND generation = $2) AS "parkedEvents",
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(first_failed_at)), 0)::float8
        FROM parked_aggregates WHERE consumer = $1 AND generation = $2) AS "oldestParkedSeconds",
       (SELECT count(*)::integer FROM (SELECT 1 FROM consumer_effects
        WHERE consumer = $1 AND state = 'pending' LIMIT 10000) AS waiting) AS "pendingEffects",
       (SELECT count(*)::integer FROM consumer_effects
        WHERE consumer = $1 AND state = 'parked') AS "parkedEffects"`,
    [consumer, generation],
  );
  return row ?? noCounts;
}
