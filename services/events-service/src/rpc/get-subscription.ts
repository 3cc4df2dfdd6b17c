import type {
  GetSubscriptionRequest,
  GetSubscriptionResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { subscriptionMessage } from '../domain/subscription.ts';
import { standingOf } from '../storage/subscriptions/standing.ts';
import type { Dependencies } from './dependencies.ts';
import { knownSubscription } from './known-subscription.ts';

type Response = MessageInitShape<typeof GetSubscriptionResponseSchema>;

/** Answers with a subscription, how far it is and who consumes it. */
export function getSubscription({ database }: Dependencies) {
  return async ({ name }: GetSubscriptionRequest): Promise<Response> => {
    const kept = await knownSubscription(database, name);
    return { subscription: subscriptionMessage(await standingOf(database, kept)) };
  };
}
