import type {
  DiscardSubscriptionParkedRequest,
  DiscardSubscriptionParkedResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptParkedSelection } from '../domain/parked-selection.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { discardParked } from '../storage/subscriptions/parked.ts';
import type { Dependencies } from './dependencies.ts';
import { knownSubscription } from './known-subscription.ts';

type Response = MessageInitShape<typeof DiscardSubscriptionParkedResponseSchema>;

/** Goes on without what is parked; the log keeps it. */
export function discardSubscriptionParked({ database, subscriptions }: Dependencies) {
  return async (request: DiscardSubscriptionParkedRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const { subscription, of } = acceptParkedSelection(request.selection, violations);
    if (!violations.none) throw invalid(violations);
    const { id } = await knownSubscription(database, subscription);
    const discarded = await discardParked(database, id, of);
    const by = call.caller.principal;
    call.logger.info(
      { name: subscription, principal: by, count: Number(discarded) },
      'parked events discarded',
    );
    subscriptions.wake(id);
    return { discarded };
  };
}
