import { type Database, loadSql, type Queryable } from '@nova/postgres';

const sql = {
  list: loadSql(new URL('./sql/list-parked.sql', import.meta.url)),
  retry: loadSql(new URL('./sql/retry-parked.sql', import.meta.url)),
};

/** An aggregate of an outbox whose next event nova refuses. */
export interface RefusedAggregate {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Version of the refused event in the outbox. */
  readonly nextVersion: bigint;
  /** The refused event; undefined where it is not kept any more. */
  readonly eventId: string | undefined;
  readonly eventType: string | undefined;
  /** As nova names it, `EVENT_INVALID` for instance. */
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
  readonly parkedAt: Date;
  readonly nextAttemptAt: Date;
  /** Its events that wait, the refused one included. */
  readonly waiting: bigint;
}

/** The aggregates whose next event nova refuses, those that have waited longest first. */
export async function refusedAggregates(
  database: Queryable,
  limit: number,
): Promise<readonly RefusedAggregate[]> {
  const rows = await database.query<{
    aggregate_type: string;
    aggregate_id: string;
    next_version: bigint;
    event_id: string | null;
    event_type: string | null;
    reason: string;
    message: string;
    attempts: number;
    parked_at: Date;
    next_attempt_at: Date;
    waiting: bigint | null;
  }>(sql.list, [limit]);
  return rows.map((row) => ({
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    nextVersion: row.next_version,
    eventId: row.event_id ?? undefined,
    eventType: row.event_type ?? undefined,
    reason: row.reason,
    message: row.message,
    attempts: row.attempts,
    parkedAt: row.parked_at,
    nextAttemptAt: row.next_attempt_at,
    waiting: row.waiting ?? 0n,
  }));
}

/**
 * Has the forwarder, wherever it runs, try refused aggregates in its next round, not when their pause
 * is over.
 *
 * @param aggregate this one only; all of them by default
 * @returns how many
 */
export async function retryRefused(
  database: Database,
  aggregate = { aggregateType: '', aggregateId: '' },
): Promise<bigint> {
  const { aggregateType, aggregateId } = aggregate;
  return database.transaction(async (tx) => {
    // As the forwarder does before it writes to the same rows, in an order of its own.
    await tx.query('SELECT FROM local_outbox FOR UPDATE');
    const [row] = await tx.query<{ retried: bigint }>(sql.retry, [aggregateType, aggregateId]);
    return row?.retried ?? 0n;
  });
}
