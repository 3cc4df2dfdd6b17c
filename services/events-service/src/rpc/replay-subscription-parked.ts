import type {
  ReplaySubscriptionParkedRequest,
  ReplaySubscriptionParkedResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptParkedSelection } from '../domain/parked-selection.ts';
import { invalid } from '../domain/refusal.ts';
import { Violations } from '../domain/violations.ts';
import { replayParked } from '../storage/subscriptions/parked.ts';
import type { Dependencies } from './dependencies.ts';
import { knownSubscription } from './known-subscription.ts';

type Response = MessageInitShape<typeof ReplaySubscriptionParkedResponseSchema>;

/** Hands out again what is parked, in order, and what waits behind it. */
export function replaySubscriptionParked({ database, subscriptions }: Dependencies) {
  return async (request: ReplaySubscriptionParkedRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const { subscription, of } = acceptParkedSelection(request.selection, violations);
    if (!violations.none) throw invalid(violations);
    const { id } = await knownSubscription(database, subscription);
    const replayed = await replayParked(database, id, of);
    const by = call.caller.principal;
    call.logger.info(
      { name: subscription, principal: by, count: Number(replayed) },
      'parked events replayed',
    );
    subscriptions.wake(id);
    return { replayed };
  };
}
