import {
  DEFAULT_PARTITIONS,
  formatPosition,
  recordHeaders,
  type StoredEvent,
  topicOf,
} from '@nova/events';
import type { LogEventSchema } from '@nova/proto/gen/events/event_log_pb';
import type { EventSchema } from '@nova/proto/gen/events/event_pb';
import type { JsonObject, MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from './event-time.ts';

/** An event as the answers of EventsService show it. */
export type EventMessage = MessageInitShape<typeof EventSchema>;

/** An event as EventLog streams it: key, value and headers of its Kafka record. */
export type LogEventMessage = MessageInitShape<typeof LogEventSchema>;

const decoder = new TextDecoder();

/** A stored event for people and tools: payload as a JSON object, topic and partition named. */
export function eventMessage(event: StoredEvent): EventMessage {
  const { annotations } = event;
  const storedAt = instantOf(event.storedAt);
  return {
    eventId: event.eventId,
    eventType: event.eventType,
    schemaVersion: event.schemaVersion,
    aggregateType: event.aggregateType,
    aggregateId: event.aggregateId,
    aggregateVersion: event.aggregateVersion,
    typeSequence: event.typeSequence,
    previous: { ...event.previous },
    position: formatPosition(event.position),
    source: event.source,
    occurredAt: event.occurredAt === event.storedAt ? storedAt : instantOf(event.occurredAt),
    storedAt,
    payload: payloadOf(event),
    correlationId: annotations.correlationId ?? '',
    causationId: annotations.causationId ?? '',
    metadata: { ...annotations.metadata },
    tenant: event.tenant ?? '',
    ...(annotations.expiresAt === undefined ? {} : { expiresAt: instantOf(annotations.expiresAt) }),
    ...destination(event),
  };
}

/** A stored event for services. With `headersOnly` the value is left out, not empty. */
export function logEventMessage(event: StoredEvent, headersOnly = false): LogEventMessage {
  return {
    ...destination(event),
    key: event.aggregateId,
    ...(headersOnly ? {} : { value: event.payload }),
    headers: recordHeaders(event),
  };
}

function destination(event: StoredEvent): { topic: string; partition: number } {
  return {
    topic: topicOf(event.eventType),
    // The number of partitions divides that of lanes, so a lane lies within one partition.
    partition: event.lane % DEFAULT_PARTITIONS,
  };
}

function payloadOf(event: StoredEvent): JsonObject {
  // The log holds JSON objects only: acceptPayload wrote every one of them.
  return JSON.parse(decoder.decode(event.payload)) as JsonObject;
}
