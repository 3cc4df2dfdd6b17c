import { NovaError } from '@nova/errors';
import { formatPosition, type LogPosition } from '@nova/events';
import { countMatching, type EventFilter } from '@nova/outbox';
import type {
  ReplayEventsRequest,
  ReplayEventsResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { checkReason, checkSubscriptionName } from '../domain/accept-durable.ts';
import { acceptEventTypes } from '../domain/accept-log-request.ts';
import { invalid } from '../domain/refusal.ts';
import { type KeptSubscription, replayMessage } from '../domain/subscription.ts';
import { identifierProblem } from '../domain/text.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import { keepReplay } from '../storage/subscriptions/replays.ts';
import type { Dependencies } from './dependencies.ts';
import { knownSubscription } from './known-subscription.ts';
import { acceptRange } from './log-range.ts';

const MAX_NAME_BYTES = 255;

type Response = MessageInitShape<typeof ReplayEventsResponseSchema>;

/**
 * Has one subscription get a part of the log once more, or only counts it: nobody else gets anything.
 * What it has not got to yet comes anyway, so the part ends there at the latest.
 */
export function replayEvents(dependencies: Dependencies) {
  const { database, subscriptions, types } = dependencies;
  return async (request: ReplayEventsRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const { subscription: name, reason, aggregateId, dryRun } = request;
    checkSubscriptionName(name, 'subscription', violations);
    checkReason(reason, 'reason', violations);
    if (reason === '' && !dryRun) violations.add('reason', 'must say why');
    const known = await types.know(request.eventTypes);
    const eventTypes = acceptEventTypes(known, request.eventTypes, 'event_types', violations);
    const problem = identifierProblem(aggregateId, MAX_NAME_BYTES);
    if (problem !== undefined) violations.add('aggregate_id', problem);
    const { from, to } = await acceptRange(dependencies, request, violations);
    if (!violations.none) throw invalid(violations);
    const kept = await knownSubscription(database, name);
    const filter = narrowed(kept.filter, eventTypes, aggregateId, violations);
    if (!violations.none) throw invalid(violations);
    const end = endOf(kept, to);
    const range = { from: from.position, to: end.position, filter };
    const counts = await countMatching(database, range);
    const events = [...counts.values()].reduce((sum, count) => sum + count, 0n);
    const said = { reason, requestedBy: call.caller.principal, events };
    if (dryRun) {
      const replay = { ...said, subscription: name, fromPosition: formatPosition(from) };
      return {
        replay: { ...replay, toPosition: formatPosition(end) },
        events: Object.fromEntries(counts),
      };
    }
    const replay = await keepReplay(database, { ...range, ...said, subscriptionId: kept.id });
    if (replay === undefined) throw new NovaError(errors.SUBSCRIPTION_UNKNOWN, { name });
    subscriptions.wake(kept.id);
    return { replay: replayMessage(replay), events: Object.fromEntries(counts) };
  };
}

function endOf({ cursor }: KeptSubscription, to: LogPosition): LogPosition {
  return cursor.position < to.position ? cursor : to;
}

/** What the subscription is for, and of it only what is asked for. */
function narrowed(
  filter: EventFilter,
  eventTypes: readonly string[],
  aggregateId: string,
  violations: Violations,
): EventFilter {
  const strange = eventTypes.filter((type) => filter.eventTypes?.includes(type) === false);
  if (strange.length > 0) {
    violations.add('event_types', `are not those of the subscription: ${strange.join(', ')}`);
  }
  if (aggregateId !== '' && (filter.aggregateId ?? aggregateId) !== aggregateId) {
    violations.add('aggregate_id', 'is not the one that the subscription is for');
  }
  return {
    ...filter,
    ...(eventTypes.length === 0 ? {} : { eventTypes }),
    ...(aggregateId === '' ? {} : { aggregateId }),
  };
}
