import { type AppendUnit, logHead, resolve, type UnitResult } from '@nova/outbox';
import type { AppendRequest, AppendResponseSchema } from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptBatch } from '../domain/accept-batch.ts';
import { acceptConditions, acceptMode } from '../domain/accept-conditions.ts';
import type { Arrival, GivenEvent } from '../domain/accept-event.ts';
import { acceptKey, parseLogEvent } from '../domain/accept-log-request.ts';
import { appendedOf, storedResponse } from '../domain/append-response.ts';
import { appendToken, noChangeToken } from '../domain/consistency-token.ts';
import { logEventMessage } from '../domain/event-message.ts';
import { invalid, refusalMessage, refused } from '../domain/refusal.ts';
import { seenBy } from '../domain/seen-aggregates.ts';
import { Violations } from '../domain/violations.ts';
import { arrivalOf, type Dependencies } from './dependencies.ts';

const MAX_REPLY_BYTES = 8 * 1024;

type Response = MessageInitShape<typeof AppendResponseSchema>;

/**
 * Appends what a service decided for its caller. A failed condition is an answer, not an error: it
 * comes with the events that the caller has to fold before it decides again.
 */
export function append(dependencies: Dependencies) {
  const { database, types, clock } = dependencies;
  return async (request: AppendRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const given = request.events.map((event, index) =>
      parseLogEvent(event, `events[${index}]`, violations),
    );
    const known = await types.judge(given);
    const arrivalWith = (key: Arrival['key']) => ({
      ...arrivalOf(call, clock, known, key),
      isFromService: true,
    });
    const unit = acceptUnit(request, given, arrivalWith, violations);
    const result = await dependencies.queue.append(unit, call);
    if (result.outcome === 'refused') return refusalResponse(dependencies, unit, result);
    const token = appendToken(appendedOf(result.events));
    const decidedOn = async () => noChangeToken(unit.conditions, (await logHead(database)).head);
    return { ...storedResponse(result), consistencyToken: token || (await decidedOn()) };
  };
}

function acceptUnit(
  request: AppendRequest,
  given: readonly GivenEvent[],
  arrivalWith: (key: Arrival['key']) => Arrival,
  violations: Violations,
): AppendUnit {
  const key = acceptKey(request.key, violations);
  const arrival = arrivalWith(key);
  const accepted = acceptBatch(given, arrival, violations, { mayBeEmpty: true });
  const conditions = acceptConditions(arrival.types, request.conditions, violations);
  const mode = acceptMode(request.mode, violations);
  if (request.reply.length > MAX_REPLY_BYTES) {
    violations.add('reply', `must have at most ${MAX_REPLY_BYTES} bytes`);
  }
  if (!violations.none) throw invalid(violations);
  return {
    ...(key === undefined ? {} : { key }),
    ...(request.reply.length === 0 ? {} : { reply: request.reply }),
    conditions,
    mode,
    events: accepted.map(({ event }) => event),
  };
}

async function refusalResponse(
  { database }: Dependencies,
  unit: AppendUnit,
  { refusals }: Extract<UnitResult, { outcome: 'refused' }>,
): Promise<Response> {
  if (refusals.some(({ reason }) => reason === 'REQUEST_ID_REUSED')) {
    throw refused(refusals, { requestId: unit.key?.requestId ?? '', keyPath: 'key' });
  }
  const failed = new Set(refusals.map(({ condition }) => condition));
  const seen = seenBy(unit.conditions.filter((_, index) => failed.has(index)));
  const { newer, more } = await resolve(database, { seen });
  return {
    refusals: refusals.map((refusal) => refusalMessage(refusal, refusal.index)),
    newer: newer.map((event) => logEventMessage(event)),
    newerHasMore: more,
  };
}
