import { resolve as resolveRequest, type SeenAggregate } from '@nova/outbox';
import type {
  SeenAggregate as GivenSeen,
  ResolveRequest,
  ResolveResponseSchema,
} from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { checkAggregate } from '../domain/accept-conditions.ts';
import { acceptEventTypes, acceptKey } from '../domain/accept-log-request.ts';
import { appendedOf, storedResponse } from '../domain/append-response.ts';
import { appendToken } from '../domain/consistency-token.ts';
import { logEventMessage } from '../domain/event-message.ts';
import type { KnownTypes } from '../domain/known-types.ts';
import { invalid, refused } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

const MAX_SEEN = 500;

type Response = MessageInitShape<typeof ResolveResponseSchema>;

/** Asked before a command is refused: was it done before, or has something happened since? */
export function resolve({ database, types }: Dependencies) {
  return async (request: ResolveRequest): Promise<Response> => {
    const violations = new Violations();
    const key = acceptKey(request.key, violations);
    const known = await types.know(request.seen.flatMap(({ eventTypes }) => eventTypes));
    const seen = acceptSeen(known, request.seen, violations);
    if (!violations.none) throw invalid(violations);
    const { stored, newer, more } = await resolveRequest(database, {
      ...(key === undefined ? {} : { key }),
      seen,
    });
    if (stored?.outcome === 'refused') {
      throw refused(stored.refusals, { requestId: key?.requestId ?? '', keyPath: 'key' });
    }
    if (stored !== undefined) {
      const consistencyToken = appendToken(appendedOf(stored.events));
      return { stored: { ...storedResponse(stored), consistencyToken } };
    }
    return { newer: newer.map((event) => logEventMessage(event)), newerHasMore: more };
  };
}

function acceptSeen(
  types: KnownTypes,
  given: readonly GivenSeen[],
  violations: Violations,
): SeenAggregate[] {
  if (given.length > MAX_SEEN) violations.add('seen', `must be at most ${MAX_SEEN}`);
  return given.slice(0, MAX_SEEN).map((one, index) => {
    const prefix = `seen[${index}]`;
    const { aggregateType, aggregateId, version } = one;
    checkAggregate(types, aggregateType, aggregateId, prefix, violations);
    if (version < 0n) violations.add(`${prefix}.version`, 'must not be negative');
    const field = `${prefix}.event_types`;
    const eventTypes = acceptEventTypes(types, one.eventTypes, field, violations);
    return { aggregateType, aggregateId, eventTypes, version };
  });
}
