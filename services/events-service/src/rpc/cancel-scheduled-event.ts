import { NovaError } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import { eventById } from '@nova/outbox';
import type {
  CancelScheduledEventRequest,
  CancelScheduledEventResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalid } from '../domain/refusal.ts';
import { scheduledMessage } from '../domain/scheduled-event.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import { dropScheduled, scheduledById } from '../storage/scheduled-events.ts';
import { type Dependencies, sourceOf } from './dependencies.ts';

type Response = MessageInitShape<typeof CancelScheduledEventResponseSchema>;

/**
 * Takes back an event that is not due yet. Answered, it never enters the log: while its event is
 * being appended the row is locked, and afterwards it is gone.
 */
export function cancelScheduledEvent({ database }: Dependencies) {
  return async ({ eventId }: CancelScheduledEventRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    if (!isCanonicalUuid(eventId)) {
      violations.add('event_id', 'must be a UUID in lower case with hyphens');
      throw invalid(violations);
    }
    const waiting = await scheduledById(database, eventId);
    const isOwn = waiting?.source === sourceOf(call) || call.caller.roles.has('admin');
    if (waiting !== undefined && !isOwn) {
      const { source } = waiting;
      throw new NovaError(errors.SCHEDULED_EVENT_FOREIGN, { event_id: eventId, source });
    }
    const cancelled = waiting && (await dropScheduled(database, eventId));
    if (cancelled !== undefined) return { cancelled: scheduledMessage(cancelled) };
    const isStored = (await eventById(database, eventId)) !== undefined;
    const kind = isStored ? errors.SCHEDULED_EVENT_STORED : errors.SCHEDULED_EVENT_NOT_FOUND;
    throw new NovaError(kind, { event_id: eventId });
  };
}
