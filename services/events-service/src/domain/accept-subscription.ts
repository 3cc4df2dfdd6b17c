import { formatTime, type LogPosition, parsePosition } from '@nova/events';
import type { EventFilter } from '@nova/outbox';
import type { SubscribeToEventsRequest } from '@nova/proto/gen/events/events_service_pb';
import { checkAggregateType } from './accept-conditions.ts';
import { acceptEventTypes } from './accept-log-request.ts';
import { acceptOccurredAt } from './event-time.ts';
import type { KnownTypes } from './known-types.ts';
import { identifierProblem } from './text.ts';
import { fieldPath, type Violations } from './violations.ts';

const MAX_NAME_BYTES = 255;
const MAX_FILTERS = 500;

/** Where a subscription begins. */
export type SubscriptionStart =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'now' }
  | { readonly kind: 'after'; readonly position: LogPosition }
  /** RFC 3339. */
  | { readonly kind: 'time'; readonly time: string };

/**
 * Reads the filters of a subscription; without any it is for all events.
 *
 * @param prefix path of the message with the filters, where that is not the request itself
 */
export function acceptEventFilter(
  types: KnownTypes,
  given: Omit<SubscribeToEventsRequest, '$typeName' | '$unknown' | 'from'>,
  violations: Violations,
  prefix = '',
): EventFilter {
  const { aggregateId, aggregateIdPrefix, tenant } = given;
  const at = (field: string) => fieldPath(prefix, field);
  const eventTypes = few(given.eventTypes, at('event_types'), violations)
    ? acceptEventTypes(types, given.eventTypes, at('event_types'), violations)
    : [];
  if (few(given.aggregateTypes, at('aggregate_types'), violations)) {
    given.aggregateTypes.forEach((type, index) => {
      checkAggregateType(types, type, at(`aggregate_types[${index}]`), violations);
    });
  }
  const texts = { aggregate_id: aggregateId, aggregate_id_prefix: aggregateIdPrefix, tenant };
  for (const [field, text] of Object.entries(texts)) {
    const problem = identifierProblem(text, MAX_NAME_BYTES);
    if (problem !== undefined) violations.add(at(field), problem);
  }
  return {
    ...(eventTypes.length === 0 ? {} : { eventTypes }),
    ...(given.aggregateTypes.length === 0 ? {} : { aggregateTypes: given.aggregateTypes }),
    ...(aggregateId === '' ? {} : { aggregateId }),
    ...(aggregateIdPrefix === '' ? {} : { aggregateIdPrefix }),
    ...(tenant === '' ? {} : { tenant }),
  };
}

/** Reads where a subscription is to begin; without a word about it, now. */
export function acceptStart(
  given: SubscribeToEventsRequest['from'],
  now: Date,
  violations: Violations,
): SubscriptionStart {
  switch (given.case) {
    case undefined:
      return { kind: 'now' };
    case 'beginning':
    case 'now':
      if (!given.value) violations.add(given.case, 'must be true, or another beginning');
      return { kind: given.case };
    case 'position': {
      const position = parsePosition(given.value);
      if (position !== undefined) return { kind: 'after', position };
      violations.add('position', 'must be a position as nova writes it');
      return { kind: 'now' };
    }
    case 'time': {
      const judged = acceptOccurredAt(given.value, now);
      if ('problem' in judged) violations.add('time', judged.problem);
      return { kind: 'time', time: formatTime(given.value) ?? '' };
    }
  }
}

function few(given: readonly string[], field: string, violations: Violations): boolean {
  if (given.length <= MAX_FILTERS) return true;
  violations.add(field, `must be at most ${MAX_FILTERS}`);
  return false;
}
