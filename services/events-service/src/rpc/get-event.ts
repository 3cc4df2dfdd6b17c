import { errors, NovaError } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import { eventById } from '@nova/outbox';
import type {
  GetEventRequest,
  GetEventResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { eventMessage } from '../domain/event-message.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

/** Answers with one event, also while it waits for the relay. */
export function getEvent({ database }: Dependencies) {
  return async ({
    eventId,
  }: GetEventRequest): Promise<MessageInitShape<typeof GetEventResponseSchema>> => {
    if (!isCanonicalUuid(eventId)) {
      const violations = new Violations();
      const problem = eventId === '' ? 'is required' : 'must be a UUID in lower case with hyphens';
      violations.add('event_id', problem);
      throw invalid(violations);
    }
    const event = await eventById(database, eventId);
    if (event === undefined) throw new NovaError(errors.EVENT_NOT_FOUND, { event_id: eventId });
    return { event: eventMessage(event) };
  };
}
