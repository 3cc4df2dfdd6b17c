import { aggregateTypesOf, eventsByAggregate } from '@nova/outbox';
import type {
  GetEventsByAggregateRequest,
  GetEventsByAggregateResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { checkAggregate, checkAggregateId } from '../domain/accept-conditions.ts';
import { eventMessage } from '../domain/event-message.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';
import { gatherEvents } from './event-page.ts';
import { acceptPage, pageAfter } from './page.ts';

const METHOD = 'events.EventsService/GetEventsByAggregate';

type Response = MessageInitShape<typeof GetEventsByAggregateResponseSchema>;

/** Lists the events of one aggregate in version order. */
export function getEventsByAggregate(dependencies: Dependencies) {
  const { database, pageTokens } = dependencies;
  return async (request: GetEventsByAggregateRequest): Promise<Response> => {
    const violations = new Violations();
    const { aggregateId, afterVersion } = request;
    if (afterVersion < 0n) violations.add('after_version', 'must not be negative');
    const filter = [request.aggregateType, aggregateId, String(afterVersion)];
    const list = { method: METHOD, filter };
    const page = acceptPage(request, list, pageTokens, violations);
    const aggregateType = await aggregateTypeOf(dependencies, request, violations);
    if (!violations.none) throw invalid(violations);
    if (aggregateType === undefined) return { events: [], nextPageToken: '' };
    const start = page.cursor ?? afterVersion;
    const { events, continueAfter } = await gatherEvents(page.size, (after, limit) =>
      eventsByAggregate(database, {
        aggregateType,
        aggregateId,
        afterVersion: after?.aggregateVersion ?? start,
        limit,
      }),
    );
    return {
      events: events.map(eventMessage),
      nextPageToken:
        continueAfter === undefined
          ? ''
          : pageAfter(list, pageTokens, continueAfter.aggregateVersion),
    };
  };
}

/** The given type, or the only one that the id occurs under; undefined when it occurs nowhere. */
async function aggregateTypeOf(
  { database, types: known }: Dependencies,
  { aggregateType, aggregateId }: GetEventsByAggregateRequest,
  violations: Violations,
): Promise<string | undefined> {
  if (aggregateType !== '') {
    checkAggregate(known.current, aggregateType, aggregateId, '', violations);
    return aggregateType;
  }
  checkAggregateId(aggregateId, '', violations);
  if (!violations.none) return undefined;
  const types = await aggregateTypesOf(database, aggregateId);
  if (types.length > 1) {
    violations.add('aggregate_type', `is required: the id occurs as ${types.join(' and ')}`);
  }
  return types[0];
}
