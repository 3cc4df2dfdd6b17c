import { annotationsFromJson, type StoredEvent } from '@nova/events';
import { readPrevious } from './answers.ts';

/** A row of the view outbox_stored_events: see migration 0004. */
export interface StoredRow {
  readonly position: bigint;
  readonly epoch: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly schema_version: number;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly aggregate_version: bigint;
  readonly type_sequence: bigint;
  readonly previous: Readonly<Record<string, number>>;
  readonly lane: number;
  readonly source: string;
  readonly tenant: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly occurred_at: string;
  readonly stored_at: string;
  readonly payload: Buffer;
}

/** An event from its row. */
export function readStored(row: StoredRow): StoredEvent {
  return {
    position: { epoch: row.epoch, position: row.position },
    eventId: row.event_id,
    eventType: row.event_type,
    schemaVersion: row.schema_version,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    aggregateVersion: row.aggregate_version,
    typeSequence: row.type_sequence,
    previous: readPrevious(row.previous),
    lane: row.lane,
    payload: row.payload,
    source: row.source,
    ...(row.tenant === null ? {} : { tenant: row.tenant }),
    occurredAt: row.occurred_at,
    storedAt: row.stored_at,
    annotations: annotationsFromJson(row.headers),
  };
}
