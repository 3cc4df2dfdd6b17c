import { NovaError } from '@nova/errors';
import type {
  DeleteSubscriptionRequest,
  DeleteSubscriptionResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { errors } from '../errors.ts';
import { dropSubscription } from '../storage/subscriptions/kept.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof DeleteSubscriptionResponseSchema>;

/** Forgets a subscription; consumers hear of it within a second. */
export function deleteSubscription({ database }: Dependencies) {
  return async ({ name }: DeleteSubscriptionRequest): Promise<Response> => {
    const isGone = await dropSubscription(database, name);
    if (!isGone) throw new NovaError(errors.SUBSCRIPTION_UNKNOWN, { name });
    return {};
  };
}
