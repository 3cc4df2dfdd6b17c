import kafkajs, { type PartitionAssigner } from 'kafkajs';
import type { Candidate } from '../co-partitioning.ts';
import type { Membership } from '../driver.ts';
import { decodeOwned, encodeOwned } from '../owned-partitions.ts';
import { ASSIGNMENT, shareTopics } from '../share-topics.ts';

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/** Shares partitions by `shareTopics`, in the shape of kafkajs. */
export function coPartitionedAssigner(membership: Membership): PartitionAssigner {
  const { name, version } = ASSIGNMENT;
  return ({ cluster }) => ({
    name,
    version,
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({
        version,
        topics,
        userData: encodeOwned(membership.owned()),
      }),
    }),
    assign({ members, topics }) {
      const counts = new Map(
        topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]),
      );
      const shares = shareTopics(
        counts,
        members.map(({ memberId, memberMetadata }) => readCandidate(memberId, memberMetadata)),
      );
      return Promise.resolve(
        // Also for members that get nothing: kafkajs stumbles over a missing assignment.
        [...shares].map(([memberId, share]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version,
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
