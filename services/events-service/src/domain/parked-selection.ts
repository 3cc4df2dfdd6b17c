import type { ParkedSelection } from '@nova/proto/gen/events/subscriptions_pb';
import { checkSubscriptionName } from './accept-durable.ts';
import { identifierProblem } from './text.ts';
import type { Violations } from './violations.ts';

const MAX_NAME_BYTES = 255;

/** Which parked events of a subscription are meant; undefined `of` = all of them. */
export interface ParkedAsked {
  readonly subscription: string;
  readonly of: { readonly aggregateType: string; readonly aggregateId: string } | undefined;
}

/** Reads which parked events are meant. */
export function acceptParkedSelection(
  given: ParkedSelection | undefined,
  violations: Violations,
): ParkedAsked {
  const { subscription = '', aggregateType = '', aggregateId = '' } = given ?? {};
  checkSubscriptionName(subscription, 'selection.subscription', violations);
  const names = { aggregate_type: aggregateType, aggregate_id: aggregateId };
  for (const [field, name] of Object.entries(names)) {
    const problem = identifierProblem(name, MAX_NAME_BYTES);
    if (problem !== undefined) violations.add(`selection.${field}`, problem);
  }
  if (aggregateType === '' && aggregateId === '') return { subscription, of: undefined };
  if (aggregateType === '') violations.add('selection.aggregate_type', 'is required with an id');
  if (aggregateId === '') violations.add('selection.aggregate_id', 'is required with a type');
  return { subscription, of: { aggregateType, aggregateId } };
}
