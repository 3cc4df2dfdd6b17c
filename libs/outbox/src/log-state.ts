import type { LogPosition } from '@nova/events';
import { loadSql, type Queryable } from '@nova/postgres';
import { type ParkedTotals, parkedTotals } from './parked.ts';

const sql = {
  state: loadSql(new URL('./sql/log-state.sql', import.meta.url)),
  backlog: loadSql(new URL('./sql/backlog.sql', import.meta.url)),
  rebase: loadSql(new URL('./sql/rebase.sql', import.meta.url)),
  notice: loadSql(new URL('./sql/notice-incarnation.sql', import.meta.url)),
};

/** Up to here what is pending is counted, above it is only bounded: counting would cost too much. */
const EXACT_PENDING = 10_000;

/** A server incarnation's part of the log. */
export interface LogEpoch {
  readonly epoch: string;
  readonly firstPosition: bigint;
  /** RFC 3339, UTC, microseconds, as are all times here. */
  readonly startedAt: string;
}

/** How far a lane is published. */
export interface LaneCursor {
  readonly lane: number;
  /** Every event of the lane at or below it is in Kafka. */
  readonly position: LogPosition;
  /** When the cursor last moved. */
  readonly movedAt: string;
  readonly owner?: string;
  readonly leaseUntil?: string;
}

/** Where the log ends, in which epochs it was written and how far it is published. */
export interface LogState {
  readonly head: LogPosition;
  /** Oldest first. */
  readonly epochs: readonly LogEpoch[];
  readonly lanes: readonly LaneCursor[];
}

/** What waits to be published. */
export interface OutboxStatus {
  readonly head: LogPosition;
  readonly lanes: readonly LaneCursor[];
  /** Events that Kafka has not acknowledged. */
  readonly pending: bigint;
  /** True above 10,000: then `pending` is head minus lowest cursor, which is at least as much. */
  readonly pendingIsUpperBound: boolean;
  /** Undefined when nothing is pending. */
  readonly oldestPendingAgeMs: number | undefined;
  /** What Kafka refuses; it is not pending. */
  readonly parked: ParkedTotals;
}

interface StateRow {
  readonly epoch: string;
  readonly last_position: bigint;
  readonly epochs: readonly { epoch: string; first_position: string; started_at: string }[];
  readonly lanes: readonly {
    lane: number;
    position: string;
    epoch: string | null;
    moved_at: string;
    owner: string | null;
    lease_until: string | null;
  }[];
}

/** The state of the log in one snapshot. */
export async function logHead(database: Queryable): Promise<LogState> {
  const [row] = await database.query<StateRow>(sql.state);
  if (row === undefined) throw new TypeError('the log has no head');
  const firstEpoch = row.epochs[0]?.epoch ?? row.epoch;
  return {
    head: { epoch: row.epoch, position: row.last_position },
    epochs: row.epochs.map((one) => ({
      epoch: one.epoch,
      firstPosition: BigInt(one.first_position),
      startedAt: one.started_at,
    })),
    lanes: row.lanes.map((one) => ({
      lane: one.lane,
      position: { epoch: one.epoch ?? firstEpoch, position: BigInt(one.position) },
      movedAt: one.moved_at,
      ...(one.owner === null ? {} : { owner: one.owner }),
      ...(one.lease_until === null ? {} : { leaseUntil: one.lease_until }),
    })),
  };
}

/** How much is pending, how old it is, and where the lanes are; looks at 10,000 events at most. */
export async function outboxStatus(database: Queryable): Promise<OutboxStatus> {
  const { head, lanes } = await logHead(database);
  const [row] = await database.query<{
    pending: bigint;
    is_upper_bound: boolean;
    oldest_age_ms: number | null;
  }>(sql.backlog, [EXACT_PENDING]);
  if (row === undefined) throw new TypeError('the log has no head');
  return {
    head,
    lanes,
    pending: row.pending,
    pendingIsUpperBound: row.is_upper_bound,
    parked: await parkedTotals(database),
    oldestPendingAgeMs: row.oldest_age_ms === null ? undefined : Math.max(0, row.oldest_age_ms),
  };
}

/**
 * Begins a new epoch at the head and returns it: what an operator does after the log has lost its
 * end in a way that the server itself cannot show. Whoever has read beyond the head then notices.
 */
export async function rebase(database: Queryable): Promise<LogPosition> {
  const [row] = await database.query<{ epoch: string; position: bigint }>(sql.rebase);
  if (row === undefined) throw new TypeError('the log has no head');
  return { epoch: row.epoch, position: row.position };
}

/**
 * Begins a new epoch if the server or the log's table is another one than the log was last written
 * in: restarted, promoted, restored from a backup. An append does the same; this one tells readers
 * of a log to which nobody appends. Undefined when nothing is new.
 */
export async function noticeIncarnation(database: Queryable): Promise<LogPosition | undefined> {
  const [row] = await database.query<{ epoch: string; position: bigint }>(sql.notice);
  return row;
}
