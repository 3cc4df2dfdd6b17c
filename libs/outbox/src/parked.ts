import type { LogPosition } from '@nova/events';
import { loadSql, type Queryable } from '@nova/postgres';

const sql = {
  page: loadSql(new URL('./sql/parked-page.sql', import.meta.url)),
  retry: loadSql(new URL('./sql/parked-retry.sql', import.meta.url)),
  totals: loadSql(new URL('./sql/parked-totals.sql', import.meta.url)),
};

/** An aggregate that waits in the log because Kafka refuses its next event. */
export interface ParkedInRelay {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** The event that is refused. */
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateVersion: bigint;
  readonly position: LogPosition;
  readonly errorCode: string;
  readonly reason: string;
  readonly attempts: number;
  /** RFC 3339, UTC, as the times below. */
  readonly firstFailedAt: string;
  readonly failedAt: string;
  readonly nextAttemptAt: string;
  /** Events of the aggregate that wait, this one included. */
  readonly waitingEvents: bigint;
}

/** How much the relay has parked. */
export interface ParkedTotals {
  readonly aggregates: bigint;
  readonly events: bigint;
  /** When the first of them was refused; undefined when nothing is parked. */
  readonly since: string | undefined;
  readonly oldestAgeMs: number;
}

/** What the relay has parked, in the order of the log, after a position. */
export async function parkedInRelay(
  database: Queryable,
  { after, limit }: { readonly after: bigint; readonly limit: number },
): Promise<ParkedInRelay[]> {
  const rows = await database.query<
    Omit<ParkedInRelay, 'position'> & { position: bigint; epoch: string | null }
  >(sql.page, [after, limit]);
  return rows.map(({ position, epoch, ...row }) => ({
    ...row,
    position: { epoch: epoch ?? '', position },
  }));
}

/** Has the relay try an aggregate, or all that are parked, at once; tells how many that are. */
export async function retryParkedInRelay(
  database: Queryable,
  aggregate?: { readonly aggregateType: string; readonly aggregateId: string },
): Promise<bigint> {
  const [row] = await database.query<{ retried: bigint }>(sql.retry, [
    aggregate?.aggregateType ?? null,
    aggregate?.aggregateId ?? null,
  ]);
  return row?.retried ?? 0n;
}

/** How much the relay has parked. */
export async function parkedTotals(database: Queryable): Promise<ParkedTotals> {
  const [row] = await database.query<{
    aggregates: bigint;
    events: bigint;
    since: string | null;
    age_ms: number | null;
  }>(sql.totals);
  return {
    aggregates: row?.aggregates ?? 0n,
    events: row?.events ?? 0n,
    since: row?.since ?? undefined,
    oldestAgeMs: Math.max(0, row?.age_ms ?? 0),
  };
}
