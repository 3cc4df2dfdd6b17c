import type { Queryable } from '@nova/postgres';
import type { Generation } from './generation.ts';
import { timeText } from './parking/time-text.ts';
import type { DeliveryState } from './status.ts';

interface StateRow {
  readonly applied_version: bigint | null;
  readonly applied_at: string | null;
  readonly filled_at: string | null;
  readonly filled_from: bigint | null;
  readonly filled_to: bigint | null;
  readonly state: 'retrying' | 'parked' | null;
  readonly failed_at: string | null;
  readonly next_attempt_at: string | null;
  readonly attempts: number | null;
  readonly reason: string | null;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: bigint | null;
}

/** What became of an event, or without a version of its whole aggregate. */
export async function deliveryState(
  database: Queryable,
  generation: Generation,
  query: {
    readonly aggregateType: string;
    readonly aggregateId: string;
    readonly eventType?: string;
    readonly version?: bigint;
  },
): Promise<DeliveryState> {
  const { aggregateType, aggregateId, eventType, version } = query;
  if (eventType !== undefined && !generation.eventTypes.has(eventType)) {
    return { state: 'not_subscribed', appliedVersion: 0n };
  }
  const [row] = await database.query<StateRow>(
    `SELECT p.applied_version, ${timeText('p.applied_at')} AS applied_at, ${timeText('p.filled_at')} AS filled_at,
            p.filled_from, p.filled_to, b.state, ${timeText('b.failed_at')} AS failed_at,
            ${timeText('b.next_attempt_at')} AS next_attempt_at, b.attempts,
            b.error_code || ': ' || b.reason AS reason, e.topic, e.partition, e."offset"
     FROM (SELECT $1::text AS consumer, $2::integer AS generation, $3::text AS aggregate_type,
                  $4::text AS aggregate_id) AS wanted
     LEFT JOIN consumer_progress AS p USING (consumer, generation, aggregate_type, aggregate_id)
     LEFT JOIN parked_aggregates AS b USING (consumer, generation, aggregate_type, aggregate_id)
     LEFT JOIN parked_events AS e ON e.consumer = $1 AND e.generation = $2
       AND e.aggregate_type = $3 AND e.aggregate_id = $4
       AND e.aggregate_version = coalesce($5::bigint, b.failed_version)`,
    [
      generation.consumer,
      generation.generation,
      aggregateType,
      aggregateId,
      version === undefined ? null : version,
    ],
  );
  const appliedVersion = row?.applied_version ?? 0n;
  const isApplied = appliedVersion >= (version ?? 1n) && (version !== undefined || !row?.state);
  return {
    state: isApplied ? 'applied' : (row?.state ?? 'waiting'),
    appliedVersion,
    ...(row === undefined ? {} : detailsOf(row)),
  };
}

function detailsOf(row: StateRow): Partial<DeliveryState> {
  const details = {
    appliedAt: row.applied_version ? row.applied_at : null,
    filledAt: row.filled_at,
    filledFrom: row.filled_from,
    filledTo: row.filled_to,
    failedAt: row.failed_at,
    nextAttemptAt: row.next_attempt_at,
    attempts: row.attempts,
    reason: row.reason,
    topic: row.topic,
    partition: row.partition,
    offset: row.offset,
  };
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== null));
}
