import { formatPosition } from '@nova/events';
import { countRange, startRepublish as start } from '@nova/outbox';
import type {
  StartRepublishRequest,
  StartRepublishResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptEventTypes } from '../domain/accept-log-request.ts';
import { invalid } from '../domain/refusal.ts';
import { republishMessage } from '../domain/republish-message.ts';
import { identifierProblem } from '../domain/text.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';
import { acceptRange } from './log-range.ts';

const MAX_REASON_BYTES = 255;

type Response = MessageInitShape<typeof StartRepublishResponseSchema>;

/** Has the relays send a part of the log once more, or only counts it. */
export function startRepublish(dependencies: Dependencies) {
  const { database, types } = dependencies;
  return async (request: StartRepublishRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const known = await types.know(request.eventTypes);
    const eventTypes = acceptEventTypes(known, request.eventTypes, 'event_types', violations);
    const { eventsPerSecond } = request;
    if (eventsPerSecond < 0) violations.add('events_per_second', 'must not be negative');
    const problem = identifierProblem(request.reason, MAX_REASON_BYTES);
    if (problem !== undefined) violations.add('reason', problem);
    const { from, to } = await acceptRange(dependencies, request, violations);
    if (!violations.none) throw invalid(violations);
    const range = { from: from.position, to: to.position, eventTypes };
    const counts = await countRange(database, range);
    const events = [...counts.values()].reduce((sum, count) => sum + count, 0n);
    const reason = request.reason === '' ? 'republish' : request.reason;
    const requestedBy = call.caller.principal;
    const republish = request.dryRun
      ? {
          fromPosition: formatPosition(from),
          toPosition: formatPosition(to),
          eventTypes: [...eventTypes],
          eventsPerSecond,
          reason,
          events,
        }
      : republishMessage(
          await start(database, { ...range, eventsPerSecond, reason, requestedBy, events }),
        );
    return { republish, events: Object.fromEntries(counts) };
  };
}
