import { annotationsFromJson, annotationsToJson } from '@nova/events';
import type { NewEvent } from '@nova/outbox';
import type { Queryable } from '@nova/postgres';
import type { ScheduledEvent } from '../domain/scheduled-event.ts';

/** One that is due. */
export interface DueEvent {
  readonly event: NewEvent;
  /** Its time has passed: it must not be appended any more. */
  readonly isExpired: boolean;
}

interface ScheduledRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly source: string;
  readonly not_before: string;
  readonly expires_at: string | null;
  readonly scheduled_at: string;
  readonly refusal: string | null;
}

interface DueRow extends Omit<ScheduledRow, 'not_before' | 'scheduled_at' | 'refusal'> {
  readonly schema_version: number;
  readonly occurred_at: string | null;
  readonly tenant: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
  readonly is_expired: boolean;
}

const COLUMNS = `event_id, event_type, aggregate_type, aggregate_id, source,
  outbox_time(not_before) AS not_before, outbox_time(expires_at) AS expires_at,
  outbox_time(scheduled_at) AS scheduled_at, refusal`;

/**
 * Keeps an event until `notBefore`. Undefined when its id waits already for another event, or for
 * another time; the one that waits when it is the same.
 */
export async function keepScheduled(
  database: Queryable,
  event: NewEvent,
  notBefore: string,
): Promise<ScheduledEvent | undefined> {
  const { expiresAt } = event.annotations;
  // The update changes nothing: it is there to answer with the row that was kept before.
  const [row] = await database.query<ScheduledRow>(
    `INSERT INTO outbox_scheduled AS s
       (not_before, expires_at, event_id, occurred_at, schema_version, event_type, aggregate_type,
        aggregate_id, source, tenant, headers, payload)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (event_id) DO UPDATE SET event_id = excluded.event_id
     WHERE s.not_before = excluded.not_before AND s.event_type = excluded.event_type
       AND s.aggregate_id = excluded.aggregate_id AND s.payload = excluded.payload
     RETURNING ${COLUMNS}`,
    [
      notBefore,
      expiresAt ?? null,
      event.eventId,
      event.occurredAt ?? null,
      event.schemaVersion,
      event.eventType,
      event.aggregateType,
      event.aggregateId,
      event.source,
      event.tenant ?? null,
      JSON.stringify(annotationsToJson(event.annotations)),
      event.payload,
    ],
  );
  return row && scheduledOf(row);
}

/** The event of this id, if it waits. */
export async function scheduledById(
  database: Queryable,
  eventId: string,
): Promise<ScheduledEvent | undefined> {
  const [row] = await database.query<ScheduledRow>(
    `SELECT ${COLUMNS} FROM outbox_scheduled WHERE event_id = $1`,
    [eventId],
  );
  return row && scheduledOf(row);
}

/** Takes an event back; undefined when it does not wait any more, or never did. */
export async function dropScheduled(
  database: Queryable,
  eventId: string,
): Promise<ScheduledEvent | undefined> {
  const [row] = await database.query<ScheduledRow>(
    `DELETE FROM outbox_scheduled WHERE event_id = $1 RETURNING ${COLUMNS}`,
    [eventId],
  );
  return row && scheduledOf(row);
}

/** Where a page of scheduled events ends: microseconds since 1970, and the order of arrival. */
export interface ScheduledCursor {
  readonly micros: bigint;
  readonly ordinal: bigint;
}

/** The next events that wait, soonest first, each with where a page that ends with it goes on. */
export async function scheduledPage(
  database: Queryable,
  range: {
    readonly eventType: string | undefined;
    readonly after: ScheduledCursor | undefined;
    readonly limit: number;
  },
): Promise<{ readonly event: ScheduledEvent; readonly cursor: ScheduledCursor }[]> {
  const { eventType, after, limit } = range;
  const rows = await database.query<ScheduledRow & { micros: bigint; ordinal: bigint }>(
    `SELECT ${COLUMNS}, ordinal, (extract(epoch FROM s.not_before) * 1000000)::bigint AS micros
     FROM outbox_scheduled AS s
     WHERE ($1::text IS NULL OR s.event_type = $1::text)
       AND (s.not_before, s.ordinal) >
           (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3::bigint)
     ORDER BY s.not_before, s.ordinal
     LIMIT $4`,
    [eventType ?? null, after?.micros ?? 0n, after?.ordinal ?? 0n, limit],
  );
  return rows.map(({ micros, ordinal, ...row }) => ({
    event: scheduledOf(row),
    cursor: { micros, ordinal },
  }));
}

