import type { Queryable } from '@nova/postgres';
import type { AggregateName } from '../aggregate.ts';
import type { GenerationName } from '../marks.ts';

const TIME = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;
const at = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', ${TIME})`;

/** A part of the list of failing aggregates. */
export interface ParkedPage {
  readonly limit: number;
  /** Also those that are still tried again. */
  readonly includeRetrying: boolean;
  /** The last aggregate of the page before. */
  readonly after?: ParkedCursor;
}

/** Where a page of failing aggregates ended. */
export interface ParkedCursor extends AggregateName {
  readonly firstFailedAt: string;
}

/** An aggregate whose next event fails. */
export interface ParkedAggregate extends AggregateName {
  readonly state: 'retrying' | 'parked';
  readonly failedVersion: bigint;
  /** Of the failing event; '' when only the log has it. */
  readonly eventId: string;
  readonly eventType: string;
  readonly attempts: number;
  /** RFC 3339, UTC, microseconds, as are all times here. */
  readonly firstFailedAt: string;
  readonly failedAt: string;
  readonly nextAttemptAt: string | undefined;
  readonly errorCode: string;
  readonly reason: string;
  /** The same for failures of one cause. */
  readonly fingerprint: string;
  /** Where it was thrown: function, file and line. */
  readonly frame: string;
  readonly consumerVersion: string;
  /** The failing event included. */
  readonly waitingEvents: number;
}

interface ParkedRow extends Omit<ParkedAggregate, 'nextAttemptAt'> {
  readonly nextAttemptAt: string | null;
}

/** Lists failing aggregates, oldest failure first. */
export async function listParked(
  database: Queryable,
  { consumer, generation }: GenerationName,
  { limit, includeRetrying, after }: ParkedPage,
): Promise<readonly ParkedAggregate[]> {
  const rows = await database.query<ParkedRow>(
    `SELECT b.aggregate_type AS "aggregateType", b.aggregate_id AS "aggregateId", b.state,
            b.failed_version AS "failedVersion", coalesce(e.event_id, '') AS "eventId",
            coalesce(e.event_type, '') AS "eventType", b.attempts,
            ${at('b.first_failed_at')} AS "firstFailedAt", ${at('b.failed_at')} AS "failedAt",
            ${at('b.next_attempt_at')} AS "nextAttemptAt", b.error_code AS "errorCode", b.reason,
            b.fingerprint, b.frame, b.consumer_version AS "consumerVersion",
            (SELECT count(*)::integer FROM parked_events AS w
             WHERE w.consumer = b.consumer AND w.generation = b.generation
               AND w.aggregate_type = b.aggregate_type AND w.aggregate_id = b.aggregate_id
            ) AS "waitingEvents"
     FROM parked_aggregates AS b
     LEFT JOIN parked_events AS e
       ON e.consumer = b.consumer AND e.generation = b.generation
      AND e.aggregate_type = b.aggregate_type AND e.aggregate_id = b.aggregate_id
      AND e.aggregate_version = b.failed_version
     WHERE b.consumer = $1 AND b.generation = $2 AND (b.state = 'parked' OR $3)
       AND ($4::timestamptz IS NULL
            OR (b.first_failed_at, b.aggregate_type, b.aggregate_id) > ($4::timestamptz, $5, $6))
     ORDER BY b.first_failed_at, b.aggregate_type, b.aggregate_id
     LIMIT $7`,
    [
      consumer,
      generation,
      includeRetrying,
      after?.firstFailedAt ?? null,
      after?.aggregateType ?? '',
      after?.aggregateId ?? '',
      limit,
    ],
  );
  return rows.map((row) => ({ ...row, nextAttemptAt: row.nextAttemptAt ?? undefined }));
}
