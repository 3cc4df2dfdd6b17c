import { catalogue, topicOf } from '@nova/events';
import { type Candidate, groupTopics, shareOut } from './co-partitioning.ts';

/** The way of sharing that members agree on; the same whatever driver each of them uses. */
export const ASSIGNMENT = { name: 'nova-copartitioned', version: 0 } as const;

/**
 * Shares the partitions of topics so that a member gets the same numbers of all topics of an
 * aggregate type: then all events of an aggregate come to one member (see `shareOut`).
 */
export function shareTopics(
  counts: ReadonlyMap<string, number>,
  candidates: readonly Candidate[],
): ReturnType<typeof shareOut> {
  const aggregateTypes = new Map(
    catalogue.all().map(({ type, aggregateType }) => [topicOf(type), aggregateType]),
  );
  return shareOut(
    groupTopics(counts, (topic) => aggregateTypes.get(topic)),
    candidates,
  );
}
