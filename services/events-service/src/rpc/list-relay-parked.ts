import { formatPosition } from '@nova/events';
import { parkedInRelay } from '@nova/outbox';
import type {
  ListRelayParkedRequest,
  ListRelayParkedResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from '../domain/event-time.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';
import { acceptPage, pageAfter } from './page.ts';

const LIST = { method: 'events.EventsService/ListRelayParked', filter: [] };

type Response = MessageInitShape<typeof ListRelayParkedResponseSchema>;

/** Lists the aggregates that the relay has parked, in the order of the log. */
export function listRelayParked({ database, pageTokens }: Dependencies) {
  return async (request: ListRelayParkedRequest): Promise<Response> => {
    const violations = new Violations();
    const page = acceptPage(request, LIST, pageTokens, violations);
    if (!violations.none) throw invalid(violations);
    const found = await parkedInRelay(database, { after: page.cursor ?? 0n, limit: page.size });
    const last = found.length < page.size ? undefined : found.at(-1)?.position.position;
    return {
      aggregates: found.map(({ position, firstFailedAt, failedAt, nextAttemptAt, ...parked }) => ({
        ...parked,
        position: formatPosition(position),
        firstFailedAt: instantOf(firstFailedAt),
        failedAt: instantOf(failedAt),
        nextAttemptAt: instantOf(nextAttemptAt),
      })),
      nextPageToken: last === undefined ? '' : pageAfter(LIST, pageTokens, last),
    };
  };
}
