import type { StoredEvent } from '@nova/events';
import { type Condition, eventsByAggregate } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { type LogEventMessage, logEventMessage } from '../domain/event-message.ts';

/** Most events that an answer carries beside its refusal (DECISIONS 5). */
const MAX_NEWER = 500;
const MAX_NEWER_BYTES = 1024 * 1024;

/** The events that made conditions fail, for the caller to fold; `more` when not all fit. */
export async function newerEvents(
  database: Database,
  failed: readonly Condition[],
): Promise<{ readonly newer: LogEventMessage[]; readonly more: boolean }> {
  const events: StoredEvent[] = [];
  for (const condition of failed) {
    const room = MAX_NEWER - events.length;
    events.push(
      ...(await eventsByAggregate(database, {
        aggregateType: condition.aggregateType,
        aggregateId: condition.aggregateId,
        afterVersion: 'version' in condition ? condition.version : 0n,
        limit: room + 1,
        ...(condition.kind === 'none_since' ? { eventTypes: condition.eventTypes } : {}),
      })),
    );
    if (events.length > MAX_NEWER) break;
  }
  return fitting(events, false);
}

/** As many of the events, in their order, as an answer may carry. */
export function fitting(
  events: readonly StoredEvent[],
  known: boolean,
): { newer: LogEventMessage[]; more: boolean } {
  const newer: LogEventMessage[] = [];
  let bytes = 0;
  for (const event of events) {
    bytes += event.payload.length;
    const full = newer.length === MAX_NEWER || (newer.length > 0 && bytes > MAX_NEWER_BYTES);
    if (full) return { newer, more: true };
    newer.push(logEventMessage(event));
  }
  return { newer, more: known };
}
