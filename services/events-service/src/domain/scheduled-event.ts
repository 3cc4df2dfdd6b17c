import {
  ScheduledEventSchema,
  type ScheduledEvent as ScheduledMessage,
} from '@nova/proto/gen/events/events_service_pb';
import { create, fromBinary, type MessageInitShape, toBinary } from '@nova/proto/runtime';
import { instantOf } from './event-time.ts';

/** An event that waits for its time, as far as answers tell of it. Times in RFC 3339. */
export interface ScheduledEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly source: string;
  readonly notBefore: string;
  readonly expiresAt: string | undefined;
  readonly scheduledAt: string;
  /** Why the log refused it when it was due. */
  readonly refusal: string | undefined;
}

/** An event that waits, for answers. */
export function scheduledMessage(
  event: ScheduledEvent,
): MessageInitShape<typeof ScheduledEventSchema> {
  const { notBefore, expiresAt, scheduledAt, refusal, ...rest } = event;
  return {
    ...rest,
    notBefore: instantOf(notBefore),
    scheduledAt: instantOf(scheduledAt),
    refusal: refusal ?? '',
    ...(expiresAt === undefined ? {} : { expiresAt: instantOf(expiresAt) }),
  };
}

/** What is kept with the stored answer of a request that scheduled an event. */
export function scheduledReply(event: ScheduledEvent): Uint8Array {
  return toBinary(ScheduledEventSchema, create(ScheduledEventSchema, scheduledMessage(event)));
}

/** The other way round. */
export function readScheduledReply(reply: Uint8Array): ScheduledMessage {
  return fromBinary(ScheduledEventSchema, reply);
}
