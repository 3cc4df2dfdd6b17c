import { annotationsToJson } from './annotations.ts';
import { formatPosition, formatSequence } from './position.ts';
import type { StoredEvent } from './stored-event.ts';

/**
 * The headers of an event's Kafka record, without what belongs to the hop (`traceparent`,
 * `tracestate`) or to a record sent again (`ce_novareplay`).
 */
export function recordHeaders(event: StoredEvent): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: event.eventId,
    ce_source: event.source,
    ce_type: event.eventType,
    ce_time: event.occurredAt,
    ce_subject: `${event.aggregateType}/${event.aggregateId}`,
    ce_dataschema: `nova:${event.eventType}:${event.schemaVersion}`,
    ce_sequence: formatSequence(event.aggregateVersion),
    ce_novatypesequence: event.typeSequence.toString(),
    ce_novaposition: formatPosition(event.position),
    ce_novastoredat: event.storedAt,
  };
  const previous = formatPrevious(event.previous);
  if (previous !== '') headers['ce_novaprevious'] = previous;
  if (event.tenant !== undefined) headers['ce_novatenant'] = event.tenant;
  return Object.assign(headers, annotationsToJson(event.annotations));
}

// Without entries and without a function that compares, which took twice as long: every event of the
// log comes here.
function formatPrevious(previous: Readonly<Record<string, bigint>>): string {
  let text = '';
  for (const type of Object.keys(previous).sort()) {
    text += text === '' ? `${type}=${previous[type]}` : `,${type}=${previous[type]}`;
  }
  return text;
}
