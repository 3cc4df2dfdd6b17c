import { type AcceptedEvent, type Arrival, acceptEvent, type GivenEvent } from './accept-event.ts';
import { utf8Length } from './text.ts';
import type { Violations } from './violations.ts';

/** Most events of one request. */
export const MAX_BATCH_EVENTS = 500;
/** Most bytes of payloads and metadata of one request. */
const MAX_BATCH_BYTES = 1024 * 1024;

/**
 * Accepts the events of a batch, or says with their index what is wrong with them. An event id may
 * occur once: a batch is no place to repeat an event.
 */
export function acceptBatch(
  given: readonly GivenEvent[],
  arrival: Arrival,
  violations: Violations,
  { mayBeEmpty = false } = {},
): readonly AcceptedEvent[] {
  const least = mayBeEmpty ? 0 : 1;
  if (given.length < least || given.length > MAX_BATCH_EVENTS) {
    violations.add('events', `must be ${least} to ${MAX_BATCH_EVENTS}, not ${given.length}`);
    return [];
  }
  const accepted: AcceptedEvent[] = [];
  const indexOfId = new Map<string, number>();
  let bytes = 0;
  for (const [index, event] of given.entries()) {
    const prefix = `events[${index}]`;
    const one = acceptEvent(event, arrival, { prefix, index }, violations);
    if (violations.full) break;
    if (one === undefined) continue;
    const { eventId, payload, annotations } = one.event;
    const before = indexOfId.get(eventId);
    if (before !== undefined) violations.add(`${prefix}.event_id`, `is that of events[${before}]`);
    indexOfId.set(eventId, index);
    bytes += payload.length + utf8Length(JSON.stringify(annotations.metadata ?? {}));
    accepted.push(one);
  }
  if (bytes > MAX_BATCH_BYTES) {
    violations.add('events', `must have at most ${MAX_BATCH_BYTES} bytes together, not ${bytes}`);
  }
  return accepted;
}
