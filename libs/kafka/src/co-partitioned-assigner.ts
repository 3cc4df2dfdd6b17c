import { catalogue, topicOf } from '@nova/events';
import kafkajs, { type PartitionAssigner } from 'kafkajs';
import {
  type Candidate,
  groupTopics,
  type PartitionsByTopic,
  shareOut,
} from './co-partitioning.ts';

/** Name under which members agree on this way of sharing. */
const NAME = 'nova-copartitioned';
const VERSION = 0;
const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/**
 * Shares partitions so that a member gets the same numbers of all topics of an aggregate type: then
 * all events of an aggregate come to one member (see `shareOut`). `owned` is what this member had
 * last; it tells the group when it joins.
 */
export function coPartitionedAssigner(owned: () => PartitionsByTopic): PartitionAssigner {
  const aggregateTypes = new Map(
    catalogue.all().map(({ type, aggregateType }) => [topicOf(type), aggregateType]),
  );
  return ({ cluster }) => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: encodeOwned(owned()) }),
    }),
    assign({ members, topics }) {
      const counts = new Map(
        topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]),
      );
      const groups = groupTopics(counts, (topic) => aggregateTypes.get(topic));
      const shares = shareOut(
        groups,
        members.map(({ memberId, memberMetadata }) => readCandidate(memberId, memberMetadata)),
      );
      return Promise.resolve(
        // Also for members that get nothing: kafkajs stumbles over a missing assignment.
        [...shares].map(([memberId, share]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: VERSION,
            assignment: Object.fromEntries([...share].map(([topic, of]) => [topic, [...of]])),
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
  });
}

function readCandidate(id: string, metadata: Buffer): Candidate {
  const decoded = MemberMetadata.decode(metadata);
  return {
    id,
    topics: new Set(decoded?.topics ?? []),
    owned: decodeOwned(decoded?.userData ?? Buffer.alloc(0)),
  };
}

/** What a member had, as the bytes that travel in its join request. */
export function encodeOwned(owned: PartitionsByTopic): Buffer {
  return Buffer.from(JSON.stringify([...owned]));
}

/** Reads them back; whatever cannot be read counts as nothing, because it is only a preference. */
export function decodeOwned(bytes: Buffer): Map<string, readonly number[]> {
  const owned = new Map<string, readonly number[]>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString());
  } catch {
    return owned;
  }
  const entries: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  for (const entry of entries) {
    const pair: readonly unknown[] = Array.isArray(entry) ? entry : [];
    const [topic, numbers] = pair;
    if (typeof topic !== 'string' || !Array.isArray(numbers)) continue;
    owned.set(
      topic,
      numbers.filter((number): number is number => Number.isInteger(number)),
    );
  }
  return owned;
}
