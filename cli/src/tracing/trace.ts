import type { Event } from '@nova/proto/gen/events/event_pb';
import { timeText } from '../consumers/registered-consumer.ts';
import type { TracedDelivery } from './delivery.ts';
import type { TracedRecord } from './find-record.ts';

/** Everything that `trace` tells, as its JSON document has it. */
export interface Trace {
  readonly event: TracedEvent;
  readonly kafka: TracedRecord;
  readonly consumers: readonly TracedDelivery[];
}

/** The event as the log has it. */
export interface TracedEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly aggregate_version: bigint;
  readonly type_sequence: bigint;
  readonly position: string;
  readonly source: string;
  /** RFC 3339, microseconds. */
  readonly occurred_at: string;
  readonly stored_at: string;
  readonly correlation_id: string;
  readonly causation_id: string;
}

/** What of an event is told. Its payload is not: `tail` shows it. */
export function eventOf(event: Event): TracedEvent {
  return {
    event_id: event.eventId,
    event_type: event.eventType,
    aggregate_type: event.aggregateType,
    aggregate_id: event.aggregateId,
    aggregate_version: event.aggregateVersion,
    type_sequence: event.typeSequence,
    position: event.position,
    source: event.source,
    occurred_at: timeText(event.occurredAt),
    stored_at: timeText(event.storedAt),
    correlation_id: event.correlationId,
    causation_id: event.causationId,
  };
}
