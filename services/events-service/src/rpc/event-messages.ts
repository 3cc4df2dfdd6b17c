import type { StoredEvent } from '@nova/events';
import { type Appended, type AppendRefusal, eventsById, type NewEvent } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { appendedOf, type StoredUnit } from '../domain/append-response.ts';
import { type EventMessage, eventMessage } from '../domain/event-message.ts';
import { storedEvent } from '../domain/stored-event.ts';

/** What became of one event, ready for an answer. */
export type EventOutcome =
  | { readonly kind: 'appended'; readonly appended: Appended; readonly message: EventMessage }
  | { readonly kind: 'refused'; readonly refusal: AppendRefusal };

/**
 * The events of a stored unit as answers show them. What this call appended is known; what was
 * stored before is read from the log, since an earlier call may have given it another source,
 * trace or metadata, and a field may have been erased.
 */
export async function eventMessages(
  database: Database,
  events: readonly NewEvent[],
  result: StoredUnit,
): Promise<EventOutcome[]> {
  const before = appendedOf(result.events)
    .filter(({ replayed }) => replayed || result.replayed)
    .map(({ eventId }) => eventId);
  const stored = new Map<string, StoredEvent>();
  if (before.length > 0) {
    for (const event of await eventsById(database, before)) stored.set(event.eventId, event);
  }
  return result.events.map((outcome) => {
    if (!('position' in outcome)) return { kind: 'refused', refusal: outcome };
    const given = events[outcome.index];
    const event = stored.get(outcome.eventId) ?? (given && storedEvent(given, outcome));
    if (event === undefined) throw new TypeError('append answered an event that was not given');
    return { kind: 'appended', appended: outcome, message: eventMessage(event) };
  });
}
