import { formatPosition } from '@nova/events';
import type { Republish } from '@nova/outbox';
import { type RepublishSchema, RepublishState } from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from './event-time.ts';

const STATES = {
  running: RepublishState.RUNNING,
  done: RepublishState.DONE,
  cancelled: RepublishState.CANCELLED,
};

/** A republish as it is answered. */
export function republishMessage(one: Republish): MessageInitShape<typeof RepublishSchema> {
  return {
    id: one.id,
    state: STATES[one.state],
    fromPosition: formatPosition(one.from),
    toPosition: formatPosition(one.to),
    eventTypes: [...one.eventTypes],
    eventsPerSecond: one.eventsPerSecond,
    reason: one.reason,
    requestedBy: one.requestedBy,
    requestedAt: instantOf(one.requestedAt),
    ...(one.endedAt === undefined ? {} : { endedAt: instantOf(one.endedAt) }),
    events: one.events,
    sent: one.sent,
    refused: one.refused,
    reachedPosition: formatPosition(one.reached),
  };
}