/** Milliseconds until the next event is due, 0 or less when one is; undefined when none waits. */
export async function nextDueMs(database: Queryable): Promise<number | undefined> {
  const [row] = await database.query<{ ms: number | null }>(
    `SELECT (extract(epoch FROM min(not_before) - clock_timestamp()) * 1000)::float8 AS ms
     FROM outbox_scheduled WHERE refusal IS NULL`,
  );
  return row?.ms ?? undefined;
}

/** One instance at a time takes what is due, so that events come in the order of their times. */
const TURN = 'SELECT pg_try_advisory_xact_lock(-1, hashtext($1)) AS is_mine';

/**
 * Locks what is due, soonest first, until the end of the transaction; a cancellation waits for it.
 * At most `limit` events and 4 MiB of payloads. Undefined when another instance is at it.
 */
export async function lockDue(tx: Queryable, limit: number): Promise<DueEvent[] | undefined> {
  const [turn] = await tx.query<{ is_mine: boolean }>(TURN, ['outbox_scheduled']);
  if (turn?.is_mine !== true) return undefined;
  const rows = await tx.query<DueRow>(
    `WITH due AS (
       SELECT s.event_id, s.not_before, s.ordinal, octet_length(s.payload) AS bytes
       FROM outbox_scheduled AS s
       WHERE s.refusal IS NULL AND s.not_before <= clock_timestamp()
       ORDER BY s.not_before, s.ordinal LIMIT $1
     ), sized AS (
       SELECT d.event_id, sum(d.bytes) OVER (ORDER BY d.not_before, d.ordinal) - d.bytes AS before
       FROM due AS d
     )
     SELECT s.event_id, s.event_type, s.schema_version, s.aggregate_type, s.aggregate_id, s.source,
            s.tenant, s.headers, s.payload, outbox_time(s.occurred_at) AS occurred_at,
            outbox_time(s.expires_at) AS expires_at,
            coalesce(s.expires_at <= clock_timestamp(), false) AS is_expired
     FROM outbox_scheduled AS s
     JOIN sized AS d USING (event_id)
     WHERE d.before < 4194304
     ORDER BY s.not_before, s.ordinal
     FOR UPDATE OF s`,
    [limit],
  );
  return rows.map((row) => ({ event: newEventOf(row), isExpired: row.is_expired }));
}

/** Forgets events that were appended or have expired. */
export async function removeScheduled(tx: Queryable, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length === 0) return;
  await tx.query('DELETE FROM outbox_scheduled WHERE event_id = ANY ($1::uuid[])', [eventIds]);
}

/** Notes that the log refused an event: it is not tried again. */
export async function noteRefusal(tx: Queryable, eventId: string, refusal: string): Promise<void> {
  await tx.query(
    `UPDATE outbox_scheduled SET refusal = $2, refused_at = clock_timestamp() WHERE event_id = $1`,
    [eventId, refusal],
  );
}

/** Removes what was refused longer than a week ago. */
export async function purgeRefused(database: Queryable): Promise<void> {
  await database.query(
    `DELETE FROM outbox_scheduled
     WHERE refusal IS NOT NULL
       AND coalesce(refused_at, not_before) < clock_timestamp() - interval '7 days'`,
  );
}

function scheduledOf(row: ScheduledRow): ScheduledEvent {
  return {
    eventId: row.event_id,
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    source: row.source,
    notBefore: row.not_before,
    expiresAt: row.expires_at ?? undefined,
    scheduledAt: row.scheduled_at,
    refusal: row.refusal ?? undefined,
  };
}

function newEventOf(row: DueRow): NewEvent {
  return {
    eventId: row.event_id,
    // It may have been appended already: then the log answers with that one.
    eventIdGiven: true,
    eventType: row.event_type,
    schemaVersion: row.schema_version,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    payload: row.payload,
    source: row.source,
    ...(row.tenant === null ? {} : { tenant: row.tenant }),
    ...(row.occurred_at === null ? {} : { occurredAt: row.occurred_at }),
    annotations: annotationsFromJson(row.headers),
  };
}
