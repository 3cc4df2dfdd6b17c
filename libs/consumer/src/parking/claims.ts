import type { Queryable } from '@nova/postgres';
import type { AggregateName } from '../aggregate.ts';
import { LONGEST_PAUSE_MS } from '../failure.ts';
import type { GenerationName } from '../marks.ts';
import { type BlockedAggregate, type BlockedRow, blockedOf, namesOf } from './parked-store.ts';

// Pauses and claims are far shorter than a minute: beyond it the clock was put back since.
const DUE = `(next_attempt_at <= clock_timestamp()
       OR next_attempt_at > clock_timestamp() + interval '1 minute')`;
const nextDueSql = `SELECT CASE WHEN bool_or(${DUE}) THEN 0
       ELSE (extract(epoch FROM min(next_attempt_at) - clock_timestamp()) * 1000)::float8 END AS ms
     FROM parked_aggregates WHERE consumer = $1 AND generation = $2 AND state = 'retrying'`;

/**
 * Takes at most `limit` aggregates whose next attempt is due, so that no other member tries them
 * for the next 15 s.
 */
export async function claimDue(
  database: Queryable,
  { consumer, generation }: GenerationName,
  limit: number,
): Promise<readonly BlockedAggregate[]> {
  const rows = await database.query<BlockedRow>(
    `WITH due AS (
       SELECT aggregate_type, aggregate_id FROM parked_aggregates
       WHERE consumer = $1 AND generation = $2 AND state = 'retrying'
         AND ${DUE}
       ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
     )
     UPDATE parked_aggregates AS b SET next_attempt_at = clock_timestamp() + interval '15 s'
     FROM due
     WHERE b.consumer = $1 AND b.generation = $2
       AND b.aggregate_type = due.aggregate_type AND b.aggregate_id = due.aggregate_id
     RETURNING b.aggregate_type, b.aggregate_id, b.state, b.failed_version, b.attempts,
       b.error_code, b.reason`,
    [consumer, generation, limit],
  );
  return rows.map(blockedOf);
}

/**
 * Makes a parked aggregate one that is tried again, as claimed for the next 15 s by whoever replays
 * it. Its attempts stay: when it fails again it is parked at once.
 */
export async function takeForReplay(
  database: Queryable,
  { consumer, generation }: GenerationName,
  { aggregateType, aggregateId }: AggregateName,
): Promise<void> {
  await database.query(
    `UPDATE parked_aggregates
     SET state = 'retrying', next_attempt_at = clock_timestamp() + interval '15 s'
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4`,
    [consumer, generation, aggregateType, aggregateId],
  );
}

/** Lets claimed aggregates be tried again at once: the attempt could not be made. */
export async function unclaim(
  database: Queryable,
  { consumer, generation }: GenerationName,
  aggregates: readonly AggregateName[],
): Promise<void> {
  await database.query(
    `UPDATE parked_aggregates AS b SET next_attempt_at = clock_timestamp()
     FROM unnest($3::text[], $4::text[]) AS wanted (aggregate_type, aggregate_id)
     WHERE b.consumer = $1 AND b.generation = $2 AND b.state = 'retrying'
       AND b.aggregate_type = wanted.aggregate_type AND b.aggregate_id = wanted.aggregate_id`,
    [consumer, generation, ...namesOf(aggregates)],
  );
}

/**
 * Whether waiting for one of these aggregates is in vain: it is parked, or its next attempt comes
 * only after `withinMs`. One that somebody tries just now is claimed, and may be mended by that.
 */
export async function isInVain(
  database: Queryable,
  { consumer, generation }: GenerationName,
  aggregates: readonly AggregateName[],
  withinMs: number,
): Promise<boolean> {
  const rows = await database.query(
    `SELECT 1 FROM parked_aggregates AS b
     JOIN unnest($3::text[], $4::text[]) AS wanted (aggregate_type, aggregate_id)
       USING (aggregate_type, aggregate_id)
     WHERE consumer = $1 AND generation = $2
       AND (state = 'parked'
            OR next_attempt_at > clock_timestamp() + $5::float8 * interval '1 millisecond'
               AND next_attempt_at <= failed_at + $6::float8 * interval '1 millisecond') LIMIT 1`,
    [consumer, generation, ...namesOf(aggregates), withinMs, LONGEST_PAUSE_MS],
  );
  return rows.length > 0;
}

/** Milliseconds until the next attempt of any aggregate is due; undefined when none is waiting. */
export async function untilDue(
  database: Queryable,
  { consumer, generation }: GenerationName,
): Promise<number | undefined> {
  const [row] = await database.query<{ ms: number | null }>(nextDueSql, [consumer, generation]);
  return row?.ms ?? undefined;
}
