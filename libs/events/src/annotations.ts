import { canonicalJson } from './canonical-json.ts';

/** What travels with an event besides its payload, where it is given. */
export interface Annotations {
  readonly correlationId?: string;
  readonly causationId?: string;
  /** Trace context of where the event was appended. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** RFC 3339, UTC. */
  readonly expiresAt?: string;
  /** At most 16 keys and 4 KiB. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const HEADERS = entriesOf({
  correlationId: 'ce_correlationid',
  causationId: 'ce_causationid',
  traceparent: 'ce_traceparent',
  tracestate: 'ce_tracestate',
  expiresAt: 'ce_novaexpiresat',
} as const);
const METADATA_HEADER = 'ce_novametadata';

/** The annotations under their header names, as the log stores them and Kafka carries them. */
export function annotationsToJson(annotations: Annotations): Record<string, string> {
  const json: Record<string, string> = {};
  for (const [field, header] of HEADERS) {
    const value = annotations[field];
    if (value !== undefined) json[header] = value;
  }
  const { metadata } = annotations;
  if (metadata !== undefined && Object.keys(metadata).length > 0) {
    json[METADATA_HEADER] = canonicalJson(metadata);
  }
  return json;
}

/**
 * The annotations among headers; other headers are left alone.
 *
 * @throws TypeError when the metadata is not a JSON map of strings.
 */
export function annotationsFromJson(json: Readonly<Record<string, string>>): Annotations {
  const annotations: { -readonly [Field in keyof Annotations]: Annotations[Field] } = {};
  for (const [field, header] of HEADERS) {
    const value = json[header];
    if (value !== undefined) annotations[field] = value;
  }
  const metadata = json[METADATA_HEADER];
  if (metadata !== undefined) annotations.metadata = parseMetadata(metadata);
  return annotations;
}

function parseMetadata(text: string): Record<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${METADATA_HEADER} is not JSON`, { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new TypeError(`${METADATA_HEADER} is not a JSON map`);
  }
  const entries = Object.entries(parsed).map(([key, value]): [string, string] => {
    if (typeof value !== 'string')
      throw new TypeError(`${METADATA_HEADER} holds more than strings`);
    return [key, value];
  });
  return Object.fromEntries(entries);
}

function entriesOf<Key extends string, Value>(table: Readonly<Record<Key, Value>>): [Key, Value][] {
  // Object.entries forgets the key type of a table that holds exactly its declared keys.
  return Object.entries(table) as [Key, Value][];
}
