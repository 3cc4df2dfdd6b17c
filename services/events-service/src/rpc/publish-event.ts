import type { AppendUnit, Condition } from '@nova/outbox';
import {
  type PublishEventRequest,
  PublishEventRequestSchema,
  type PublishEventResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { JsonObject, MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptCondition } from '../domain/accept-conditions.ts';
import { type AcceptedEvent, acceptEvent } from '../domain/accept-event.ts';
import { appendToken } from '../domain/consistency-token.ts';
import { acceptNotBefore, isBefore } from '../domain/event-time.ts';
import type { KnownTypes } from '../domain/known-types.ts';
import { invalid, refused } from '../domain/refusal.ts';
import { checkRequestId, requestIdentity, unitKey } from '../domain/request-key.ts';
import { Violations } from '../domain/violations.ts';
import { arrivalOf, type Dependencies } from './dependencies.ts';
import { eventMessages } from './event-messages.ts';
import { answerOfScheduled, scheduleEvent } from './schedule-event.ts';

const METHOD = 'events.EventsService/PublishEvent';

type Response = MessageInitShape<typeof PublishEventResponseSchema>;

/** Stores one event, or keeps it until its time, and answers after the commit. */
export function publishEvent(dependencies: Dependencies) {
  const { queue, types } = dependencies;
  return async (request: PublishEventRequest, call: Call): Promise<Response> => {
    const given = { ...request, payload: request.payload ?? {} };
    const known = await types.judge([given]);
    const { unit, event, alias, notBefore } = accept(dependencies, known, given, call);
    if (notBefore !== undefined) {
      const { key } = unit;
      const scheduled = await scheduleEvent(dependencies, event, { key, notBefore });
      if (scheduled !== undefined) return { ...scheduled, alias };
    }
    const result = await queue.append(unit, call);
    if (result.outcome === 'refused') {
      throw refused(result.refusals, {
        requestId: request.requestId,
        conditionPath: () => 'condition',
        eventIdPath: () => 'event_id',
        eventId: () => event.eventId,
      });
    }
    const before = answerOfScheduled(result);
    if (before !== undefined) return { ...before, alias };
    const [outcome] = await eventMessages(dependencies.database, [event], result);
    if (outcome === undefined || outcome.kind === 'refused') {
      throw new TypeError('an atomic unit was stored without its event');
    }
    return {
      event: outcome.message,
      consistencyToken: appendToken([outcome.appended]),
      replayed: result.replayed || outcome.appended.replayed,
      alias,
    };
  };
}

function accept(
  { clock }: Dependencies,
  types: KnownTypes,
  request: PublishEventRequest & { readonly payload: JsonObject },
  call: Call,
) {
  const violations = new Violations();
  const { requestId } = request;
  checkRequestId(requestId, 'request_id', violations);
  const key = requestIdentity(call.caller.principal, METHOD, requestId);
  const arrival = arrivalOf(call, clock, types, key);
  const accepted = acceptEvent(request, arrival, { prefix: '', index: 0 }, violations);
  const conditions = conditionOf(types, request, accepted, violations);
  const notBefore = notBeforeOf(request, arrival.now, violations);
  if (accepted === undefined || !violations.none) throw invalid(violations);
  const { event, alias = '' } = accepted;
  const unit: AppendUnit = {
    ...unitKey(key, PublishEventRequestSchema, request),
    conditions,
    mode: 'atomic',
    events: [event],
  };
  return { unit, event, alias, notBefore };
}

/** The time that the event is to wait for; undefined where there is none or it has come. */
function notBeforeOf(
  request: PublishEventRequest,
  now: Date,
  violations: Violations,
): string | undefined {
  const { notBefore, expiresAt, condition } = request;
  if (notBefore === undefined) return undefined;
  if (condition !== undefined) violations.add('condition', 'cannot be given with not_before');
  const judged = acceptNotBefore(notBefore, now);
  if (judged === undefined) return undefined;
  if ('problem' in judged) {
    violations.add('not_before', judged.problem);
    return undefined;
  }
  if (expiresAt !== undefined && !isBefore(notBefore, expiresAt)) {
    violations.add('expires_at', 'must lie after not_before');
  }
  return judged.text;
}

/** The condition, on the event's own aggregate where it names no other. */
function conditionOf(
  types: KnownTypes,
  { condition }: PublishEventRequest,
  accepted: AcceptedEvent | undefined,
  violations: Violations,
): readonly Condition[] {
  if (condition === undefined || accepted === undefined) return [];
  const read = acceptCondition(types, condition, 'condition', violations, accepted.event);
  return read === undefined ? [] : [read];
}
