import type { Queryable } from '@nova/postgres';
import type { AggregateName } from '../aggregate.ts';
import type { GenerationName } from '../marks.ts';
import { listParked, type ParkedAggregate } from './list-parked.ts';
import { timeText } from './time-text.ts';

/** An event that waits, with its record as it came. */
export interface WaitingEvent {
  readonly aggregateVersion: bigint;
  readonly eventId: string;
  readonly eventType: string;
  /** Where its record was; undefined when it was read from the log. */
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  readonly offset: bigint | undefined;
  /** Timestamp of the record in Kafka. */
  readonly publishedAt: string | undefined;
  readonly parkedAt: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The record's value; its key is the aggregate's id. */
  readonly payload: Uint8Array;
}

/** All that is known of a failing aggregate. */
export interface ParkedDetails extends ParkedAggregate {
  readonly stack: string;
  /** The first of those that wait, in order. */
  readonly events: readonly WaitingEvent[];
}

type WaitingRow = {
  readonly [Name in keyof WaitingEvent]: undefined extends WaitingEvent[Name]
    ? Exclude<WaitingEvent[Name], undefined> | null
    : WaitingEvent[Name];
};

/** A failing aggregate with the first `limit` of its waiting events after a version. */
export async function showParked(
  database: Queryable,
  generation: GenerationName,
  name: AggregateName,
  page: { readonly afterVersion: bigint; readonly limit: number },
): Promise<ParkedDetails | undefined> {
  const { aggregateType, aggregateId } = name;
  const selection = { aggregateType, aggregateId, includeRetrying: true };
  const [parked] = await listParked(database, generation, { selection, limit: 1 });
  if (parked === undefined) return undefined;
  const key = [generation.consumer, generation.generation, aggregateType, aggregateId];
  const [row] = await database.query<{ stack: string }>(
    `SELECT stack FROM parked_aggregates
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4`,
    key,
  );
  const events = await database.query<WaitingRow>(
    `SELECT aggregate_version AS "aggregateVersion", event_id AS "eventId",
            event_type AS "eventType", topic, partition, "offset",
            ${timeText('published_at')} AS "publishedAt", ${timeText('parked_at')} AS "parkedAt",
            headers, payload
     FROM parked_events
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4
       AND aggregate_version > $5
     ORDER BY aggregate_version LIMIT $6`,
    [...key, page.afterVersion, page.limit],
  );
  return { ...parked, stack: row?.stack ?? '', events: events.map(eventOf) };
}

function eventOf({ topic, partition, offset, publishedAt, ...row }: WaitingRow): WaitingEvent {
  return {
    ...row,
    topic: topic ?? undefined,
    partition: partition ?? undefined,
    offset: offset ?? undefined,
    publishedAt: publishedAt ?? undefined,
  };
}
