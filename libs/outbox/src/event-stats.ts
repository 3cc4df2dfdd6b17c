import { loadSql, type Queryable } from '@nova/postgres';

const sql = {
  parts: loadSql(new URL('./sql/backlog-parts.sql', import.meta.url)),
  stats: loadSql(new URL('./sql/event-stats.sql', import.meta.url)),
};

/** So many positions are looked at, at most: nothing here costs more as the log grows. */
const MOST_PENDING = 10_000;
const MOST_COUNTED = 100_000;

/** What waits of one lane and one type. */
export interface BacklogPart {
  readonly lane: number;
  readonly eventType: string;
  readonly pending: bigint;
  readonly oldestPendingAgeMs: number;
}

/** What was stored of one type. */
export interface TypeStats {
  readonly eventType: string;
  readonly aggregateType: string;
  readonly events: bigint;
  /** Aggregates that these events belong to. */
  readonly aggregates: bigint;
  readonly payloadBytes: bigint;
  /** RFC 3339. */
  readonly lastStoredAt: string;
}

/** What Kafka has not acknowledged by lane and type, of the first 10,000 positions that wait. */
export async function backlogParts(database: Queryable): Promise<BacklogPart[]> {
  const rows = await database.query<{
    lane: number;
    event_type: string;
    pending: bigint;
    oldest_age_ms: number;
  }>(sql.parts, [MOST_PENDING]);
  return rows.map((row) => ({
    lane: row.lane,
    eventType: row.event_type,
    pending: row.pending,
    oldestPendingAgeMs: Math.max(0, row.oldest_age_ms),
  }));
}

/** What was stored after a position by type, of the last 100,000 events at most; most first. */
export async function typeStats(database: Queryable, after: bigint): Promise<TypeStats[]> {
  const rows = await database.query<{
    event_type: string;
    aggregate_type: string;
    events: bigint;
    aggregates: bigint;
    payload_bytes: bigint | null;
    last_stored_at: string;
  }>(sql.stats, [after, MOST_COUNTED]);
  return rows.map((row) => ({
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    events: row.events,
    aggregates: row.aggregates,
    payloadBytes: row.payload_bytes ?? 0n,
    lastStoredAt: row.last_stored_at,
  }));
}
