import { NovaError } from '@nova/errors';
import type { StoredEvent } from '@nova/events';
import { fromJson, type JsonValue, type Message } from '@nova/proto/runtime';
import { errors } from './errors.ts';
import type { PayloadForm } from './payload-form.ts';
import type { ViewEvent } from './view-event.ts';

const utf8 = new TextDecoder();

/**
 * Reads an event for folds. Lenient: unknown fields are ignored and null is absent, because the log
 * holds what newer and older versions wrote, and erased fields are null. Fields that nobody reads are
 * not even looked at, whatever they hold.
 *
 * @throws PROJECTION_PAYLOAD_UNREADABLE when the payload is not the message at all.
 */
export function decodeEvent(stored: StoredEvent, form: PayloadForm): ViewEvent<Message> {
  const { correlationId, causationId, expiresAt, metadata } = stored.annotations;
  return {
    eventId: stored.eventId,
    eventType: stored.eventType,
    aggregateType: stored.aggregateType,
    aggregateId: stored.aggregateId,
    position: stored.position.position,
    version: stored.aggregateVersion,
    typeSequence: stored.typeSequence,
    payload: readPayload(stored, form),
    occurredAt: stored.occurredAt,
    storedAt: stored.storedAt,
    source: stored.source,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    metadata: metadata ?? {},
  };
}

function readPayload(stored: StoredEvent, { schema, fields }: PayloadForm): Message {
  try {
    // What JSON.parse returns is JSON.
    const json = JSON.parse(utf8.decode(stored.payload)) as JsonValue;
    return fromJson(schema, fields === undefined ? json : only(fields, json), {
      ignoreUnknownFields: true,
    });
  } catch (cause) {
    throw new NovaError(
      errors.PROJECTION_PAYLOAD_UNREADABLE,
      { type: stored.eventType },
      { cause },
    );
  }
}

function only(fields: readonly string[], json: JsonValue): JsonValue {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const seen: Record<string, JsonValue> = {};
  for (const name of fields) {
    const value = Object.hasOwn(json, name) ? json[name] : undefined;
    if (value !== undefined) seen[name] = value;
  }
  return seen;
}
