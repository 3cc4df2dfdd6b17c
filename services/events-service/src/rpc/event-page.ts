import type { StoredEvent } from '@nova/events';
import { gatherPage } from '@nova/service-kit';

/** As a Struct a payload takes up to 5.5 times its size as JSON (a list of one-digit numbers). */
const MAX_PAGE_BYTES = 512 * 1024;

/** The events of a page, and the last of them when there are more. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly continueAfter: StoredEvent | undefined;
}

/**
 * Gathers a page of at most `size` events. `read` answers up to `limit` events after the given one
 * in the order of the list.
 */
export async function gatherEvents(
  size: number,
  read: (after: StoredEvent | undefined, limit: number) => Promise<readonly StoredEvent[]>,
): Promise<EventPage> {
  const bounds = {
    size,
    maxBytes: MAX_PAGE_BYTES,
    sizeOf: ({ payload }: StoredEvent) => payload.length,
  };
  const { rows, goesOn } = await gatherPage(bounds, read);
  return { events: rows, continueAfter: goesOn ? rows.at(-1) : undefined };
}
