import { errors, NovaError } from '@nova/errors';
import type { Event } from '@nova/proto/gen/events/event_pb';
import type { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type CallOptions, type Client, RpcError } from '@nova/rpc';
import { logFailure } from '../consuming/log-failure.ts';

/** Finds an event of the log by its id. */
export interface EventLookup {
  /** @throws EVENT_NOT_FOUND, SERVICE_LOG_UNAVAILABLE */
  find(eventId: string, options: CallOptions): Promise<Event>;
}

/** Looks events up at events-service. */
export function eventLookupOver(
  client: Pick<Client<typeof EventsService>, 'getEvent'>,
): EventLookup {
  return {
    async find(eventId, options) {
      try {
        const { event } = await client.getEvent({ eventId }, options);
        if (event !== undefined) return event;
      } catch (thrown) {
        const isUnknown = thrown instanceof RpcError && thrown.status === 'NOT_FOUND';
        if (!isUnknown) throw logFailure(thrown);
      }
      throw new NovaError(errors.EVENT_NOT_FOUND, { event_id: eventId });
    },
  };
}
