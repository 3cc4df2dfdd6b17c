import type { AppendUnit } from '@nova/outbox';
import {
  EventToPublishSchema,
  type PublishEventsRequest,
  PublishEventsRequestSchema,
  type PublishEventsResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import { create, type MessageInitShape, toBinary } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptBatch } from '../domain/accept-batch.ts';
import { acceptConditions, acceptMode } from '../domain/accept-conditions.ts';
import {
  type AcceptedEach,
  acceptEach,
  type RefusalMessage,
  refusedReply,
  refusedThen,
} from '../domain/accept-each.ts';
import type { AcceptedEvent, Arrival, GivenEvent } from '../domain/accept-event.ts';
import { appendedOf } from '../domain/append-response.ts';
import { appendToken } from '../domain/consistency-token.ts';
import { invalid, refusalMessage, refused } from '../domain/refusal.ts';
import { checkRequestId, hasJson, requestIdentity, unitKey } from '../domain/request-key.ts';
import { Violations } from '../domain/violations.ts';
import { arrivalOf, type Dependencies } from './dependencies.ts';
import { type EventOutcome, eventMessages } from './event-messages.ts';

const METHOD = 'events.EventsService/PublishEvents';

/**
 * The answer repeats the events with up to 3 KiB about each, and clients take 4 MiB: a request that
 * is larger than this as protobuf could be stored without ever being answered.
 */
const MAX_ENCODED_BYTES = 2.5 * 1024 * 1024;
/** As protobuf a payload takes up to 5.5 times its size as JSON: a smaller batch always fits. */
const SURELY_FITS_BYTES = MAX_ENCODED_BYTES / 5.5;

type Response = MessageInitShape<typeof PublishEventsResponseSchema>;

/** Stores events in one call: all or none of them, or each aggregate for itself. */
export function publishEvents(dependencies: Dependencies) {
  const { queue, types, clock } = dependencies;
  return async (request: PublishEventsRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const { requestId } = request;
    checkRequestId(requestId, 'request_id', violations);
    const key = requestIdentity(call.caller.principal, METHOD, requestId);
    const mode = acceptMode(request.mode, violations);
    const given = request.events.map((event) => ({ ...event, payload: event.payload ?? {} }));
    const known = await types.judge(given);
    const batch = acceptEvents(given, arrivalOf(call, clock, known, key), mode, violations);
    checkEncodedSize(request, batch.accepted, violations);
    const conditions = acceptConditions(known, request.conditions, violations);
    if (!violations.none) throw invalid(violations);
    const events = batch.accepted.map(({ event }) => event);
    // A condition on an aggregate without events is one on the whole batch: not meant, where there
    // were some.
    const judged = conditions.filter(({ aggregateId }) => !batch.emptied.has(aggregateId));
    const reply = key === undefined ? undefined : refusedReply(batch.refused);
    const unit: AppendUnit = {
      ...unitKey(key, PublishEventsRequestSchema, writable(request, batch.refused)),
      ...(reply === undefined ? {} : { reply }),
      conditions: judged,
      mode,
      events,
    };
    const result = await queue.append(unit, call);
    if (result.outcome === 'refused') {
      throw refused(result.refusals, {
        requestId,
        conditionPath: (index) => `conditions[${placeOf(judged[index], conditions, index)}]`,
        eventIdPath: (index) => `events[${batch.accepted[index]?.index ?? index}].event_id`,
        eventId: (index) => events[index]?.eventId ?? '',
      });
    }
    return {
      results: resultsOf(
        batch,
        result.replayed ? refusedThen(result.reply, batch.refused) : batch.refused,
        await eventMessages(dependencies.database, events, result),
      ),
      consistencyToken: appendToken(appendedOf(result.events)),
      replayed: result.replayed,
    };
  };
}

/** The request with an empty event in place of each refused one that has no JSON form. */
function writable(
  request: PublishEventsRequest,
  refusals: ReadonlyMap<number, unknown>,
): PublishEventsRequest {
  const events = request.events.map((event, index) =>
    refusals.has(index) && !hasJson(EventToPublishSchema, event)
      ? create(EventToPublishSchema)
      : event,
  );
  return { ...request, events };
}

function placeOf<T>(one: T | undefined, among: readonly T[], fallback: number): number {
  return one === undefined ? fallback : among.indexOf(one);
}

function acceptEvents(
  given: readonly GivenEvent[],
  arrival: Arrival,
  mode: AppendUnit['mode'],
  violations: Violations,
): AcceptedEach {
  if (mode === 'each') return acceptEach(given, arrival, violations);
  const accepted = acceptBatch(given, arrival, violations);
  return {
    accepted: accepted.map((one, index) => ({ ...one, index })),
    refused: new Map(),
    emptied: new Set(),
  };
}

/** One result per event of the request: what was refused before the log, and what it answered. */
function resultsOf(
  { accepted, refused: refusedNow }: AcceptedEach,
  refusals: ReadonlyMap<number, RefusalMessage>,
  outcomes: readonly EventOutcome[],
): NonNullable<Response['results']> {
  const size = accepted.length + refusedNow.size;
  const aliases = new Map(accepted.map(({ index, alias }) => [index, alias]));
  const left = outcomes[Symbol.iterator]();
  return Array.from({ length: size }, (_, index) => {
    const alias = aliases.get(index) ?? '';
    const before = refusals.get(index);
    if (before !== undefined)
      return { outcome: { case: 'refusal' as const, value: before }, alias };
    const { value: outcome } = left.next();
    if (outcome === undefined)
      throw new TypeError('the log answered fewer events than it was given');
    if (outcome.kind === 'refused') {
      const value = refusalMessage(outcome.refusal, index);
      return { outcome: { case: 'refusal' as const, value }, alias };
    }
    const { message, appended } = outcome;
    const replayed = appended.replayed;
    return { outcome: { case: 'event' as const, value: message }, replayed, alias };
  });
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
