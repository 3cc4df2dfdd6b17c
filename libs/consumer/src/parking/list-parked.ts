import type { Queryable } from '@nova/postgres';
import type { AggregateName } from '../aggregate.ts';
import type { GenerationName } from '../marks.ts';
import { type ParkedSelection, SELECTED, selectedValues } from './selection.ts';
import { timeText } from './time-text.ts';

/** A part of the list of failing aggregates. */
export interface ParkedPage {
  readonly selection: ParkedSelection;
  readonly limit: number;
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

/** Failures of one cause. */
export interface ParkedGroup {
  readonly fingerprint: string;
  readonly errorCode: string;
  readonly frame: string;
  /** Of the group's latest failure. */
  readonly reason: string;
  readonly eventTypes: readonly string[];
  readonly consumerVersions: readonly string[];
  readonly aggregates: number;
  readonly waitingEvents: number;
  readonly firstFailedAt: string;
  readonly failedAt: string;
}

interface ParkedRow extends Omit<ParkedAggregate, 'nextAttemptAt'> {
  readonly nextAttemptAt: string | null;
}

const WAITING = `(SELECT count(*)::integer FROM parked_events AS w
             WHERE w.consumer = b.consumer AND w.generation = b.generation
               AND w.aggregate_type = b.aggregate_type AND w.aggregate_id = b.aggregate_id)`;

/** Lists failing aggregates, oldest failure first. */
export async function listParked(
  database: Queryable,
  generation: GenerationName,
  { selection, limit, after }: ParkedPage,
): Promise<readonly ParkedAggregate[]> {
  const rows = await database.query<ParkedRow>(
    `SELECT b.aggregate_type AS "aggregateType", b.aggregate_id AS "aggregateId", b.state,
            b.failed_version AS "failedVersion", coalesce(e.event_id, '') AS "eventId",
            coalesce(e.event_type, '') AS "eventType", b.attempts,
            ${timeText('b.first_failed_at')} AS "firstFailedAt",
            ${timeText('b.failed_at')} AS "failedAt",
            ${timeText('b.next_attempt_at')} AS "nextAttemptAt", b.error_code AS "errorCode",
            b.reason, b.fingerprint, b.frame, b.consumer_version AS "consumerVersion",
            ${WAITING} AS "waitingEvents"
     ${SELECTED}
       AND ($10::timestamptz IS NULL
            OR (b.first_failed_at, b.aggregate_type, b.aggregate_id) > ($10::timestamptz, $11, $12))
     ORDER BY b.first_failed_at, b.aggregate_type, b.aggregate_id
     LIMIT $13`,
    [
      ...selectedValues(generation, selection),
      after?.firstFailedAt ?? null,
      after?.aggregateType ?? '',
      after?.aggregateId ?? '',
      limit,
    ],
  );
  return rows.map((row) => ({ ...row, nextAttemptAt: row.nextAttemptAt ?? undefined }));
}

/** Failing aggregates by cause, the most of them first. */
export function groupParked(
  database: Queryable,
  generation: GenerationName,
  selection: ParkedSelection,
  limit: number,
): Promise<readonly ParkedGroup[]> {
  return database.query<ParkedGroup>(
    `SELECT b.fingerprint, (array_agg(b.error_code ORDER BY b.failed_at DESC))[1] AS "errorCode",
            (array_agg(b.frame ORDER BY b.failed_at DESC))[1] AS frame,
            (array_agg(b.reason ORDER BY b.failed_at DESC))[1] AS reason,
            coalesce(array_agg(DISTINCT e.event_type) FILTER (WHERE e.event_type IS NOT NULL), '{}')
              AS "eventTypes",
            array_agg(DISTINCT b.consumer_version) AS "consumerVersions",
            count(*)::integer AS aggregates, sum(${WAITING})::integer AS "waitingEvents",
            ${timeText('min(b.first_failed_at)')} AS "firstFailedAt",
            ${timeText('max(b.failed_at)')} AS "failedAt"
     ${SELECTED}
     GROUP BY b.fingerprint ORDER BY count(*) DESC, b.fingerprint LIMIT $10`,
    [...selectedValues(generation, selection), limit],
  );
}
