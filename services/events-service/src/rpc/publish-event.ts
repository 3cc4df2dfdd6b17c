import type { AppendUnit, Condition } from '@nova/outbox';
import {
  type PublishEventRequest,
  PublishEventRequestSchema,
  type PublishEventResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptCondition } from '../domain/accept-conditions.ts';
import { type AcceptedEvent, acceptEvent } from '../domain/accept-event.ts';
import { appendToken } from '../domain/consistency-token.ts';
import { invalid, refused } from '../domain/refusal.ts';
import { checkRequestId, requestIdentity, unitKey } from '../domain/request-key.ts';
import { Violations } from '../domain/violations.ts';
import { arrivalOf, type Dependencies } from './dependencies.ts';
import { eventMessages } from './event-messages.ts';

const METHOD = 'events.EventsService/PublishEvent';

/** Stores one event and answers after its commit. */
export function publishEvent(dependencies: Dependencies) {
  const { queue, clock } = dependencies;
  return async (
    request: PublishEventRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof PublishEventResponseSchema>> => {
    const violations = new Violations();
    const { principal } = call.caller;
    const { requestId } = request;
    checkRequestId(requestId, 'request_id', violations);
    const key = requestIdentity(principal, METHOD, requestId);
    const arrival = arrivalOf(call, clock, key);
    const accepted = acceptEvent(
      { ...request, payload: request.payload ?? {} },
      arrival,
      { prefix: '', index: 0 },
      violations,
    );
    const conditions = conditionOf(request, accepted, violations);
    if (accepted === undefined || !violations.none) throw invalid(violations);
    const { event, alias } = accepted;
    const unit: AppendUnit = {
      ...unitKey(key, PublishEventRequestSchema, request),
      conditions,
      mode: 'atomic',
      events: [event],
    };
    const result = await queue.append(unit, call);
    if (result.outcome === 'refused') {
      throw refused(result.refusals, {
        requestId,
        conditionPath: () => 'condition',
        eventIdPath: () => 'event_id',
        eventId: () => event.eventId,
      });
    }
    const [outcome] = await eventMessages(dependencies.database, [event], result);
    if (outcome === undefined || outcome.kind === 'refused') {
      throw new TypeError('an atomic unit was stored without its event');
    }
    return {
      event: outcome.message,
      consistencyToken: appendToken([outcome.appended]),
      replayed: result.replayed || outcome.appended.replayed,
      alias: alias ?? '',
    };
  };
}

/** The condition, on the event's own aggregate where it names no other. */
function conditionOf(
  { condition }: PublishEventRequest,
  accepted: AcceptedEvent | undefined,
  violations: Violations,
): readonly Condition[] {
  if (condition === undefined || accepted === undefined) return [];
  const read = acceptCondition(condition, 'condition', violations, accepted.event);
  return read === undefined ? [] : [read];
}
