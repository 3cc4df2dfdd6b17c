import { eventsByType } from '@nova/outbox';
import type {
  GetEventsByTypeRequest,
  GetEventsByTypeResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { resolveType } from '../domain/accept-event.ts';
import { eventMessage } from '../domain/event-message.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';
import { gatherEvents } from './event-page.ts';
import { acceptPage, pageAfter } from './page.ts';

const METHOD = 'events.EventsService/GetEventsByType';

type Response = MessageInitShape<typeof GetEventsByTypeResponseSchema>;

/** Lists the events of one type in the order of the log. */
export function getEventsByType({ database, types, pageTokens }: Dependencies) {
  return async (request: GetEventsByTypeRequest): Promise<Response> => {
    const violations = new Violations();
    const { eventType } = request;
    const known = await types.know([eventType]);
    const type = resolveType(known, eventType, 'event_type', violations)?.eventType.type;
    const list = { method: METHOD, filter: [type ?? request.eventType] };
    const page = acceptPage(request, list, pageTokens, violations);
    if (type === undefined || !violations.none) throw invalid(violations);
    const start = page.cursor ?? 0n;
    const { events, continueAfter } = await gatherEvents(page.size, (after, limit) =>
      eventsByType(database, { eventType: type, after: after?.position.position ?? start, limit }),
    );
    return {
      events: events.map(eventMessage),
      nextPageToken:
        continueAfter === undefined
          ? ''
          : pageAfter(list, pageTokens, continueAfter.position.position),
    };
  };
}
