import type { Queryable } from '@nova/postgres';
import { BEGINNING, type OutboxCursor, readOutboxWindow } from '../window.ts';

/** An event as a reader hands it out. */
export interface SeenEvent {
  readonly eventId: string;
  /** Aggregates of specs differ in their types. */
  readonly aggregate: string;
  readonly version: bigint;
}

/** Follows an outbox: each call answers with what is new. */
export interface OutboxReader {
  readonly name: string;
  next(database: Queryable): Promise<readonly SeenEvent[]>;
}

/** The reader of nova. */
export function snapshotWindows(rows = 500): OutboxReader {
  let cursor: OutboxCursor = BEGINNING;
  return {
    name: 'snapshot windows',
    async next(database) {
      const { events, next } = await readOutboxWindow(database, cursor, { rows, bytes: 1 << 20 });
      cursor = next;
      return events.map(({ eventId, aggregateType, sourceVersion }) => ({
        eventId,
        aggregate: aggregateType,
        version: sourceVersion,
      }));
    },
  };
}

interface Row {
  readonly id: bigint;
  readonly xid: string;
  readonly event_id: string;
  readonly aggregate_type: string;
  readonly aggregate_version: bigint;
}

/**
 * The usual ways to read an outbox, each wrong: kept so that the tests show that they can tell. None
 * of them is used by anything.
 */
export const naiveReaders: readonly (() => OutboxReader)[] = [
  () => highMark('id > last', 'id > $1::bigint AND $2::text IS NOT NULL', 'id'),
  () =>
    highMark(
      'id > last, below xmin',
      `id > $1::bigint AND $2::text IS NOT NULL
       AND xid < pg_snapshot_xmin(pg_current_snapshot())`,
      'id',
    ),
  () =>
    highMark(
      '(xid, id) > last, below xmin',
      '(xid, id) > ($2::xid8, $1::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())',
      'xid, id',
    ),
];

function highMark(name: string, condition: string, order: string): OutboxReader {
  let last: { id: bigint; xid: string } = { id: 0n, xid: '0' };
  return {
    name,
    async next(database) {
      const rows = await database.query<Row>(
        `SELECT id, xid::text, event_id, aggregate_type, aggregate_version FROM local_outbox_events
         WHERE ${condition} ORDER BY ${order}`,
        [last.id, last.xid],
      );
      last = rows.at(-1) ?? last;
      return rows.map((row) => ({
        eventId: row.event_id,
        aggregate: row.aggregate_type,
        version: row.aggregate_version,
      }));
    },
  };
}
