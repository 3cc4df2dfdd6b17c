import type { NewEvent } from '@nova/outbox';
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
  if (!checkBatchSize(given.length, mayBeEmpty ? 0 : 1, violations)) return [];
  const accepted: AcceptedEvent[] = [];
  const indexOfId = new Map<string, number>();
  for (const [index, event] of given.entries()) {
    const prefix = `events[${index}]`;
    const one = acceptEvent(event, arrival, { prefix, index }, violations);
    if (violations.full) break;
    if (one === undefined) continue;
    const { eventId } = one.event;
    const before = indexOfId.get(eventId);
    if (before !== undefined) violations.add(`${prefix}.event_id`, `is that of events[${before}]`);
    indexOfId.set(eventId, index);
    accepted.push(one);
  }
  checkBatchBytes(
    accepted.map(({ event }) => event),
    violations,
  );
  return accepted;
}

/** Checks the number of events of a request. */
export function checkBatchSize(size: number, least: number, violations: Violations): boolean {
  if (size >= least && size <= MAX_BATCH_EVENTS) return true;
  violations.add('events', `must be ${least} to ${MAX_BATCH_EVENTS}, not ${size}`);
  return false;
}

/** Checks that the payloads and metadata of a request are not too much together. */
export function checkBatchBytes(events: readonly NewEvent[], violations: Violations): void {
  let bytes = 0;
  for (const { payload, annotations } of events) {
    bytes += payload.length + utf8Length(JSON.stringify(annotations.metadata ?? {}));
  }
  if (bytes <= MAX_BATCH_BYTES) return;
  violations.add('events', `must have at most ${MAX_BATCH_BYTES} bytes together, not ${bytes}`);
}
