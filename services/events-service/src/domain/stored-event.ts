import { laneOf, type StoredEvent } from '@nova/events';
import type { Appended, NewEvent } from '@nova/outbox';

/** The stored event that follows from what was appended and where the log put it. */
export function storedEvent(event: NewEvent, appended: Appended): StoredEvent {
  return {
    position: appended.position,
    eventId: appended.eventId,
    eventType: event.eventType,
    schemaVersion: event.schemaVersion,
    aggregateType: event.aggregateType,
    aggregateId: event.aggregateId,
    aggregateVersion: appended.aggregateVersion,
    typeSequence: appended.typeSequence,
    previous: appended.previous,
    lane: laneOf(event.aggregateId),
    payload: event.payload,
    source: event.source,
    ...(event.tenant === undefined ? {} : { tenant: event.tenant }),
    occurredAt: appended.occurredAt,
    storedAt: appended.storedAt,
    annotations: event.annotations,
  };
}
