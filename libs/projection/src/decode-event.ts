import { NovaError } from '@nova/errors';
import type { StoredEvent } from '@nova/events';
import { type DescMessage, fromJson, type JsonValue, type Message } from '@nova/proto/runtime';
import { errors } from './errors.ts';
import type { ViewEvent } from './view-event.ts';

const utf8 = new TextDecoder();

/**
 * Reads an event for folds. Lenient: unknown fields are ignored and null is absent, because the log
 * holds what newer and older versions wrote, and erased fields are null.
 *
 * @throws PROJECTION_PAYLOAD_UNREADABLE when the payload is not the message at all.
 */
export function decodeEvent(stored: StoredEvent, schema: DescMessage): ViewEvent<Message> {
  const { correlationId, causationId, expiresAt, metadata } = stored.annotations;
  return {
    eventId: stored.eventId,
    eventType: stored.eventType,
    aggregateType: stored.aggregateType,
    aggregateId: stored.aggregateId,
    position: stored.position.position,
    version: stored.aggregateVersion,
    typeSequence: stored.typeSequence,
    payload: readPayload(stored, schema),
    occurredAt: stored.occurredAt,
    storedAt: stored.storedAt,
    source: stored.source,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    metadata: metadata ?? {},
  };
}

function readPayload(stored: StoredEvent, schema: DescMessage): Message {
  try {
    // What JSON.parse returns is JSON.
    const json = JSON.parse(utf8.decode(stored.payload)) as JsonValue;
    return fromJson(schema, json, { ignoreUnknownFields: true });
  } catch (cause) {
    throw new NovaError(
      errors.PROJECTION_PAYLOAD_UNREADABLE,
      { type: stored.eventType },
      { cause },
    );
  }
}
