import type { ClusterMetadata } from '@platformatic/kafka';
import { MAX_MESSAGE_BYTES } from '../options.ts';
import type { TopicPartition } from '../seam.ts';
import type { FetchResponse } from './read-partition.ts';

/** Where a fetch of a partition begins. */
export interface FetchPlace extends TopicPartition {
  readonly offset: bigint;
}

/** The request for these partitions, as the client wants it. */
export function requestOf(places: readonly FetchPlace[], metadata: ClusterMetadata) {
  const topics = new Map<string, FetchPlace[]>();
  for (const place of places) topics.set(place.topic, [...(topics.get(place.topic) ?? []), place]);
  return [...topics].map(([topic, of]) => {
    const known = metadata.topics.get(topic);
    return {
      topicId: known?.id ?? '',
      partitions: of.map(({ partition, offset }) => ({
        partition,
        fetchOffset: offset,
        currentLeaderEpoch: known?.partitions[partition]?.leaderEpoch ?? -1,
        lastFetchedEpoch: -1,
        partitionMaxBytes: MAX_MESSAGE_BYTES,
      })),
    };
  });
}

/** What was answered for each partition, with the names of topics in place of their ids. */
export function answersOf(response: FetchResponse | undefined, { topics }: ClusterMetadata) {
  const names = new Map([...topics].map(([name, { id }]) => [id, name]));
  return (response?.responses ?? []).flatMap(({ topicId, partitions }) => {
    const topic = names.get(topicId);
    return topic === undefined ? [] : partitions.map((answer) => ({ topic, answer }));
  });
}

/** The partitions that failed where the others may not have. */
export function failedAnswersOf(thrown: unknown, metadata: ClusterMetadata) {
  const answers = answersOf(responseOf(thrown), metadata);
  return answers.filter(({ answer }) => answer.errorCode !== 0);
}

// The client hangs the whole answer on its error when one partition of it failed.
function responseOf(thrown: unknown): FetchResponse | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('response' in thrown)) return undefined;
  const { response } = thrown;
  const isFetch = typeof response === 'object' && response !== null && 'responses' in response;
  // Only a fetch has `responses`.
  return isFetch ? (response as FetchResponse) : undefined;
}

/** The answer came and makes no sense, such as a compression that nobody knows. */
export function isUnreadable(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return !['PLT_KFK_NETWORK', 'PLT_KFK_RESPONSE', 'PLT_KFK_MULTIPLE'].includes(code);
}
