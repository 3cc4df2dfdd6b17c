import { catalogue, isCanonicalUuid, isEventTypeName, laneOf } from '@nova/events';
import { wrongUse } from '../verb.ts';

/** Which events a person wants to see. */
export interface EventFilter {
  /** Canonical; empty: all. */
  readonly eventTypes: readonly string[];
  readonly aggregateId: string | undefined;
  /** The lane of the aggregate; empty: all. */
  readonly lanes: readonly number[];
}

/**
 * Event types as they are typed (aliases are resolved) and an aggregate.
 *
 * @throws CLI_WRONG_USE naming the nearest type for what no event type can be called.
 */
export function eventFilter(
  types: readonly string[],
  aggregateId: string | undefined,
): EventFilter {
  if (aggregateId !== undefined && !isCanonicalUuid(aggregateId)) {
    throw wrongUse(`--aggregate must be a UUID in lower case with hyphens: ${aggregateId}`);
  }
  const eventTypes = types.map((given) => {
    const found = catalogue.resolve(given);
    if ('eventType' in found) return found.eventType.type;
    // It may be registered: events-service knows, and names the nearest where it is not.
    if (isEventTypeName(given)) return given;
    const hint = found.nearest === undefined ? '' : `, did you mean ${found.nearest}?`;
    throw wrongUse(`unknown event type ${given}${hint}`);
  });
  return {
    eventTypes: [...new Set(eventTypes)],
    aggregateId,
    lanes: aggregateId === undefined ? [] : [laneOf(aggregateId)],
  };
}
