import { formatPosition } from '@nova/events';
import type {
  ListSubscriptionParkedRequest,
  ListSubscriptionParkedResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from '../domain/event-time.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { parkedPage } from '../storage/subscriptions/parked.ts';
import type { Dependencies } from './dependencies.ts';
import { knownSubscription } from './known-subscription.ts';
import { acceptPage, pageAfter } from './page.ts';

const METHOD = 'events.EventsService/ListSubscriptionParked';

type Response = MessageInitShape<typeof ListSubscriptionParkedResponseSchema>;

/** Lists what consumers of a subscription could not deal with, in the order of the log. */
export function listSubscriptionParked({ database, pageTokens }: Dependencies) {
  return async (request: ListSubscriptionParkedRequest): Promise<Response> => {
    const violations = new Violations();
    const list = { method: METHOD, filter: [request.subscription] };
    const page = acceptPage(request, list, pageTokens, violations);
    if (!violations.none) throw invalid(violations);
    const { id } = await knownSubscription(database, request.subscription);
    const range = { after: page.cursor ?? 0n, limit: page.size + 1 };
    const found = await parkedPage(database, id, range);
    const shown = found.slice(0, page.size);
    const last = found.length > page.size ? shown.at(-1) : undefined;
    return {
      parked: shown.map(({ position, epoch, parkedAt, ...one }) => ({
        ...one,
        position: formatPosition({ epoch, position }),
        parkedAt: instantOf(parkedAt),
      })),
      nextPageToken: last === undefined ? '' : pageAfter(list, pageTokens, last.position),
    };
  };
}
