import { Buffer } from 'node:buffer';
import type { JsonObject } from '@nova/proto/runtime';
import type { ImportEvent } from '../irc/import-event.ts';

/** The most events of one PublishEvents call. */
const MAX_EVENTS = 500;
/** A call may have 1 MiB; a quarter of it is kept for ids, names and the form of the wire. */
const MAX_PAYLOAD_BYTES = 768 * 1024;
/** About what an event takes besides the text of its payload. */
const EVENT_OVERHEAD_BYTES = 300;
/** A text up to this length is not measured: 500 of control characters would still fit. */
const SHORT_TEXT = 100;

/** Collects events into batches that one call can carry. */
export class Batch {
  #events: ImportEvent[] = [];
  #bytes = 0;

  get size(): number {
    return this.#events.length;
  }

  /** Adds an event; answers with the batch before it when that one is full. */
  add(event: ImportEvent): readonly ImportEvent[] | undefined {
    const bytes = EVENT_OVERHEAD_BYTES + payloadBytes(event.payload);
    const full = this.#events.length === MAX_EVENTS || this.#bytes + bytes > MAX_PAYLOAD_BYTES;
    const before = full && this.#events.length > 0 ? this.take() : undefined;
    this.#events.push(event);
    this.#bytes += bytes;
    return before;
  }

  /** What has been collected; the batch is empty afterwards. */
  take(): readonly ImportEvent[] {
    const taken = this.#events;
    this.#events = [];
    this.#bytes = 0;
    return taken;
  }
}

/**
 * About how many bytes of JSON a payload is, never far too few: short texts are taken for twice
 * their length, longer ones are measured, which is too slow to do for each of 200,000 lines.
 */
function payloadBytes(payload: JsonObject): number {
  let bytes = 0;
  for (const value of Object.values(payload)) {
    if (typeof value === 'string' && value.length <= SHORT_TEXT) bytes += 2 * value.length;
    else bytes += Buffer.byteLength(JSON.stringify(value));
  }
  return bytes;
}
