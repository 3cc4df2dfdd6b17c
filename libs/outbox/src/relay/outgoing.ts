import { recordHeaders, type StoredEvent } from '@nova/events';
import { currentTraceContext, spanAttributes, spanNames, withSpan } from '@nova/telemetry';
import type { OutgoingRecord } from './publisher.ts';

/**
 * The records of a batch: payloads as they are stored, headers from the columns, and for events
 * with a trace the header of this hop. Where the trace is recorded, each event gets a span from
 * here until `sent` settles.
 *
 * @param replay why they are sent once more, by hand
 */
export function outgoingRecords(
  events: readonly StoredEvent[],
  topic: string,
  partition: number,
  sent: Promise<void>,
  replay?: string,
): readonly OutgoingRecord[] {
  return events.map((event) => {
    const headers = recordHeaders(event);
    Object.assign(headers, hopHeaders(event, topic, partition, sent));
    if (replay !== undefined) headers['ce_novareplay'] = replay;
    return { key: event.aggregateId, value: event.payload, headers };
  });
}

const NOT_SAMPLED = /-[0-9a-f][02468ace]$/;

function hopHeaders(
  event: StoredEvent,
  topic: string,
  partition: number,
  sent: Promise<void>,
): Record<string, string> {
  const { traceparent, tracestate } = event.annotations;
  if (traceparent === undefined) return {};
  const parent = { traceparent, ...(tracestate === undefined ? {} : { tracestate }) };
  // Nobody records it: pass it on without the cost of a span (about 10 µs).
  if (NOT_SAMPLED.test(traceparent)) return parent;
  let hop: Record<string, string> = {};
  const attributes = {
    [spanAttributes.messagingSystem]: 'kafka',
    [spanAttributes.messagingOperation]: 'send',
    [spanAttributes.messagingDestination]: topic,
    [spanAttributes.messagingPartition]: String(partition),
    [spanAttributes.messagingMessageId]: event.eventId,
  };
  const span = withSpan(
    spanNames.relaySend(topic),
    { kind: 'producer', parent, attributes },
    () => {
      hop = { ...currentTraceContext() };
      return sent;
    },
  );
  // The failure belongs to whoever waits for `sent`.
  span.catch(() => {});
  return hop;
}
