import { annotationsFromJson } from '@nova/events';
import type { OutboxEvent } from './local-event.ts';

/** A row of local_outbox_events. */
export interface OutboxRow {
  readonly id: bigint;
  readonly aggregate_version: bigint;
  readonly occurred_at: Date;
  readonly event_id: string;
  readonly event_type: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

/** The event that a row holds. */
export function readOutboxRow(row: OutboxRow): OutboxEvent {
  const { correlationId = '', causationId = '', metadata = {} } = annotationsFromJson(row.headers);
  return {
    id: row.id,
    eventId: row.event_id,
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    sourceVersion: row.aggregate_version,
    occurredAt: row.occurred_at.toISOString(),
    correlationId,
    causationId,
    metadata,
    payload: row.payload,
  };
}
