import type { LogPosition } from '@nova/events';
import { loadSql, type Queryable } from '@nova/postgres';

const sql = {
  count: loadSql(new URL('./sql/republish-count.sql', import.meta.url)),
  start: loadSql(new URL('./sql/republish-start.sql', import.meta.url)),
  list: loadSql(new URL('./sql/republish-list.sql', import.meta.url)),
  cancel: loadSql(new URL('./sql/republish-cancel.sql', import.meta.url)),
};

const LISTED = 50;

/** A part of the log. */
export interface RepublishRange {
  /** First and last position, both included. */
  readonly from: bigint;
  readonly to: bigint;
  /** Empty = all. */
  readonly eventTypes: readonly string[];
}

/** What an operator asks the relays to send once more. */
export interface RepublishRequest extends RepublishRange {
  /** Of all relays together; 0 = as fast as it goes. */
  readonly eventsPerSecond: number;
  readonly reason: string;
  readonly requestedBy: string;
  /** How many events that are: see `countRange`. */
  readonly events: bigint;
}

/** A part of the log that is, or was, sent once more. */
export interface Republish {
  readonly id: string;
  readonly state: 'running' | 'done' | 'cancelled';
  readonly from: LogPosition;
  readonly to: LogPosition;
  readonly eventTypes: readonly string[];
  readonly eventsPerSecond: number;
  readonly reason: string;
  readonly requestedBy: string;
  readonly requestedAt: string;
  readonly endedAt: string | undefined;
  readonly events: bigint;
  /** Repetitions after a failure included. */
  readonly sent: bigint;
  /** Not sent, because Kafka does not take them. */
  readonly refused: bigint;
  /** Every lane has got to here. */
  readonly reached: LogPosition;
}

interface RepublishRow extends Omit<Republish, 'from' | 'to' | 'endedAt' | 'reached'> {
  readonly fromPosition: bigint;
  readonly toPosition: bigint;
  readonly fromEpoch: string | null;
  readonly toEpoch: string | null;
  readonly reachedEpoch: string | null;
  readonly reached: bigint;
  readonly endedAt: string | null;
}

/** How many events of which type a part of the log has. */
export async function countRange(
  database: Queryable,
  { from, to, eventTypes }: RepublishRange,
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await database.query<{ eventType: string; events: bigint }>(sql.count, [
    from,
    to,
    eventTypes,
  ]);
  return new Map(rows.map((row) => [row.eventType, row.events]));
}

/** Has the relays send a part of the log once more, after what was asked for before. */
export async function startRepublish(
  database: Queryable,
  request: RepublishRequest,
): Promise<Republish> {
  const [row] = await database.query<{ id: string }>(sql.start, [
    request.from,
    request.to,
    request.eventTypes,
    request.eventsPerSecond,
    request.reason,
    request.requestedBy,
    request.events,
  ]);
  const started = row === undefined ? undefined : (await listRepublishes(database, row.id))[0];
  if (started === undefined) throw new TypeError('the republish was not stored');
  return started;
}

/** One of them, or the last 50, newest first. */
export async function listRepublishes(database: Queryable, id?: string): Promise<Republish[]> {
  const rows = await database.query<RepublishRow>(sql.list, [id ?? null, LISTED]);
  return rows.map(({ fromPosition, toPosition, fromEpoch, toEpoch, reachedEpoch, ...row }) => ({
    ...row,
    from: { epoch: fromEpoch ?? '', position: fromPosition },
    to: { epoch: toEpoch ?? '', position: toPosition },
    reached: { epoch: reachedEpoch ?? fromEpoch ?? '', position: row.reached },
    endedAt: row.endedAt ?? undefined,
  }));
}

/** Ends one that runs; false when it does not run, or there is none. */
export async function cancelRepublish(
  database: Queryable,
  id: string,
  by: string,
): Promise<boolean> {
  return (await database.query(sql.cancel, [id, by])).length > 0;
}
