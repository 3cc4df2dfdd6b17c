import { formatPosition } from '@nova/events';
import { type Appended, type AppendRefusal, logHead, type UnitResult } from '@nova/outbox';
import type {
  AppendedEventSchema,
  AppendRequest,
  AppendResponseSchema,
  AppendResultSchema,
} from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptBatch } from '../domain/accept-batch.ts';
import { acceptConditions, acceptMode } from '../domain/accept-conditions.ts';
import { acceptKey, parseLogEvent } from '../domain/accept-log-request.ts';
import { appendToken, noChangeToken } from '../domain/consistency-token.ts';
import { instantOf } from '../domain/event-time.ts';
import { invalid, refusalMessage, refused } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { arrivalOf, type Dependencies } from './dependencies.ts';
import { appendedOf } from './event-messages.ts';
import { newerEvents } from './newer-events.ts';

const MAX_REPLY_BYTES = 8 * 1024;

type Response = MessageInitShape<typeof AppendResponseSchema>;

/**
 * Appends what a service decided for its caller. A failed condition is an answer, not an error: it
 * comes with the events that the caller has to fold before it decides again.
 */
export function append(dependencies: Dependencies) {
  const { database, clock } = dependencies;
  return async (request: AppendRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const key = acceptKey(request.key, violations);
    const given = request.events.map((event, index) =>
      parseLogEvent(event, `events[${index}]`, violations),
    );
    const arrival = arrivalOf(call, clock, key);
    const accepted = acceptBatch(given, arrival, violations, { mayBeEmpty: true });
    const conditions = acceptConditions(request.conditions, violations);
    const mode = acceptMode(request.mode, violations);
    if (request.reply.length > MAX_REPLY_BYTES) {
      violations.add('reply', `must have at most ${MAX_REPLY_BYTES} bytes`);
    }
    if (!violations.none) throw invalid(violations);
    const events = accepted.map(({ event }) => event);
    const result = await dependencies.append(
      {
        ...(key === undefined ? {} : { key }),
        ...(request.reply.length === 0 ? {} : { reply: request.reply }),
        conditions,
        mode,
        events,
      },
      call.signal,
    );
    if (result.outcome === 'stored') {
      const token = appendToken(appendedOf(result.events));
      const noChange = async () => noChangeToken(conditions, (await logHead(database)).head);
      return { ...storedResponse(result), consistencyToken: token || (await noChange()) };
    }
    if (result.refusals.some(({ reason }) => reason === 'REQUEST_ID_REUSED')) {
      throw refused(result.refusals, {
        requestId: key?.requestId ?? '',
        requestIdPath: 'key.request_id',
        conditionPath: (index) => `conditions[${index}]`,
        eventIdPath: (index) => `events[${index}].event_id`,
        eventId: (index) => events[index]?.eventId ?? '',
      });
    }
    const failed = new Set(result.refusals.map(({ condition }) => condition));
    const { newer, more } = await newerEvents(
      database,
      conditions.filter((_, index) => failed.has(index)),
    );
    return {
      refusals: result.refusals.map((refusal) => refusalMessage(refusal, refusal.index)),
      newer,
      newerHasMore: more,
    };
  };
}

/** The answer of a stored unit, without its token. */
export function storedResponse(result: Extract<UnitResult, { outcome: 'stored' }>): Response {
  return {
    results: result.events.map(resultMessage),
    replayed: result.replayed,
    ...(result.reply === undefined ? {} : { reply: result.reply }),
  };
}

function resultMessage(
  outcome: Appended | AppendRefusal,
  index: number,
): MessageInitShape<typeof AppendResultSchema> {
  return {
    outcome:
      'position' in outcome
        ? { case: 'appended', value: appendedMessage(outcome) }
        : { case: 'refusal', value: refusalMessage(outcome, index) },
  };
}

function appendedMessage(appended: Appended): MessageInitShape<typeof AppendedEventSchema> {
  return {
    eventId: appended.eventId,
    aggregateType: appended.aggregateType,
    aggregateId: appended.aggregateId,
    aggregateVersion: appended.aggregateVersion,
    typeSequence: appended.typeSequence,
    position: formatPosition(appended.position),
    storedAt: instantOf(appended.storedAt),
    replayed: appended.replayed,
  };
}
