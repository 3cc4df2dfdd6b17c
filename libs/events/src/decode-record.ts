import { type Annotations, annotationsFromJson } from './annotations.ts';
import { laneOf } from './lanes.ts';
import { contradiction, type HeaderTexts, type RecordFields, readFields } from './record-fields.ts';
import type { StoredEvent } from './stored-event.ts';

/** Header values as Kafka clients hand them over. */
export type RawHeaders = Readonly<
  Record<string, Uint8Array | string | readonly (Uint8Array | string)[] | undefined>
>;

/** An event, or why the record is foreign: a sentence without values, fit for logs and metrics. */
export type DecodedRecord =
  | { readonly ok: true; readonly event: StoredEvent }
  | { readonly ok: false; readonly reason: string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a Kafka record back into the event it carries. A record whose nova headers are missing,
 * malformed or at odds with each other, the key, the topic or the partition is foreign. The payload
 * is handed on unread.
 *
 * @param partitions number of partitions of the topic; left out, any number that divides 64 will do
 */
export function decodeRecord(
  topic: string,
  partition: number,
  key: Uint8Array | string | null,
  value: Uint8Array | null,
  headers: RawHeaders,
  partitions?: number,
): DecodedRecord {
  const keyText = key === null ? undefined : textOf(key);
  if (keyText === undefined) return foreign('the key is missing or not UTF-8');
  if (value === null) return foreign('the value is missing');
  const texts = textsOf(headers);
  if (typeof texts === 'string') return foreign(texts);
  const fields = readFields(texts);
  if (typeof fields === 'string') return foreign(fields);
  const lane = laneOf(keyText);
  const fault = contradiction(texts, fields, { topic, partition, partitions, key: keyText, lane });
  if (fault !== undefined) return foreign(fault);
  const annotations = readAnnotations(texts);
  if (annotations === undefined) return foreign('header ce_novametadata is malformed');
  return { ok: true, event: readEvent(texts, fields, lane, value, annotations) };
}

// That they are there was looked at before; the fallbacks only satisfy the compiler.
function readEvent(
  texts: HeaderTexts,
  fields: RecordFields,
  lane: number,
  payload: Uint8Array,
  annotations: Annotations,
): StoredEvent {
  const { ce_novatenant: tenant } = texts;
  return {
    position: fields.position,
    eventId: texts['ce_id'] ?? '',
    eventType: fields.type,
    schemaVersion: fields.schemaVersion,
    aggregateType: fields.aggregateType,
    aggregateId: fields.aggregateId,
    aggregateVersion: fields.version,
    typeSequence: fields.typeSequence,
    previous: fields.previous,
    lane,
    payload,
    source: texts['ce_source'] ?? '',
    ...(tenant === undefined ? {} : { tenant }),
    occurredAt: texts['ce_time'] ?? '',
    storedAt: texts['ce_novastoredat'] ?? '',
    annotations,
  };
}

function readAnnotations(texts: HeaderTexts): Annotations | undefined {
  try {
    return annotationsFromJson(texts);
  } catch {
    // Its only failure is malformed metadata, which the reason names.
    return undefined;
  }
}

// Only the headers that nova writes: a tracing agent may add bytes of its own under other names.
function textsOf(headers: RawHeaders): HeaderTexts | string {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    if (!(name.startsWith('ce_') || name === 'content-type')) continue;
    const value = headers[name];
    if (value === undefined) continue;
    if (typeof value === 'object' && !(value instanceof Uint8Array))
      return `header ${name} is repeated`;
    const text = textOf(value);
    if (text === undefined) return `header ${name} is not UTF-8`;
    texts[name] = text;
  }
  return texts;
}

function textOf(value: Uint8Array | string): string | undefined {
  if (typeof value === 'string') return value;
  try {
    return decoder.decode(value);
  } catch {
    return undefined;
  }
}

function foreign(reason: string): DecodedRecord {
  return { ok: false, reason };
}
