import type { AppendUnit, NewEvent } from '@nova/outbox';
import {
  type PublishEventsRequest,
  PublishEventsRequestSchema,
  type PublishEventsResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import { type MessageInitShape, toBinary } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptBatch } from '../domain/accept-batch.ts';
import { acceptConditions, acceptMode } from '../domain/accept-conditions.ts';
import type { AcceptedEvent } from '../domain/accept-event.ts';
import { appendedOf } from '../domain/append-response.ts';
import { appendToken } from '../domain/consistency-token.ts';
import { invalid, refusalMessage, refused } from '../domain/refusal.ts';
import { checkRequestId, requestIdentity, unitKey } from '../domain/request-key.ts';
import { Violations } from '../domain/violations.ts';
import { arrivalOf, type Dependencies } from './dependencies.ts';
import { eventMessages } from './event-messages.ts';

const METHOD = 'events.EventsService/PublishEvents';

/**
 * The answer repeats the events with up to 3 KiB about each, and clients take 4 MiB: a request that
 * is larger than this as protobuf could be stored without ever being answered.
 */
const MAX_ENCODED_BYTES = 2.5 * 1024 * 1024;
/** As protobuf a payload takes up to 5.5 times its size as JSON: a smaller batch always fits. */
const SURELY_FITS_BYTES = MAX_ENCODED_BYTES / 5.5;

type Response = MessageInitShape<typeof PublishEventsResponseSchema>;

/** Stores a batch: everything or nothing, or in mode EACH every aggregate for itself. */
export function publishEvents(dependencies: Dependencies) {
  const { queue, clock } = dependencies;
  return async (request: PublishEventsRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const { requestId } = request;
    checkRequestId(requestId, 'request_id', violations);
    const key = requestIdentity(call.caller.principal, METHOD, requestId);
    const given = request.events.map((event) => ({ ...event, payload: event.payload ?? {} }));
    const accepted = acceptBatch(given, arrivalOf(call, clock, key), violations);
    checkEncodedSize(request, accepted, violations);
    const conditions = acceptConditions(request.conditions, violations);
    const mode = acceptMode(request.mode, violations);
    if (!violations.none) throw invalid(violations);
    const events = accepted.map(({ event }) => event);
    const unit: AppendUnit = {
      ...unitKey(key, PublishEventsRequestSchema, request),
      conditions,
      mode,
      events,
    };
    const result = await queue.append(unit, call);
    if (result.outcome === 'refused') {
      throw refused(result.refusals, refusedBatch(requestId, events));
    }
    const outcomes = await eventMessages(dependencies.database, events, result);
    return {
      results: outcomes.map((outcome, index) => ({
        outcome:
          outcome.kind === 'refused'
            ? { case: 'refusal', value: refusalMessage(outcome.refusal, index) }
            : { case: 'event', value: outcome.message },
        replayed: outcome.kind === 'appended' && outcome.appended.replayed,
        alias: accepted[index]?.alias ?? '',
      })),
      consistencyToken: appendToken(appendedOf(result.events)),
      replayed: result.replayed,
    };
  };
}

function checkEncodedSize(
  request: PublishEventsRequest,
  accepted: readonly AcceptedEvent[],
  violations: Violations,
): void {
  const bytes = accepted.reduce((sum, { event }) => sum + event.payload.length, 0);
  if (bytes <= SURELY_FITS_BYTES) return;
  const encoded = toBinary(PublishEventsRequestSchema, request).length;
  if (encoded <= MAX_ENCODED_BYTES) return;
  violations.add('events', `must have at most ${MAX_ENCODED_BYTES} bytes as protobuf`);
}

function refusedBatch(requestId: string, events: readonly NewEvent[]) {
  return {
    requestId,
    conditionPath: (index: number) => `conditions[${index}]`,
    eventIdPath: (index: number) => `events[${index}].event_id`,
    eventId: (index: number) => events[index]?.eventId ?? '',
  };
}
