import type { Queryable } from '@nova/postgres';
import type { EpochEnd, GenerationName } from '../marks.ts';

/**
 * Drops kept deliveries that the log has lost, and lets their aggregates be tried at once: what
 * failed may not be there any more, or something else is. True when there were any.
 */
export async function dropLostDeliveries(
  database: Queryable,
  { consumer, generation }: GenerationName,
  epochs: readonly EpochEnd[],
): Promise<boolean> {
  const blocked = await database.query(
    `WITH lost AS (
       DELETE FROM parked_events AS p
       WHERE p.consumer = $1 AND p.generation = $2 AND NOT EXISTS (
         SELECT FROM unnest($3::text[], $4::bigint[]) AS e (epoch, "end")
         WHERE e.epoch = p.epoch AND (e."end" IS NULL OR p.position < e."end"))
       RETURNING p.aggregate_type, p.aggregate_id
     )
     UPDATE parked_aggregates AS b
     SET state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
     FROM (SELECT DISTINCT * FROM lost) AS l
     WHERE b.consumer = $1 AND b.generation = $2
       AND b.aggregate_type = l.aggregate_type AND b.aggregate_id = l.aggregate_id
     RETURNING 1`,
    [consumer, generation, epochs.map(({ epoch }) => epoch), epochs.map(({ end }) => end)],
  );
  return blocked.length > 0;
}
