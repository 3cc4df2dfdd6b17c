import type { Condition, SeenAggregate } from '@nova/outbox';

/**
 * What a caller had seen who set these conditions: the events beyond it made them fail, and are
 * what the caller has to fold before it decides again.
 */
export function seenBy(conditions: readonly Condition[]): SeenAggregate[] {
  return conditions.map((condition) => ({
    aggregateType: condition.aggregateType,
    aggregateId: condition.aggregateId,
    eventTypes: condition.kind === 'none_since' ? condition.eventTypes : [],
    version: 'version' in condition ? condition.version : 0n,
  }));
}
