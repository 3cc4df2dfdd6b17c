import type {
  ListScheduledEventsRequest,
  ListScheduledEventsResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { resolveType } from '../domain/accept-event.ts';
import { invalid } from '../domain/refusal.ts';
import { scheduledMessage } from '../domain/scheduled-event.ts';
import { Violations } from '../domain/violations.ts';
import { type ScheduledCursor, scheduledPage } from '../storage/scheduled-events.ts';
import type { Dependencies } from './dependencies.ts';
import { acceptPage, pageAfter } from './page.ts';

const METHOD = 'events.EventsService/ListScheduledEvents';
/** A page token holds one number: the time, and below it as many bits as an order may have. */
const ORDINAL_BITS = 63n;

type Response = MessageInitShape<typeof ListScheduledEventsResponseSchema>;

/** Lists what waits, soonest first, and what the log refused when it was due. */
export function listScheduledEvents({ database, types, pageTokens }: Dependencies) {
  return async (request: ListScheduledEventsRequest): Promise<Response> => {
    const violations = new Violations();
    const given = request.eventType;
    const known = await types.know(given === '' ? [] : [given]);
    const eventType =
      given === ''
        ? undefined
        : resolveType(known, given, 'event_type', violations)?.eventType.type;
    const list = { method: METHOD, filter: [eventType ?? given] };
    const page = acceptPage(request, list, pageTokens, violations);
    if (!violations.none) throw invalid(violations);
    const after = page.cursor === undefined ? undefined : cursorOf(page.cursor);
    const found = await scheduledPage(database, { eventType, after, limit: page.size + 1 });
    const events = found.slice(0, page.size);
    const last = found.length > page.size ? events.at(-1) : undefined;
    return {
      events: events.map(({ event }) => scheduledMessage(event)),
      nextPageToken: last === undefined ? '' : pageAfter(list, pageTokens, numberOf(last.cursor)),
    };
  };
}

function numberOf({ micros, ordinal }: ScheduledCursor): bigint {
  return (micros << ORDINAL_BITS) | ordinal;
}

function cursorOf(number: bigint): ScheduledCursor {
  return { micros: number >> ORDINAL_BITS, ordinal: BigInt.asUintN(Number(ORDINAL_BITS), number) };
}
