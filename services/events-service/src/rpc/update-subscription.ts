import { NovaError } from '@nova/errors';
import type {
  UpdateSubscriptionRequest,
  UpdateSubscriptionResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptChange, checkReason } from '../domain/accept-durable.ts';
import { invalid } from '../domain/refusal.ts';
import { subscriptionMessage } from '../domain/subscription.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import { changeSubscription } from '../storage/subscriptions/kept.ts';
import { standingOf } from '../storage/subscriptions/standing.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof UpdateSubscriptionResponseSchema>;

/** Changes how a subscription hands out, stops it or lets it go on. */
export function updateSubscription({ database, subscriptions }: Dependencies) {
  return async (request: UpdateSubscriptionRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const { name, stopped, reason } = request;
    const change = acceptChange(request, violations);
    checkReason(reason, 'reason', violations);
    if (stopped === true && reason === '') violations.add('reason', 'must say why it is stopped');
    if (!violations.none) throw invalid(violations);
    const by = call.caller.principal;
    const kept = await changeSubscription(database, name, {
      ...change,
      ...(stopped === undefined ? {} : { stopped: stopped ? { by, reason } : null }),
    });
    if (kept === undefined) throw new NovaError(errors.SUBSCRIPTION_UNKNOWN, { name });
    subscriptions.wake(kept.id);
    return { subscription: subscriptionMessage(await standingOf(database, kept)) };
  };
}
