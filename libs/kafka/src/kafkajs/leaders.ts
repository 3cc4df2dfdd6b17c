import type { Cluster, CompressionTypes } from 'kafkajs';
import type { Leaders } from './produce-requests.ts';

/** As whom, and how, records are sent. */
export interface Producing {
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly compression: CompressionTypes;
  /** How long a broker waits for its in-sync copies. */
  readonly timeoutMs: number;
}

/** The brokers of a connected client. It learns of a topic when that is first asked for. */
export function leaders(
  cluster: Cluster,
  { producerId, producerEpoch, compression, timeoutMs }: Producing,
): Leaders {
  const named = new Map<string, Promise<void>>();
  const know = async (topic: string) => {
    const known = named.get(topic) ?? cluster.addTargetTopic(topic);
    named.set(topic, known);
    try {
      await known;
    } catch (thrown) {
      named.delete(topic);
      throw thrown;
    }
    await cluster.refreshMetadataIfNecessary();
  };
  return {
    async leaderOf(topic, partition) {
      await know(topic);
      const found = cluster
        .findTopicPartitionMetadata(topic)
        .find(({ partitionId }) => partitionId === partition);
      if (found === undefined) return undefined;
      if (found.leader >= 0) return String(found.leader);
      const reason = `partition ${partition} of ${topic} has no leader`;
      throw Object.assign(new Error(reason), { type: 'LEADER_NOT_AVAILABLE' });
    },
    refresh: () => cluster.refreshMetadata(),
    async produce(leader, data) {
      const broker = await cluster.findBroker({ nodeId: leader });
      const { topics } = await broker.produce({
        producerId,
        producerEpoch,
        acks: -1,
        timeout: timeoutMs,
        compression,
        topicData: data,
      });
      return topics;
    },
  };
}
