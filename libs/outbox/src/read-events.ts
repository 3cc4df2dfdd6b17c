import type { LogPosition, StoredEvent } from '@nova/events';
import { loadSql, type Queryable } from '@nova/postgres';
import { readStored, type StoredRow } from './stored-row.ts';

const sql = {
  byId: loadSql(new URL('./sql/events-by-id.sql', import.meta.url)),
  at: loadSql(new URL('./sql/events-at.sql', import.meta.url)),
  countMatching: loadSql(new URL('./sql/count-matching.sql', import.meta.url)),
  byAggregate: loadSql(new URL('./sql/events-by-aggregate.sql', import.meta.url)),
  byType: loadSql(new URL('./sql/events-by-type.sql', import.meta.url)),
  typesOf: loadSql(new URL('./sql/aggregate-types-of.sql', import.meta.url)),
  window: loadSql(new URL('./sql/read-window.sql', import.meta.url)),
  before: loadSql(new URL('./sql/position-before.sql', import.meta.url)),
};

const MAX_WINDOW_BYTES = 4 * 1024 * 1024;

/** The events that have one of these ids (canonical UUIDs), in the order of the log. */
export async function eventsById(
  database: Queryable,
  eventIds: readonly string[],
): Promise<StoredEvent[]> {
  const rows = await database.query<StoredRow>(sql.byId, [eventIds]);
  return rows.map(readStored);
}

/** The events at these positions, in the order of the log; all of them are in memory at once. */
export async function eventsAt(
  database: Queryable,
  positions: readonly bigint[],
): Promise<StoredEvent[]> {
  return (await database.query<StoredRow>(sql.at, [positions])).map(readStored);
}

/** The event with this id, a canonical UUID. */
export async function eventById(
  database: Queryable,
  eventId: string,
): Promise<StoredEvent | undefined> {
  return (await eventsById(database, [eventId]))[0];
}

/**
 * The next events of an aggregate in version order; all types unless some are named. All rows are
 * in memory at once, so `limit` bounds it together with the size of a payload.
 */
export async function eventsByAggregate(
  database: Queryable,
  range: {
    readonly aggregateType: string;
    readonly aggregateId: string;
    readonly afterVersion: bigint;
    readonly limit: number;
    readonly eventTypes?: readonly string[];
  },
): Promise<StoredEvent[]> {
  const { aggregateType, aggregateId, afterVersion, limit, eventTypes } = range;
  const params = [aggregateType, aggregateId, afterVersion, limit, eventTypes ?? null];
  return (await database.query<StoredRow>(sql.byAggregate, params)).map(readStored);
}

/** The next events of one type in the order of the log, after a position. */
export async function eventsByType(
  database: Queryable,
  range: { readonly eventType: string; readonly after: bigint; readonly limit: number },
): Promise<StoredEvent[]> {
  const params = [range.eventType, range.after, range.limit];
  return (await database.query<StoredRow>(sql.byType, params)).map(readStored);
}

/** The aggregate types under which an id occurs. */
export async function aggregateTypesOf(
  database: Queryable,
  aggregateId: string,
): Promise<string[]> {
  const rows = await database.query<{ aggregate_type: string }>(sql.typesOf, [aggregateId]);
  return rows.map((row) => row.aggregate_type);
}

/** Which events are wanted: those for which all of this holds. */
export interface EventFilter {
  readonly lanes?: readonly number[];
  readonly eventTypes?: readonly string[];
  readonly aggregateTypes?: readonly string[];
  readonly aggregateId?: string;
  readonly aggregateIdPrefix?: string;
  readonly tenant?: string;
}

/** How many events of which type match between two positions, both included; looks at all of them. */
export async function countMatching(
  database: Queryable,
  {
    from,
    to,
    filter,
  }: { readonly from: bigint; readonly to: bigint; readonly filter: EventFilter },
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await database.query<{ eventType: string; events: bigint }>(sql.countMatching, [
    from,
    to,
    filter.eventTypes ?? null,
    filter.aggregateTypes ?? null,
    filter.aggregateId ?? null,
    filter.aggregateIdPrefix ?? null,
    filter.tenant ?? null,
  ]);
  return new Map(rows.map((row) => [row.eventType, row.events]));
}

/** A part of the log: which positions are looked at, and what of them is wanted. */
export interface WindowRequest extends EventFilter {
  readonly after: bigint;
  /** Positions to look at, at most; so also a bound for the events. */
  readonly limit: number;
  /** Leaves payloads empty. */
  readonly headersOnly?: boolean;
  /** The window ends with the event whose payload reaches this; 4 MiB unless given. */
  readonly maxBytes?: number;
}

/** Reads the log in order from a position on. Ask again from `scanned`, whether or not events came. */
export async function readWindow(
  database: Queryable,
  request: WindowRequest,
): Promise<{ readonly events: StoredEvent[]; readonly scanned: LogPosition }> {
  const { after, limit, headersOnly = false } = request;
  const rows = await database.query<
    { scanned: bigint; scanned_epoch: string } & (StoredRow | { position: null })
  >(sql.window, [
    after,
    limit,
    request.lanes ?? null,
    request.eventTypes ?? null,
    request.maxBytes ?? MAX_WINDOW_BYTES,
    headersOnly,
    request.aggregateTypes ?? null,
    request.aggregateId ?? null,
    request.aggregateIdPrefix ?? null,
    request.tenant ?? null,
  ]);
  const [first] = rows;
  if (first === undefined) throw new TypeError('the window has no row');
  return {
    events: rows.filter((row) => row.position !== null).map(readStored),
    scanned: { epoch: first.scanned_epoch, position: first.scanned },
  };
}

/**
 * The position after which the events follow that were stored at `time` or later: a time in RFC
 * 3339. Times of storing never decrease with the position.
 */
export async function positionBefore(database: Queryable, time: string): Promise<LogPosition> {
  const [row] = await database.query<LogPosition>(sql.before, [time]);
  if (row === undefined) throw new TypeError('the log has no head');
  return { epoch: row.epoch, position: row.position };
}
