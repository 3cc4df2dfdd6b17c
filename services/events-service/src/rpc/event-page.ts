import type { StoredEvent } from '@nova/events';

/**
 * A page ends early at this many payload bytes. As a Struct a payload takes up to 5.5 times its
 * size as JSON (a list of one-digit numbers), and gRPC clients accept 4 MiB.
 */
const MAX_PAGE_BYTES = 512 * 1024;
/** Rows per query, so that a page of large payloads is never in memory as a whole. */
const STEP = 50;

/** The events of a page, and the last of them when there are more. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly continueAfter: StoredEvent | undefined;
}

/**
 * Gathers a page of at most `size` events. `read` answers up to `limit` events after the given one
 * in the order of the list.
 */
export async function gatherPage(
  size: number,
  read: (after: StoredEvent | undefined, limit: number) => Promise<readonly StoredEvent[]>,
): Promise<EventPage> {
  const events: StoredEvent[] = [];
  let bytes = 0;
  for (;;) {
    // One more than needed tells whether the list goes on.
    const limit = Math.min(STEP, size - events.length + 1);
    const step = await read(events.at(-1), limit);
    for (const event of step) {
      bytes += event.payload.length;
      const full = events.length === size || (events.length > 0 && bytes > MAX_PAGE_BYTES);
      if (full) return { events, continueAfter: events.at(-1) };
      events.push(event);
    }
    if (step.length < limit) return { events, continueAfter: undefined };
  }
}
