import { systemClock } from '@nova/time';
import type { Cluster } from 'kafkajs';
import type { Compression } from '../options.ts';
import type { Leaders, PartitionData, TopicData } from './produce-requests.ts';
import { recordBatch } from './record-batch.ts';

/** As whom, and how, records are sent. */
export interface Producing {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly compression: Compression;
  /** How long a broker waits for its in-sync copies. */
  readonly timeoutMs: number;
}

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
      if (found === undefined) return undefined;
      if (found.leader >= 0) return String(found.leader);
      const reason = `partition ${partition} of ${topic} has no leader`;
      throw Object.assign(new Error(reason), { type: 'LEADER_NOT_AVAILABLE' });
    },
    refresh: () => cluster.refreshMetadata(),
    async produce(leader, data) {
      const topicData = await encoded(data, producing);
      const broker = await cluster.findBroker({ nodeId: leader });
      const { topics } = await broker.produce({
        acks: -1,
        timeout: producing.timeoutMs,
        topicData,
      });
      return topics;
    },
  };
}

function encoded(data: TopicData, { compression, ...producer }: Producing) {
  const now = systemClock.now().getTime();
  const encode = async ({ partition, firstSequence, records }: PartitionData) => ({
    partition,
    recordSet: await recordBatch(records, { ...producer, firstSequence }, compression, now),
  });
  return Promise.all(
    data.map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(partitions.map(encode)),
    })),
  );
}
