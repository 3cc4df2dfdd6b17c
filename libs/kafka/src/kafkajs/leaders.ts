import type { Cluster, ProducedTopic } from 'kafkajs';
import { encodeTopics, type Producing } from '../produce/encode-topics.ts';
import { leaderName } from '../produce/leader-name.ts';
import type { Leaders, ProducedPartition } from '../produce/produce-requests.ts';

/** The brokers of a connected client. It learns of a topic when that is first asked for. */
export function leaders(cluster: Cluster, producing: Producing): Leaders {
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
      return leaderName(topic, partition, found);
    },
    refresh: () => cluster.refreshMetadata(),
    async produce(leader, data) {
      const topicData = await encodeTopics(data, producing);
      const broker = await cluster.findBroker({ nodeId: leader });
      const request = { acks: -1, timeout: producing.timeoutMs, topicData };
      return answersOf(await broker.produce(request).then(({ topics }) => topics, topicsOf));
    },
  };
}

// Where a partition failed, the answer is on what is thrown.
function topicsOf(thrown: unknown): readonly ProducedTopic[] {
  if (typeof thrown !== 'object' || thrown === null || !('topics' in thrown)) throw thrown;
  // Only our patch of kafkajs puts topics on an error, and then these.
  return thrown.topics as readonly ProducedTopic[];
}

function answersOf(topics: readonly ProducedTopic[]): readonly ProducedPartition[] {
  return topics.flatMap(({ topicName, partitions }) =>
    partitions.map(({ partition, errorCode, baseOffset, error }) => ({
      topicName,
      partition,
      errorCode,
      baseOffset,
      error,
    })),
  );
}
