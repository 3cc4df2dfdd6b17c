import { laneOf, parsePosition, type StoredEvent } from '@nova/events';
import type { Event } from '@nova/proto/gen/events/event_pb';
import { timeText } from '../consumers/registered-consumer.ts';

const encoder = new TextEncoder();

/** An event of an answer, as the command line shows events. */
export function storedEvent(event: Event): StoredEvent {
  const position = parsePosition(event.position);
  if (position === undefined) throw new TypeError(`not a position: ${event.position}`);
  const { eventId, eventType, schemaVersion, aggregateType, aggregateId } = event;
  const { aggregateVersion, typeSequence, source, tenant } = event;
  return {
    ...{ position, eventId, eventType, schemaVersion, aggregateType, aggregateId },
    ...{ aggregateVersion, typeSequence, source },
    previous: event.previous,
    lane: laneOf(aggregateId),
    payload: encoder.encode(JSON.stringify(event.payload ?? {})),
    ...(tenant === '' ? {} : { tenant }),
    occurredAt: timeText(event.occurredAt),
    storedAt: timeText(event.storedAt),
    annotations: {
      ...(event.correlationId === '' ? {} : { correlationId: event.correlationId }),
      ...(event.causationId === '' ? {} : { causationId: event.causationId }),
      ...(Object.keys(event.metadata).length === 0 ? {} : { metadata: event.metadata }),
    },
  };
}
