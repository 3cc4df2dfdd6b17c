import type {
  ListSubscriptionsRequest,
  ListSubscriptionsResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { invalid } from '../domain/refusal.ts';
import { subscriptionMessage } from '../domain/subscription.ts';
import { Violations } from '../domain/violations.ts';
import { subscriptionPage } from '../storage/subscriptions/kept.ts';
import { standingOf } from '../storage/subscriptions/standing.ts';
import type { Dependencies } from './dependencies.ts';
import { acceptPage, pageAfter } from './page.ts';

const LIST = { method: 'events.EventsService/ListSubscriptions', filter: [] };

type Response = MessageInitShape<typeof ListSubscriptionsResponseSchema>;

/** Lists subscriptions in the order of their creation. */
export function listSubscriptions({ database, pageTokens }: Dependencies) {
  return async (request: ListSubscriptionsRequest): Promise<Response> => {
    const violations = new Violations();
    const page = acceptPage(request, LIST, pageTokens, violations);
    if (!violations.none) throw invalid(violations);
    const range = { after: page.cursor ?? 0n, limit: page.size + 1 };
    const found = await subscriptionPage(database, range);
    const shown = found.slice(0, page.size);
    const last = found.length > page.size ? shown.at(-1) : undefined;
    const subscriptions: ReturnType<typeof subscriptionMessage>[] = [];
    // One after the other: a list must not take all connections of the process.
    for (const kept of shown) {
      subscriptions.push(subscriptionMessage(await standingOf(database, kept)));
    }
    return {
      subscriptions,
      nextPageToken: last === undefined ? '' : pageAfter(LIST, pageTokens, last.id),
    };
  };
}
