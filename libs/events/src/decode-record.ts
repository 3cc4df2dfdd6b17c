import type { StoredEvent } from './stored-event.ts';

/** Header values as Kafka clients hand them over. */
export type RawHeaders = Readonly<
  Record<string, Uint8Array | string | readonly (Uint8Array | string)[] | undefined>
>;

/** An event, or why the record is foreign. */
export type DecodedRecord =
  | { readonly ok: true; readonly event: StoredEvent }
  | { readonly ok: false; readonly reason: string };

/** Reads a Kafka record back into the event it carries. */
export function decodeRecord(
  _topic: string,
  _partition: number,
  _key: Uint8Array | string | null,
  _value: Uint8Array | null,
  _headers: RawHeaders,
): DecodedRecord {
  return { ok: false, reason: 'not yet' };
}
