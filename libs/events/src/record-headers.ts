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

function formatPrevious(previous: Readonly<Record<string, bigint>>): string {
  let text = '';
  for (const type of sorted(Object.keys(previous))) {
    text += text === '' ? `${type}=${previous[type]}` : `,${type}=${previous[type]}`;
  }
  return text;
}

const FEW = 8;

// Every event of the log comes here, most with a few types: what sort() allocates for them is a tenth
// of all that a relay does.
function sorted(names: string[]): string[] {
  if (names.length > FEW) return names.sort();
  for (let end = 1; end < names.length; end += 1) {
    const name = names[end] ?? '';
    let at = end;
    for (; at > 0 && (names[at - 1] ?? '') > name; at -= 1) names[at] = names[at - 1] ?? '';
    names[at] = name;
  }
  return names;
}
