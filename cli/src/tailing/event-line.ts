import { formatPosition, type StoredEvent } from '@nova/events';
import { excerptOf } from '../irc/finding.ts';
import type { Style } from '../output.ts';

const decoder = new TextDecoder();
/** Where nobody knows the width of the screen, payloads are shown whole. */
const MIN_PAYLOAD = 20;

/** `09:14:22.123  message_created  conversation/550e8400-…  v12  {"message_id":…}` */
export function eventLine(event: StoredEvent, style: Style, width: number | undefined): string {
  const time = event.storedAt.slice(11, 23);
  const head = `${time}  ${event.eventType.padEnd(22)}  ${event.aggregateType}/${event.aggregateId}`;
  const version = `v${event.aggregateVersion}`;
  const payload = visible(decoder.decode(event.payload));
  const room =
    width === undefined
      ? payload.length
      : Math.max(MIN_PAYLOAD, width - head.length - version.length - 5);
  const shown = payload.length > room ? `${payload.slice(0, room - 1)}…` : payload;
  return `${style.faint(time)}${head.slice(time.length)}  ${style.strong(version)}  ${style.faint(shown)}`;
}

/** The event as a JSON document: the envelope, and the payload as it is stored. */
export function eventDocument(event: StoredEvent) {
  const { annotations } = event;
  const payload: unknown = JSON.parse(decoder.decode(event.payload));
  return {
    position: formatPosition(event.position),
    event_id: event.eventId,
    event_type: event.eventType,
    schema_version: event.schemaVersion,
    aggregate_type: event.aggregateType,
    aggregate_id: event.aggregateId,
    aggregate_version: event.aggregateVersion,
    type_sequence: event.typeSequence,
    previous: event.previous,
    source: event.source,
    tenant: event.tenant,
    occurred_at: event.occurredAt,
    stored_at: event.storedAt,
    correlation_id: annotations.correlationId,
    causation_id: annotations.causationId,
    traceparent: annotations.traceparent,
    metadata: annotations.metadata,
    payload,
  };
}

// JSON escapes controls, but not what turns text round or breaks lines.
function visible(text: string): string {
  return excerptOf(text, Number.POSITIVE_INFINITY);
}
