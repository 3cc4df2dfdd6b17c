import { type Annotations, annotationsFromJson } from './annotations.ts';
import { laneOf } from './lanes.ts';
import { parsePosition } from './position.ts';
import { contradiction, formFault, type HeaderTexts, parsePrevious } from './record-faults.ts';
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
  const fault =
    formFault(texts) ?? contradiction(texts, { topic, partition, partitions, key: keyText });
  if (fault !== undefined) return foreign(fault);
  const annotations = readAnnotations(texts);
  if (annotations === undefined) return foreign('header ce_novametadata is malformed');
  return { ok: true, event: readEvent(texts, keyText, value, annotations) };
}

// Every form was checked before; the fallbacks only satisfy the compiler.
function readEvent(
  texts: HeaderTexts,
  key: string,
  payload: Uint8Array,
  annotations: Annotations,
): StoredEvent {
  const { ce_novaprevious: previous, ce_novatenant: tenant } = texts;
  const text = (name: string): string => texts[name] ?? '';
  return {
    position: parsePosition(text('ce_novaposition')) ?? { epoch: '', position: 0n },
    eventId: text('ce_id'),
    eventType: text('ce_type'),
    schemaVersion: Number(text('ce_dataschema').split(':').at(-1)),
    aggregateType: text('ce_subject').split('/', 1)[0] ?? '',
    aggregateId: key,
    aggregateVersion: BigInt(text('ce_sequence')),
    typeSequence: BigInt(text('ce_novatypesequence')),
    previous: (previous === undefined ? undefined : parsePrevious(previous)) ?? {},
    lane: laneOf(key),
    payload,
    source: text('ce_source'),
    ...(tenant === undefined ? {} : { tenant }),
    occurredAt: text('ce_time'),
    storedAt: text('ce_novastoredat'),
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
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !(name === 'content-type' || name.startsWith('ce_'))) continue;
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
