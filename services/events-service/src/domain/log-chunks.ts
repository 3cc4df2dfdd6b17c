import { type LogPosition, recordHeaders, type StoredEvent } from '@nova/events';
import { type LogEventMessage, logEventMessage } from './event-message.ts';

/** A stream message may have at most this many bytes (DECISIONS 35). */
const MAX_CHUNK_BYTES = 1024 * 1024;
/** Tags, lengths and the fields of a LogEvent besides key, value and headers. */
const OVERHEAD_BYTES = 256;
const OVERHEAD_PER_HEADER_BYTES = 12;

/** Events of one stream message, and the position of the last of them. */
export interface LogChunk {
  readonly events: readonly LogEventMessage[];
  readonly last: LogPosition;
}

/** Cuts events, in their order, into stream messages of at most 1 MiB. */
export function* chunksOf(
  events: Iterable<StoredEvent>,
  { headersOnly = false } = {},
): Generator<LogChunk> {
  let chunk: LogEventMessage[] = [];
  let bytes = 0;
  let last: LogPosition | undefined;
  for (const event of events) {
    const size = sizeOf(event, headersOnly);
    if (last !== undefined && bytes + size > MAX_CHUNK_BYTES) {
      yield { events: chunk, last };
      chunk = [];
      bytes = 0;
    }
    chunk.push(logEventMessage(event, headersOnly));
    bytes += size;
    last = event.position;
  }
  if (last !== undefined) yield { events: chunk, last };
}

/** An upper bound of an event's size on the wire. */
function sizeOf(event: StoredEvent, headersOnly: boolean): number {
  let size = OVERHEAD_BYTES + (headersOnly ? 0 : event.payload.length);
  for (const [name, value] of Object.entries(recordHeaders(event))) {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    size += OVERHEAD_PER_HEADER_BYTES + name.length + 3 * value.length;
  }
  return size;
}
